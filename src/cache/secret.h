/*
 * secret: bytes in memory of a fixed size, which are wiped when they go.
 *
 * Law of this file: what a shorter value leaves of a longer one is wiped.
 */
#ifndef EQ_CACHE_SECRET_H
#define EQ_CACHE_SECRET_H

#include <openssl/crypto.h>
#include <stddef.h>
#include <string.h>

#include "base/bytes.h"

struct eq_secret {
  unsigned char *bytes; /* borrowed, always from the same storage */
  size_t len;
  size_t max; /* that fits there */
};

/* The text has to fit. */
static inline void eq_secret_set(struct eq_secret *secret,
                                 struct eq_bytes text)
{
  if (secret->len > text.len) {
    OPENSSL_cleanse(secret->bytes + text.len, secret->len - text.len);
  }
  if (text.len > 0) {
    memcpy(secret->bytes, text.bytes, text.len);
  }
  secret->len = text.len;
}

static inline void eq_secret_wipe(struct eq_secret *secret)
{
  eq_secret_set(secret, (struct eq_bytes){NULL, 0});
}

static inline void eq_secret_copy(struct eq_secret *to,
                                  const struct eq_secret *from)
{
  eq_secret_set(to, (struct eq_bytes){from->bytes, from->len});
}

#endif
