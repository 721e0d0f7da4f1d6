/*
 * cipher: the laws are in cipher.h.
 *
 * Of each algorithm the one interface is used that OpenSSL 1.1.1 and 3 have
 * in common and that neither calls deprecated.
 */
#include "crypto/cipher.h"

#include <limits.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>

#include "base/buffer.h"
#include "base/libcrypto.h"

/* ----------------------------------------------------------- keys and MACs */

/* An empty salt or info is left out: RFC 5869 treats it alike, and not every
 * libcrypto accepts a length of zero. */
static bool hkdf(EVP_PKEY_CTX *ctx, struct eq_bytes secret,
                 struct eq_bytes salt, struct eq_bytes info)
{
  return secret.len <= INT_MAX && salt.len <= INT_MAX && info.len <= INT_MAX &&
         EVP_PKEY_derive_init(ctx) == 1 &&
         EVP_PKEY_CTX_set_hkdf_md(ctx, EVP_sha256()) == 1 &&
         EVP_PKEY_CTX_set1_hkdf_key(ctx, secret.bytes, (int)secret.len) == 1 &&
         (salt.len == 0 ||
          EVP_PKEY_CTX_set1_hkdf_salt(ctx, salt.bytes, (int)salt.len) == 1) &&
         (info.len == 0 ||
          EVP_PKEY_CTX_add1_hkdf_info(ctx, info.bytes, (int)info.len) == 1);
}

bool eq_hkdf(struct eq_bytes secret, struct eq_bytes salt,
             struct eq_bytes info, unsigned char *out, size_t size)
{
  eq_libcrypto_begin();
  size_t made = size;
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
  bool ok = ctx != NULL && hkdf(ctx, secret, salt, info) &&
            EVP_PKEY_derive(ctx, out, &made) == 1 && made == size;
  EVP_PKEY_CTX_free(ctx);
  if (!eq_libcrypto_end(EQ_LIBCRYPTO_HKDF, ok)) {
    eq_wipe(out, size);
  }
  return ok;
}

bool eq_hmac(const unsigned char key[EQ_KEY_SIZE], struct eq_bytes text,
             unsigned char out[EQ_DIGEST_SIZE])
{
  eq_libcrypto_begin();
  unsigned int size = 0;
  bool ok = HMAC(EVP_sha256(), key, EQ_KEY_SIZE, text.bytes, text.len, out,
                 &size) != NULL &&
            size == EQ_DIGEST_SIZE;
  if (!eq_libcrypto_end(EQ_LIBCRYPTO_HMAC, ok)) {
    eq_wipe(out, EQ_DIGEST_SIZE);
  }
  return ok;
}

/* -------------------------------------------------------------- encryption */

/* Additional data when out is NULL. An empty text is left out: it may be at
 * NULL, which libcrypto takes for the end. */
static bool update(EVP_CIPHER_CTX *ctx, unsigned char *out, struct eq_bytes in)
{
  int n = 0;
  return in.len == 0 ||
         (in.len <= INT_MAX &&
          EVP_CipherUpdate(ctx, out, &n, in.bytes, (int)in.len) == 1 &&
          n == (int)in.len);
}

/* All but the tag, where the two directions differ. */
static bool run(EVP_CIPHER_CTX *ctx, const struct eq_gcm *gcm, int encrypts,
                struct eq_bytes in, unsigned char *out)
{
  return EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, gcm->key, gcm->nonce,
                           encrypts) == 1 &&
         update(ctx, NULL, gcm->aad[0]) && update(ctx, NULL, gcm->aad[1]) &&
         update(ctx, out, in);
}

/* Makes the tag, or compares it in constant time; makes no other bytes. */
static bool finish(EVP_CIPHER_CTX *ctx)
{
  unsigned char none[EVP_MAX_BLOCK_LENGTH];
  int n = 0;
  return EVP_CipherFinal_ex(ctx, none, &n) == 1 && n == 0;
}

bool eq_gcm_encrypt(const struct eq_gcm *gcm, struct eq_bytes text,
                    unsigned char *out, unsigned char tag[EQ_TAG_SIZE])
{
  eq_libcrypto_begin();
  EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
  bool ok =
      ctx != NULL && run(ctx, gcm, 1, text, out) && finish(ctx) &&
      EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, EQ_TAG_SIZE, tag) == 1;
  EVP_CIPHER_CTX_free(ctx);
  if (!eq_libcrypto_end(EQ_LIBCRYPTO_ENCRYPT, ok)) {
    eq_wipe(out, text.len);
    eq_wipe(tag, EQ_TAG_SIZE);
  }
  return ok;
}

enum eq_decrypted eq_gcm_decrypt(const struct eq_gcm *gcm,
                                 struct eq_bytes text,
                                 const unsigned char tag[EQ_TAG_SIZE],
                                 unsigned char *out)
{
  eq_libcrypto_begin();
  unsigned char expected[EQ_TAG_SIZE]; /* libcrypto's has no const */
  memcpy(expected, tag, sizeof expected);
  enum eq_decrypted result = EQ_BROKEN;
  EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
  if (ctx != NULL && run(ctx, gcm, 0, text, out) &&
      EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, EQ_TAG_SIZE, expected) ==
          1) {
    result = finish(ctx) ? EQ_GENUINE : EQ_FORGED;
  }
  EVP_CIPHER_CTX_free(ctx);
  (void)eq_libcrypto_end(EQ_LIBCRYPTO_DECRYPT, result != EQ_BROKEN);
  if (result != EQ_GENUINE) {
    eq_wipe(out, text.len);
  }
  return result;
}
