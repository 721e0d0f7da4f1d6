/*
 * buffer: the laws are in buffer.h.
 */
#include "base/buffer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

/* The first allocation: thousands of calls under way have several each. */
#define CAP_FIRST ((size_t)256)

/* A cleared buffer that is larger than this frees its memory. */
#define CAP_KEPT ((size_t)256 * 1024)

void eq_wipe(void *bytes, size_t n)
{
#if defined(__GLIBC__)
  /* As safe, and much faster for a response of some kilobytes. */
  explicit_bzero(bytes, n);
#else
  OPENSSL_cleanse(bytes, n);
#endif
}

void eq_buffer_init(struct eq_buffer *buffer, size_t max)
{
  *buffer = (struct eq_buffer){.max = max};
}

/* The next capacity that holds `need` bytes; doubled, to grow rarely. */
static size_t grown(size_t cap, size_t need)
{
  size_t next = cap < CAP_FIRST ? CAP_FIRST : cap;
  while (next < need) {
    if (next > SIZE_MAX / 2) {
      return need;
    }
    next *= 2;
  }
  return next;
}

/*
 * Not realloc: that may move the bytes and leave a copy of them in freed
 * memory, where it can't be wiped.
 */
static bool grow(struct eq_buffer *buffer, size_t need)
{
  size_t cap = grown(buffer->cap, need);
  char *data = malloc(cap);
  if (data == NULL) {
    return false;
  }
  if (buffer->data != NULL) {
    memcpy(data, buffer->data, buffer->len + 1);
    eq_wipe(buffer->data, buffer->len);
    free(buffer->data);
  }
  buffer->data = data;
  buffer->cap = cap;
  return true;
}

enum eq_buffer_result eq_buffer_add(struct eq_buffer *buffer,
                                    const void *bytes, size_t n)
{
  /* Written as a subtraction: len + n could overflow. */
  if (n > buffer->max - buffer->len || n >= SIZE_MAX - buffer->len) {
    return EQ_BUFFER_FULL;
  }
  size_t need = buffer->len + n + 1;
  if (need > buffer->cap && !grow(buffer, need)) {
    return EQ_BUFFER_NO_MEM;
  }
  if (n > 0) {
    memcpy(buffer->data + buffer->len, bytes, n);
  }
  buffer->len += n;
  buffer->data[buffer->len] = '\0';
  return EQ_BUFFER_OK;
}

bool eq_buffer_equals(const struct eq_buffer *buffer, const void *bytes,
                      size_t n)
{
  return buffer->len == n && (n == 0 || memcmp(buffer->data, bytes, n) == 0);
}

const char *eq_buffer_text(const struct eq_buffer *buffer)
{
  return buffer->data == NULL ? "" : buffer->data;
}

void eq_buffer_clear(struct eq_buffer *buffer)
{
  if (buffer->cap > CAP_KEPT) {
    eq_buffer_free(buffer);
    return;
  }
  if (buffer->data != NULL) {
    eq_wipe(buffer->data, buffer->len);
    buffer->data[0] = '\0';
  }
  buffer->len = 0;
}

void eq_buffer_free(struct eq_buffer *buffer)
{
  if (buffer->data != NULL) {
    eq_wipe(buffer->data, buffer->len);
    free(buffer->data);
  }
  eq_buffer_init(buffer, buffer->max);
}
