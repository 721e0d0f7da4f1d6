/*
 * digest: random bytes and SHA-256.
 *
 * Law of this file: no algorithm of our own, and every return code is checked.
 * A failure leaves no part of a result.
 */
#ifndef EQ_BASE_DIGEST_H
#define EQ_BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

enum { EQ_DIGEST_SIZE = 32, EQ_RANDOM_MAX = 256 };

/*
 * n random bytes (EQ_RANDOM_MAX at most) from the operating system. Not from
 * libcrypto: its generator reads files and takes milliseconds at its first
 * use, which would be when the module loads. False: the system failed.
 */
bool eq_random(void *bytes, size_t n);

/* SHA-256 (FIPS 180-4) of any bytes. 0, or -1 when libcrypto fails; then
 * `out` is all zeros. */
int eq_digest(const void *bytes, size_t len,
              unsigned char out[EQ_DIGEST_SIZE]);

/* The digest as lower-case hex digits, without a NUL behind them. */
void eq_hex(const unsigned char digest[EQ_DIGEST_SIZE],
            char text[2 * EQ_DIGEST_SIZE]);

#endif
