/*
 * digest: the law is in digest.h; core.sha256 joins the core module.
 */
#include "base/digest.h"

#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>
#if defined(__APPLE__)
#include <sys/random.h>
#endif

#include "base/libcrypto.h"
#include "base/memory.h"
#include "core.h"

bool eq_random(void *bytes, size_t n)
{
  return n <= EQ_RANDOM_MAX && getentropy(bytes, n) == 0;
}

int eq_digest(const void *bytes, size_t len, unsigned char out[EQ_DIGEST_SIZE])
{
  unsigned int size = 0;
  eq_libcrypto_begin();
  bool ok = EVP_Digest(bytes, len, out, &size, EVP_sha256(), NULL) == 1 &&
            size == EQ_DIGEST_SIZE;
  if (!eq_libcrypto_end(EQ_LIBCRYPTO_DIGEST, ok)) {
    memset(out, 0, EQ_DIGEST_SIZE);
    return -1;
  }
  return 0;
}

void eq_hex(const unsigned char digest[EQ_DIGEST_SIZE],
            char text[2 * EQ_DIGEST_SIZE])
{
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < EQ_DIGEST_SIZE; i++) {
    text[2 * i] = digits[digest[i] >> 4];
    text[2 * i + 1] = digits[digest[i] & 15];
  }
}

/*
 * core.sha256(bytes) -> string
 * SHA-256 of any bytes as 64 lower-case hex digits. Raises only when
 * libcrypto itself fails (a FIPS provider that does not load, say).
 */
static int l_sha256(lua_State *L)
{
  size_t len;
  const char *bytes = luaL_checklstring(L, 1, &len);
  unsigned char out[EQ_DIGEST_SIZE];
  char text[2 * EQ_DIGEST_SIZE];
  if (eq_digest(bytes, len, out) != 0) {
    return eq_libcrypto_failed(L, "libcrypto can't compute SHA-256");
  }
  eq_hex(out, text);
  lua_pushlstring(L, text, sizeof text);
  return 1;
}

int eq_open_digest(lua_State *L)
{
  static const luaL_Reg functions[] = {{"sha256", l_sha256}, {NULL, NULL}};
  eq_newlib(L, functions);
  return 1;
}
