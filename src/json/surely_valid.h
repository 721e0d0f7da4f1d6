/*
 * surely_valid: whether a text is JSON, for the C code of this room.
 *
 * Law of this file: as in surely_valid.c.
 */
#ifndef EQ_JSON_SURELY_VALID_H
#define EQ_JSON_SURELY_VALID_H

#include <stdbool.h>
#include <stddef.h>

/* The text ends with a NUL, which is not one of its bytes. utf8: it is UTF-8
 * for certain; else only ASCII is JSON for certain. */
bool eq_surely_valid(const char *text, size_t len, bool utf8);

#endif
