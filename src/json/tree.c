/*
 * tree: JSON as capability/json_tree reads it, each value with its place.
 *
 * Laws of this file:
 * - it makes the tree that the reader in Lua makes, or none: for what is wrong
 *   or too much, that one says what it is and where. So nothing here has a
 *   message;
 * - the text was seen to be JSON before the first value is made, so it is read
 *   without another look; what ends it is always in it;
 * - all memory is Lua's, and a value is in its table before the next is read.
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/compat.h"
#include "core.h"
#include "json/surely_valid.h"

enum { SLOTS = 12 }; /* of the stack, for one value and its members */

struct reader {
  lua_State *L;
  const char *p;
  const char *line_start;
  lua_Integer line;
  lua_Integer tails; /* bytes of this line that begin no character */
  lua_Integer nodes; /* values that there may still be */
  lua_Integer parts; /* of one map or list, at most */
  int depth;         /* at most */
};

struct place {
  lua_Integer line;
  lua_Integer column; /* in characters */
};

static void pass_space(struct reader *r)
{
  while (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t') {
    if (*r->p++ == '\n') {
      r->line++;
      r->line_start = r->p;
      r->tails = 0;
    }
  }
}

static struct place place_of(const struct reader *r)
{
  return (struct place){r->line, r->p - r->line_start + 1 - r->tails};
}

/* Text ------------------------------------------------------------------- */

static unsigned int hex_of(const char *digits)
{
  unsigned int code = 0;
  for (int i = 0; i < 4; i++) {
    unsigned char c = (unsigned char)digits[i];
    code = code * 16 + (c & 15U) + (c > '9' ? 9U : 0U);
  }
  return code;
}

/* The character of \uXXXX, which is no half of a surrogate pair. */
static void add_utf8(luaL_Buffer *b, unsigned int code)
{
  if (code < 0x80) {
    luaL_addchar(b, (char)code);
  } else if (code < 0x800) {
    luaL_addchar(b, (char)(0xC0 | code >> 6));
    luaL_addchar(b, (char)(0x80 | (code & 0x3F)));
  } else {
    luaL_addchar(b, (char)(0xE0 | code >> 12));
    luaL_addchar(b, (char)(0x80 | (code >> 6 & 0x3F)));
    luaL_addchar(b, (char)(0x80 | (code & 0x3F)));
  }
}

/* After a backslash; false: it is a control character, and none of a text. */
static bool add_escape(luaL_Buffer *b, const char **p)
{
  static const char names[] = "\"\\/nrt", bytes[] = "\"\\/\n\r\t";
  char c = *(*p)++;
  if (c != 'u') {
    const char *name = strchr(names, c);
    if (name != NULL) {
      luaL_addchar(b, bytes[name - names]);
    }
    return name != NULL;
  }
  unsigned int code = hex_of(*p);
  *p += 4;
  add_utf8(b, code);
  return code >= 32 ? code != 127 : code == 9 || code == 10 || code == 13;
}

/* Pushes a text with escapes. */
static bool push_unescaped(lua_State *L, const char *p, const char *end)
{
  luaL_Buffer b;
  bool fine = true;
  luaL_buffinit(L, &b);
  while (p < end && fine) {
    if (*p != '\\') {
      luaL_addchar(&b, *p++);
    } else {
      p++;
      fine = add_escape(&b, &p);
    }
  }
  luaL_pushresult(&b);
  return fine;
}

/* The quote is at p: pushes the text and passes it. */
static bool push_string(struct reader *r)
{
  const char *start = ++r->p;
  bool escaped = false;
  for (; *r->p != '"'; r->p++) {
    if (*r->p == '\\') {
      escaped = true;
      r->p++;
    }
    r->tails += ((unsigned char)*r->p & 0xC0) == 0x80;
  }
  const char *end = r->p++;
  if (escaped) {
    return push_unescaped(r->L, start, end);
  }
  lua_pushlstring(r->L, start, (size_t)(end - start));
  return true;
}

/* A number, true, false or null, as it stands there. */
static void push_word(struct reader *r)
{
  size_t len = strcspn(r->p, ",]} \t\r\n");
  lua_pushlstring(r->L, r->p, len);
  r->p += len;
}

/* Nodes ------------------------------------------------------------------ */

static void set_place(lua_State *L, struct place at)
{
  lua_pushinteger(L, at.line);
  lua_setfield(L, -2, "line");
  lua_pushinteger(L, at.column);
  lua_setfield(L, -2, "column");
}

