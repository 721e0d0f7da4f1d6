/*
 * scan: the text of a value, read beside the tables of that value.
 *
 * Laws of this file:
 * - it reads what the JSON library has read or written, so the text is valid;
 *   whatever it does not understand ends the scan, and nothing is guessed;
 * - the text only says where to look: what counts is what is found in the
 *   tables. A text that does not belong to them does no harm;
 * - no metamethod runs, and all memory is Lua's.
 */
#ifndef EQ_JSON_SCAN_H
#define EQ_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compat.h"

enum eq_scan_limits {
  EQ_SCAN_DEPTH = 64, /* tables in tables */
  EQ_SCAN_NAMES = 32, /* names kept as Lua strings; a power of 2 */
  EQ_SCAN_STACK = EQ_SCAN_DEPTH + EQ_SCAN_NAMES + 8
};

enum eq_scan_event {
  EQ_SCAN_END,
  EQ_SCAN_UNKNOWN,     /* can't be read by this scan */
  EQ_SCAN_NUMBER,      /* a number; `token` and `token_len` are its text */
  EQ_SCAN_ARRAY,       /* an array begins */
  EQ_SCAN_EMPTY,       /* {} begins */
  EQ_SCAN_NUMBER_NAME, /* a name in an object that may be a number */
};

/* A piece of the text: a name without its quotes. */
struct eq_scan_name {
  const char *text; /* borrowed; NULL: there is none */
  size_t len;
  bool escaped; /* a backslash is in it */
};

struct eq_scan_frame {
  struct eq_scan_name name; /* in the object around it */
  int index;                /* in the array around it */
  int at;                   /* the place in it, from 1 */
  bool object;
  bool strings; /* for the caller: its names are strings; false at first */
};

struct eq_scan {
  lua_State *L;
  const char *text; /* borrowed, NUL-terminated */
  const char *p;
  const char *end;
  const char *token; /* the last number */
  size_t token_len;
  int value;  /* stack index: the value */
  int decode; /* stack index: the function that reads a quoted string */
  int names;  /* stack index: the first of the names kept */
  int depth;
  int held; /* so many of the tables around are on the stack */
  bool only_numbers;
  struct eq_scan_name last; /* the last string */
  struct eq_scan_name kept[EQ_SCAN_NAMES];
  struct eq_scan_frame frames[EQ_SCAN_DEPTH];
};

/*
 * Begins. `value`, `text` (a string) and `decode` are stack indexes. Pushes
 * what it needs; raises when there is no room for EQ_SCAN_STACK values.
 * only_numbers: no other event is of interest.
 */
void eq_scan_begin(struct eq_scan *scan, lua_State *L, int value, int text,
                   int decode, bool only_numbers);

/* The next event. What the caller pushed has to be gone again. */
enum eq_scan_event eq_scan_next(struct eq_scan *scan);

/*
 * The innermost table is on top from now on, until its end; false: there is
 * no such table, and the stack is as before.
 */
bool eq_scan_hold(struct eq_scan *scan);

/* Pushes the key of the last number in the innermost table, as the text has
 * it. */
void eq_scan_push_key(struct eq_scan *scan);

#endif
