/*
 * buffer: bytes that grow, up to a limit set at the start, and leave no trace.
 *
 * Laws of this file:
 * - a buffer gets its maximum when it is made; nothing grows without one;
 * - its bytes may be a secret, so memory is wiped before it is freed, also
 *   when growing moves the bytes;
 * - data is always followed by a NUL that does not count, so that it can be
 *   handed to functions that want a C string.
 */
#ifndef EQ_BASE_BUFFER_H
#define EQ_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct eq_buffer {
  char *data; /* owned; NULL until the first byte */
  size_t len; /* bytes in use, without the final NUL */
  size_t cap; /* bytes allocated, room for that NUL included */
  size_t max; /* limit of len, never exceeded */
};

enum eq_buffer_result {
  EQ_BUFFER_OK,
  EQ_BUFFER_FULL,  /* the bytes would pass the maximum; nothing was added */
  EQ_BUFFER_NO_MEM /* no memory; nothing was added */
};

/* An empty buffer that allocates nothing yet. A zeroed one has maximum 0. */
void eq_buffer_init(struct eq_buffer *buffer, size_t max);

/* Appends a copy of n bytes, all or none of them. */
enum eq_buffer_result eq_buffer_add(struct eq_buffer *buffer,
                                    const void *bytes, size_t n);

/* True if the buffer holds exactly these bytes. Not in constant time. */
bool eq_buffer_equals(const struct eq_buffer *buffer, const void *bytes,
                      size_t n);

/* The bytes as a C string, borrowed until the next change; never NULL. */
const char *eq_buffer_text(const struct eq_buffer *buffer);

/* Empties and wipes; keeps the memory for the next use if it is small. */
void eq_buffer_clear(struct eq_buffer *buffer);

/* Empties, wipes and frees the memory. Harmless on an empty one. */
void eq_buffer_free(struct eq_buffer *buffer);

/* Overwrites n bytes; the compiler can't leave it out. */
void eq_wipe(void *bytes, size_t n);

#endif
