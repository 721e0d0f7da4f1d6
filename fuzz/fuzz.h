/*
 * fuzz: what a target and its driver have in common.
 *
 * Laws of this folder:
 * - a target is a file: it feeds one part of the product with bytes of which
 *   nothing is known, and says which laws of that part must hold whatever they
 *   are. A crash, a report of a sanitizer, a hang or a broken law is a
 *   finding;
 * - where another program can judge (libcurl, zlib, lua-cjson, node), it does;
 * - corpus/NAME has a few small inputs of our own, to start from. What the
 *   fuzzer finds goes to build/fuzz.
 */
#ifndef EQ_FUZZ_H
#define EQ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lauxlib.h>
#include <lua.h>

/* The bytes that are left. */
struct input {
  const uint8_t *at;
  const uint8_t *end;
};

/* The next byte; 0 where there is none. */
unsigned take_byte(struct input *in);

/* The next bytes: a length of one byte, then so many at most. */
struct piece {
  const char *bytes;
  size_t len;
};
struct piece take_piece(struct input *in);

/* The bytes up to the next `end`, which is passed, or all that are left. */
struct piece take_until(struct input *in, char end);

/* Ends the program with that law where it does not hold. */
void expect(bool holds, const char *law);

/* The n-th allocation by C code from now on fails, once; 0: none does. */
void fail_allocation(unsigned n);

/* The n-th system call on a file fails with EIO, once; 0: none does. */
void fail_call(unsigned n);

/* Calls what is below its `nargs` arguments; what it raises is returned as a
 * string on top, with false. Else the results are there, and true. */
bool call(lua_State *L, int nargs);

/* [..] -> [.., core.NAME] */
void push_core(lua_State *L, const char *name);

/* What the target does once, before the first input. */
void prepare(lua_State *L);

/* What it does with each. The stack is empty, and may have anything after. */
void run(lua_State *L, struct input in);

#endif
