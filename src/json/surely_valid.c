/*
 * surely_valid: whether a text is JSON (RFC 8259), seen without making a value
 * of it.
 *
 * Laws of this file:
 * - yes is certain: what it accepts, every JSON library accepts. No only means
 *   that another one has to look: deep nesting, halves of surrogate pairs and
 *   bytes that are not UTF-8 are left to it;
 * - no memory is taken, and each byte is looked at once.
 */
#include "json/surely_valid.h"

#include <stdint.h>
#include <string.h>

#include "base/compat.h"
#include "core.h"

#define DEPTH 64 /* bits of `objects` */

struct reader {
  const char *p; /* the text ends with Lua's NUL, which no rule takes */
  const char *end;
  bool utf8; /* the text is UTF-8 for certain */
};

static void pass_space(struct reader *r)
{
  while (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t') {
    r->p++;
  }
}

static bool is_digit(char c)
{
  return c >= '0' && c <= '9';
}

static bool pass_digits(struct reader *r)
{
  const char *start = r->p;
  while (is_digit(*r->p)) {
    r->p++;
  }
  return r->p > start;
}

static bool pass_number(struct reader *r)
{
  r->p += *r->p == '-';
  if (*r->p == '0') {
    r->p++;
  } else if (!pass_digits(r)) {
    return false;
  }
  if (*r->p == '.') {
    r->p++;
    if (!pass_digits(r)) {
      return false;
    }
  }
  if (*r->p == 'e' || *r->p == 'E') {
    r->p++;
    r->p += *r->p == '-' || *r->p == '+';
    return pass_digits(r);
  }
  return true;
}

static bool is_hex(char c)
{
  return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

/* After a backslash. */
static bool pass_escape(struct reader *r)
{
  if (*r->p == 'u') {
    const char *hex = r->p + 1;
    for (int i = 0; i < 4; i++) {
      if (!is_hex(hex[i])) {
        return false;
      }
    }
    r->p += 5;
    return (hex[0] | 32) != 'd' || hex[1] < '8'; /* no surrogate */
  }
  return *r->p != '\0' && strchr("\"\\/bfnrt", *r->p++) != NULL;
}

/* The quote is at p. Of bytes that are not ASCII another one judges. */
static bool pass_string(struct reader *r)
{
  r->p++;
  while (*r->p != '"') {
    unsigned char c = (unsigned char)*r->p++;
    if (c == '\\' ? !pass_escape(r)
                  : c < 32 || (c > 126 && (c == 127 || !r->utf8))) {
      return false;
    }
  }
  r->p++;
  return true;
}

static bool pass_word(struct reader *r, const char *word)
{
  size_t len = strlen(word);
  bool same = strncmp(r->p, word, len) == 0;
  r->p += same ? len : 0;
  return same;
}

/* A value that is no table. */
static bool pass_scalar(struct reader *r)
{
  switch (*r->p) {
  case '"':
    return pass_string(r);
  case 't':
    return pass_word(r, "true");
  case 'f':
    return pass_word(r, "false");
  case 'n':
    return pass_word(r, "null");
  default:
    return pass_number(r);
  }
}

/* The name of a member and its colon. */
static bool pass_name(struct reader *r)
{
  pass_space(r);
  if (*r->p != '"' || !pass_string(r)) {
    return false;
  }
  pass_space(r);
  return *r->p++ == ':';
}

/* What has been entered: bit 0 is set where the innermost is an object. */
struct nesting {
  uint64_t objects;
  int depth;
};

/* Enters an object or array. *entered: it has members. */
static bool enter(struct reader *r, struct nesting *in, bool *entered)
{
  bool object = *r->p++ == '{';
  pass_space(r);
  if (*r->p == (object ? '}' : ']')) {
    r->p++;
    *entered = false;
    return true;
  }
  *entered = true;
  in->objects = in->objects << 1 | object;
  return in->depth++ < DEPTH && (!object || pass_name(r));
}

/* After a value: passes the ends of what it is the last of. *more: another
 * value follows. */
static bool follow(struct reader *r, struct nesting *in, bool *more)
{
  for (;;) {
    pass_space(r);
    *more = false;
    if (in->depth == 0) {
      return r->p == r->end;
    }
    bool object = (in->objects & 1) != 0;
    char c = *r->p++;
    if (c == ',') {
      *more = true;
      return !object || pass_name(r);
    } else if (c != (object ? '}' : ']')) {
      return false;
    }
    in->objects >>= 1;
    in->depth--;
  }
}

static bool is_json(struct reader *r)
{
  struct nesting in = {.depth = 0};
  bool more = true;
  while (more) {
    pass_space(r);
    bool entered = false;
    if (*r->p == '{' || *r->p == '[') {
      if (!enter(r, &in, &entered)) {
        return false;
      }
    } else if (!pass_scalar(r)) {
      return false;
    }
    if (!entered && !follow(r, &in, &more)) {
      return false;
    }
  }
  return true;
}

bool eq_surely_valid(const char *text, size_t len, bool utf8)
{
  struct reader r = {.p = text, .end = text + len, .utf8 = utf8};
  return is_json(&r);
}

/* core.surely_valid(text) -> whether it is JSON for certain */
static int l_surely_valid(lua_State *L)
{
  size_t len;
  const char *text = luaL_checklstring(L, 1, &len);
  lua_pushboolean(L, eq_surely_valid(text, len, false));
  return 1;
}

int eq_open_surely_valid(lua_State *L)
{
  static const luaL_Reg functions[] = {{"surely_valid", l_surely_valid},
                                       {NULL, NULL}};
  eq_newlib(L, functions);
  return 1;
}
