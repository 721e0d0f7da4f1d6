/*
 * scan: the laws are in scan.h.
 */
#include "json/scan.h"

#include <stdint.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* The first quote or backslash at p or after it; at the latest `end`, where
 * Lua's NUL stands. Half of the time of a scan is spent here. */
static inline const char *quote_or_escape(const char *p, const char *end)
{
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i escape = _mm_set1_epi8('\\');
  for (; end - p >= 16; p += 16) {
    __m128i bytes;
    memcpy(&bytes, p, sizeof bytes);
    int hits = _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote),
                                              _mm_cmpeq_epi8(bytes, escape)));
    if (hits != 0) {
      return p + __builtin_ctz((unsigned)hits);
    }
  }
#else
  const uint64_t ones = UINT64_MAX / 255;
  for (; end - p >= 8; p += 8) {
    uint64_t word;
    memcpy(&word, p, sizeof word);
    uint64_t quotes = word ^ (ones * '"');
    uint64_t escapes = word ^ (ones * '\\');
    uint64_t hits =
        ((quotes - ones) & ~quotes) | ((escapes - ones) & ~escapes);
    if ((hits & (ones * 128)) != 0) {
      break;
    }
  }
#endif
  while (p < end && *p != '"' && *p != '\\') {
    p++;
  }
  return p;
}

/* A string, whose quote is at p. */
static inline bool pass_string(struct eq_scan *scan)
{
  struct eq_scan_name *last = &scan->last;
  const char *p = scan->p + 1;
  last->text = p;
  last->escaped = false;
  p = quote_or_escape(p, scan->end);
  while (p < scan->end && *p == '\\') {
    last->escaped = true;
    p = p + 1 < scan->end ? quote_or_escape(p + 2, scan->end) : scan->end;
  }
  if (p >= scan->end) {
    return false;
  }
  last->len = (size_t)(p - last->text);
  scan->p = p + 1;
  return true;
}

static bool is_number_start(char c)
{
  return c == '-' || (c >= '0' && c <= '9');
}

static void pass_number(struct eq_scan *scan)
{
  const char *p = scan->p + 1;
  while ((*p >= '0' && *p <= '9') || *p == '.' || *p == 'e' || *p == 'E' ||
         *p == '-' || *p == '+') {
    p++;
  }
  scan->token = scan->p;
  scan->token_len = (size_t)(p - scan->p);
  scan->p = p;
}

/* An object or an array begins at p. */
static enum eq_scan_event enter(struct eq_scan *scan)
{
  if (scan->depth >= EQ_SCAN_DEPTH) {
    return EQ_SCAN_UNKNOWN;
  }
  struct eq_scan_frame *frame = &scan->frames[scan->depth];
  frame->object = *scan->p == '{';
  frame->at = 1;
  frame->strings = false;
  frame->name.text = NULL;
  if (scan->depth > 0) {
    const struct eq_scan_frame *around = frame - 1;
    if (around->object) {
      frame->name = scan->last;
    } else {
      frame->index = around->at;
    }
  }
  scan->depth++;
  scan->p++;
  if (!frame->object) {
    return EQ_SCAN_ARRAY;
  }
  return *scan->p == '}' ? EQ_SCAN_EMPTY : EQ_SCAN_END;
}

static bool leave(struct eq_scan *scan)
{
  if (scan->depth == 0) {
    return false;
  }
  if (scan->held == scan->depth) {
    lua_pop(scan->L, 1);
    scan->held--;
  }
  scan->depth--;
  scan->p++;
  return true;
}

/* After a string: whether it is a name that may be a number. */
static bool is_number_name(const struct eq_scan *scan)
{
  return *scan->p == ':' && !scan->only_numbers &&
         is_number_start(scan->last.text[0]);
}

