/*
 * bytes: a view of bytes that belong to the caller.
 *
 * Law of this file: a view owns nothing. It is valid as long as the memory it
 * points to, and nothing is written through it.
 */
#ifndef EQ_BASE_BYTES_H
#define EQ_BASE_BYTES_H

#include <stddef.h>

struct eq_bytes {
  const void *bytes; /* borrowed; may be NULL when len is 0 */
  size_t len;
};

#endif
