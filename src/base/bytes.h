/*
 * bytes: bytes of someone else's, where a function takes some.
 *
 * Law of this file: a view, not an owner. It is good as long as the memory it
 * points to, and nothing is written through it.
 */
#ifndef EQ_BASE_BYTES_H
#define EQ_BASE_BYTES_H

#include <stddef.h>

struct eq_text {
  const void *bytes; /* borrowed; may be NULL when len is 0 */
  size_t len;
};

#endif
