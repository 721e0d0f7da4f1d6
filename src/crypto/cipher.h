/*
 * cipher: HKDF, HMAC and AES-256-GCM on libcrypto.
 *
 * Laws of this file:
 *  - No algorithm of our own, and every return code of libcrypto is checked. A
 *    failure, or a forgery, leaves zeros where the result would be.
 *  - It knows no Lua, no format and no key but its arguments, so that
 * published test vectors can be run through it.
 *  - libcrypto keeps a list of errors for each thread, and a TLS connection in
 *    that thread takes them for its own: ours are removed again.
 */
#ifndef EQ_CRYPTO_CIPHER_H
#define EQ_CRYPTO_CIPHER_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/digest.h"

enum { EQ_KEY_SIZE = 32, EQ_NONCE_SIZE = 12, EQ_TAG_SIZE = 16 };

/*
 * HKDF-SHA-256 (RFC 5869): fills `out` with `size` bytes, 255 * 32 at most.
 * The secret has at least one byte; salt and info may be empty. False:
 * libcrypto failed.
 */
bool eq_hkdf(struct eq_bytes secret, struct eq_bytes salt,
             struct eq_bytes info, unsigned char *out, size_t size);

/* HMAC-SHA-256 (RFC 2104) of any bytes. False: libcrypto failed. */
bool eq_hmac(const unsigned char key[EQ_KEY_SIZE], struct eq_bytes text,
             unsigned char out[EQ_DIGEST_SIZE]);

/* What encryption and decryption share: AES-256-GCM (NIST SP 800-38D). */
struct eq_gcm {
  const unsigned char *key;   /* borrowed, EQ_KEY_SIZE bytes */
  const unsigned char *nonce; /* borrowed, EQ_NONCE_SIZE; never used twice */
  struct eq_bytes aad[2];     /* authenticated as one, joined in this order */
};

/* Encrypts text into `out`, of the same size. False: libcrypto failed, or
 * there are more bytes than it takes at once (INT_MAX). */
bool eq_gcm_encrypt(const struct eq_gcm *gcm, struct eq_bytes text,
                    unsigned char *out, unsigned char tag[EQ_TAG_SIZE]);

enum eq_decrypted {
  EQ_GENUINE, /* `out` is what was encrypted */
  EQ_FORGED,  /* another key, nonce, text or tag */
  EQ_BROKEN   /* libcrypto failed before it could decide */
};

/* Decrypts into `out`, of the same size; it is all zeros unless the result is
 * EQ_GENUINE. */
enum eq_decrypted eq_gcm_decrypt(const struct eq_gcm *gcm,
                                 struct eq_bytes text,
                                 const unsigned char tag[EQ_TAG_SIZE],
                                 unsigned char *out);

#endif