void eq_scan_begin(struct eq_scan *scan, lua_State *L, int value, int text,
                   int decode, bool only_numbers)
{
  luaL_checkstack(L, EQ_SCAN_STACK, "no room to read JSON");
  size_t len;
  const char *start = lua_tolstring(L, text, &len);
  scan->L = L;
  scan->text = scan->p = start;
  scan->end = start + len;
  scan->value = value;
  scan->decode = decode;
  scan->names = lua_gettop(L) + 1;
  scan->depth = scan->held = 0;
  scan->only_numbers = only_numbers;
  scan->last = (struct eq_scan_name){.text = NULL};
  for (int i = 0; i < EQ_SCAN_NAMES; i++) {
    scan->kept[i].text = NULL;
    lua_pushnil(L);
  }
}

enum eq_scan_event eq_scan_next(struct eq_scan *scan)
{
  for (;;) {
    char c = *scan->p;
    if (c == '"') {
      if (!pass_string(scan)) {
        return EQ_SCAN_UNKNOWN;
      } else if (is_number_name(scan)) {
        return EQ_SCAN_NUMBER_NAME;
      } else if (*scan->p == ':') {
        scan->p++;
      }
    } else if (c == ',') {
      if (scan->depth == 0) {
        return EQ_SCAN_UNKNOWN;
      }
      scan->frames[scan->depth - 1].at++;
      scan->p++;
    } else if (is_number_start(c)) {
      pass_number(scan);
      return EQ_SCAN_NUMBER;
    } else if (c == '{' || c == '[') {
      enum eq_scan_event event = enter(scan);
      if (event == EQ_SCAN_UNKNOWN ||
          (event != EQ_SCAN_END && !scan->only_numbers)) {
        return event;
      }
    } else if (c == '}' || c == ']') {
      if (!leave(scan)) {
        return EQ_SCAN_UNKNOWN;
      }
    } else if (c == '\0') { /* the library reads no further */
      return scan->depth == 0 ? EQ_SCAN_END : EQ_SCAN_UNKNOWN;
    } else {
      scan->p++;
    }
  }
}

/* Where a name is kept. */
static size_t place_of(const struct eq_scan_name *name)
{
  uint32_t mixed = (uint32_t)name->len;
  if (mixed > 0) {
    mixed = mixed * 31 + (unsigned char)name->text[0];
    mixed = mixed * 31 + (unsigned char)name->text[name->len / 2];
    mixed = mixed * 31 + (unsigned char)name->text[name->len - 1];
  }
  return (mixed * UINT32_C(2654435761) >> 16) % EQ_SCAN_NAMES;
}

/* Pushes the string that a name stands for. Most names come again and again,
 * and a string on the stack costs less than to find it in Lua's table. */
static void push_name(struct eq_scan *scan, const struct eq_scan_name *name)
{
  lua_State *L = scan->L;
  if (name->escaped) {
    lua_pushvalue(L, scan->decode);
    lua_pushlstring(L, name->text - 1, name->len + 2); /* with its quotes */
    lua_call(L, 1, 1);
    return;
  }
  size_t i = place_of(name);
  int slot = scan->names + (int)i;
  struct eq_scan_name *kept = &scan->kept[i];
  if (kept->text != NULL && kept->len == name->len &&
      memcmp(kept->text, name->text, name->len) == 0) {
    lua_pushvalue(L, slot);
    return;
  }
  lua_pushlstring(L, name->text, name->len);
  lua_pushvalue(L, -1);
  lua_replace(L, slot);
  *kept = *name;
}

bool eq_scan_hold(struct eq_scan *scan)
{
  lua_State *L = scan->L;
  while (scan->held < scan->depth) {
    const struct eq_scan_frame *frame = &scan->frames[scan->held];
    if (scan->held == 0) {
      lua_pushvalue(L, scan->value);
    } else if (frame->name.text != NULL) {
      push_name(scan, &frame->name);
      lua_rawget(L, -2);
    } else {
      lua_rawgeti(L, -1, frame->index);
    }
    if (lua_type(L, -1) != LUA_TTABLE) {
      lua_pop(L, 1);
      return false;
    }
    scan->held++;
  }
  return scan->depth > 0;
}

void eq_scan_push_key(struct eq_scan *scan)
{
  const struct eq_scan_frame *frame = &scan->frames[scan->depth - 1];
  if (frame->object) {
    push_name(scan, &scan->last);
  } else {
    lua_pushinteger(scan->L, frame->at);
  }
}
