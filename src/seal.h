/*
 * seal: digests and seals on libcrypto.
 *
 * Law of this file: no algorithm of our own, and every return code of
 * libcrypto is looked at. What fails leaves nothing half-made behind.
 */
#ifndef EQ_SEAL_H
#define EQ_SEAL_H

#include <stddef.h>

enum { EQ_DIGEST_SIZE = 32 };

/* SHA-256 (FIPS 180-4) of any bytes. 0, or -1 when libcrypto fails; then
 * `out` is all zeros. */
int eq_digest(const void *bytes, size_t len,
              unsigned char out[EQ_DIGEST_SIZE]);

#endif