/* Pushes a node with room for all that any has. */
static void push_node(lua_State *L, const char *kind, struct place at)
{
  lua_createtable(L, 0, 6);
  lua_pushstring(L, kind);
  lua_setfield(L, -2, "kind");
  set_place(L, at);
}

/* [text] -> [node] */
static void text_node(lua_State *L, bool plain, struct place at)
{
  push_node(L, "text", at);
  lua_insert(L, -2);
  lua_setfield(L, -2, "text");
  lua_pushboolean(L, plain);
  lua_setfield(L, -2, "plain");
}

static bool push_value(struct reader *r, int depth, struct place at);

/* Whether there are more parts; passes the comma or the end. */
static bool has_more(struct reader *r)
{
  pass_space(r);
  return *r->p++ == ',';
}

/* [map, pairs, by]: reads a member into them. */
static bool read_member(struct reader *r, int depth, int i)
{
  lua_State *L = r->L;
  pass_space(r);
  struct place at = place_of(r);
  if (!push_string(r)) {
    return false;
  }
  lua_pushvalue(L, -1); /* [map, pairs, by, name, name] */
  lua_rawget(L, -3);
  if (!lua_isnil(L, -1)) {
    return false;
  }
  lua_pop(L, 1);
  pass_space(r);
  r->p++; /* the colon */
  pass_space(r);
  if (!push_value(r, depth, at)) { /* [map, pairs, by, name, node] */
    return false;
  }
  lua_pushvalue(L, -2);
  lua_setfield(L, -2, "name");
  lua_pushvalue(L, -1);
  lua_rawseti(L, -5, i);
  lua_rawset(L, -3);
  return true;
}

static bool push_map(struct reader *r, int depth, struct place at)
{
  lua_State *L = r->L;
  push_node(L, "map", at);
  lua_createtable(L, 6, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "pairs");
  lua_createtable(L, 0, 6);
  lua_pushvalue(L, -1);
  lua_setfield(L, -4, "by");
  r->p++;
  pass_space(r);
  if (*r->p == '}') {
    r->p++;
  } else {
    int i = 0;
    do {
      if (++i > r->parts || !read_member(r, depth + 1, i)) {
        return false;
      }
    } while (has_more(r));
  }
  lua_pop(L, 2);
  return true;
}

static bool push_list(struct reader *r, int depth, struct place at)
{
  lua_State *L = r->L;
  push_node(L, "list", at);
  lua_createtable(L, 2, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "items");
  r->p++;
  pass_space(r);
  if (*r->p == ']') {
    r->p++;
  } else {
    int i = 0;
    do {
      pass_space(r);
      if (++i > r->parts || !push_value(r, depth + 1, place_of(r))) {
        return false;
      }
      lua_rawseti(L, -2, i);
    } while (has_more(r));
  }
  lua_pop(L, 1);
  return true;
}

/* Pushes the node of the value at p, under the place that it is to have. */
static bool push_value(struct reader *r, int depth, struct place at)
{
  if (depth > r->depth || r->nodes-- <= 0) {
    return false;
  }
  luaL_checkstack(r->L, SLOTS, NULL);
  switch (*r->p) {
  case '{':
    return push_map(r, depth, at);
  case '[':
    return push_list(r, depth, at);
  case '"':
    if (!push_string(r)) {
      return false;
    }
    text_node(r->L, false, at);
    return true;
  default:
    push_word(r);
    text_node(r->L, true, at);
    return true;
  }
}

/* core.json_tree(text, depth, nodes, parts) -> node, or nil */
static int l_json_tree(lua_State *L)
{
  size_t len;
  const char *text = luaL_checklstring(L, 1, &len);
  struct reader r = {.L = L, .p = text, .line_start = text, .line = 1};
  lua_Integer depth = luaL_checkinteger(L, 2);
  r.depth = depth < 64 ? (int)depth : 64; /* what surely_valid takes */
  r.nodes = luaL_checkinteger(L, 3);
  r.parts = luaL_checkinteger(L, 4);
  if (!eq_surely_valid(text, len, true)) {
    return 0;
  }
  pass_space(&r);
  return push_value(&r, 1, place_of(&r)) ? 1 : 0;
}

int eq_open_tree(lua_State *L)
{
  static const luaL_Reg functions[] = {{"json_tree", l_json_tree},
                                       {NULL, NULL}};
  eq_newlib(L, functions);
  return 1;
}
