/*
 * cipher: calls the functions of src/crypto/cipher.c with given keys and
 * nonces, which Lua code can't choose. Arguments and results are hex.
 *
 *   cipher hkdf SECRET SALT INFO SIZE
 *   cipher hmac KEY TEXT
 *   cipher encrypt KEY NONCE AAD AAD TEXT        -> ciphertext tag
 *   cipher decrypt KEY NONCE AAD AAD TEXT TAG    -> "genuine" or so, text
 *   cipher starve                                -> failures, all of them seen
 *
 *   cc -std=c11 -D_GNU_SOURCE -Isrc -o cipher spec/support/cipher.c
 * src/crypto/cipher.c
 *      src/base/buffer.c -lcrypto
 *
 * Law of this file: it checks what no result shows: that libcrypto's list of
 * errors is unchanged, and that a failure leaves only zeros.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>

#include "crypto/cipher.h"

#define CHECK(condition)                                                      \
  do {                                                                        \
    if (!(condition)) {                                                       \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);         \
      exit(EXIT_FAILURE);                                                     \
    }                                                                         \
  } while (0)

/* --------------------------------------------------------------------- hex */

enum { SIZE_MOST = 64 * 1024 };

static void *keeps[16];
static size_t kept;

/*
 * Memory of exactly the size of its contents, so that a sanitizer notices an
 * access beyond. It is filled with bytes that no result has by chance: each
 * must be overwritten. All of it is freed at the end.
 */
static unsigned char *room(size_t size)
{
  CHECK(size <= SIZE_MOST && kept < sizeof keeps / sizeof *keeps);
  unsigned char *bytes = malloc(size > 0 ? size : 1);
  CHECK(bytes != NULL);
  keeps[kept++] = bytes;
  memset(bytes, 0xA5, size);
  return bytes;
}

static unsigned char *from_hex(const char *hex, size_t size)
{
  CHECK(strlen(hex) == 2 * size);
  unsigned char *bytes = room(size);
  for (size_t i = 0; i < size; i++) {
    unsigned int byte = 0;
    CHECK(sscanf(hex + 2 * i, "%2x", &byte) == 1);
    bytes[i] = (unsigned char)byte;
  }
  return bytes;
}

static struct eq_bytes text_of(const char *hex)
{
  size_t len = strlen(hex) / 2;
  return (struct eq_bytes){len > 0 ? from_hex(hex, len) : NULL, len};
}

static void print_hex(const unsigned char *bytes, size_t size)
{
  for (size_t i = 0; i < size; i++) {
    printf("%02x", bytes[i]);
  }
}

static bool is_zero(const unsigned char *bytes, size_t size)
{
  for (size_t i = 0; i < size; i++) {
    if (bytes[i] != 0) {
      return false;
    }
  }
  return true;
}

/* ---------------------------------------------------------------- commands */

static void hkdf(char **args)
{
  size_t size = (size_t)strtoul(args[3], NULL, 10);
  CHECK(size <= SIZE_MOST);
  unsigned char *out = room(size);
  if (eq_hkdf(text_of(args[0]), text_of(args[1]), text_of(args[2]), out,
              size)) {
    print_hex(out, size);
  } else {
    CHECK(is_zero(out, size));
    printf("failed");
  }
}

static void hmac(char **args)
{
  unsigned char *out = room(EQ_DIGEST_SIZE);
  CHECK(eq_hmac(from_hex(args[0], EQ_KEY_SIZE), text_of(args[1]), out));
  print_hex(out, EQ_DIGEST_SIZE);
}

static struct eq_gcm gcm_of(char **args)
{
  return (struct eq_gcm){
      .key = from_hex(args[0], EQ_KEY_SIZE),
      .nonce = from_hex(args[1], EQ_NONCE_SIZE),
      .aad = {text_of(args[2]), text_of(args[3])},
  };
}

static void encrypt(char **args)
{
  struct eq_gcm gcm = gcm_of(args);
  struct eq_bytes text = text_of(args[4]);
  unsigned char *out = room(text.len);
  unsigned char *tag = room(EQ_TAG_SIZE);
  CHECK(eq_gcm_encrypt(&gcm, text, out, tag));
  print_hex(out, text.len);
  printf(" ");
  print_hex(tag, EQ_TAG_SIZE);
}

static void decrypt(char **args)
{
  static const char *const names[] = {[EQ_GENUINE] = "genuine",
                                      [EQ_FORGED] = "forged",
                                      [EQ_BROKEN] = "broken"};
  struct eq_gcm gcm = gcm_of(args);
  struct eq_bytes text = text_of(args[4]);
  unsigned char *out = room(text.len);
  printf(
      "%s ",
      names[eq_gcm_decrypt(&gcm, text, from_hex(args[5], EQ_TAG_SIZE), out)]);
  print_hex(out, text.len);
}

/* -------------------------------------------------------------- starvation */

/* How many more allocations of libcrypto succeed; -1: all. */
static long rations = -1;

static bool granted(void)
{
  if (rations == 0) {
    return false;
  }
  rations -= rations > 0;
  return true;
}

static void *allocate(size_t size, const char *file, int line)
{
  (void)file;
  (void)line;
  return granted() ? malloc(size) : NULL;
}

static void *reallocate(void *old, size_t size, const char *file, int line)
{
  (void)file;
  (void)line;
  return granted() ? realloc(old, size) : NULL;
}

static void release(void *bytes, const char *file, int line)
{
  (void)file;
  (void)line;
  free(bytes);
}

static const unsigned char key[EQ_KEY_SIZE] = "key";
static const unsigned char nonce[EQ_NONCE_SIZE] = "nonce";
static const struct eq_bytes text = {"a text of some length", 21};

/* Each calls one function and returns its success; checks for zeros if it
 * failed. */
static bool starved_hkdf(void)
{
  unsigned char out[EQ_KEY_SIZE];
  memset(out, 0xA5, sizeof out);
  bool ok = eq_hkdf(text, text, text, out, sizeof out);
  CHECK(ok || is_zero(out, sizeof out));
  return ok;
}

static bool starved_hmac(void)
{
  unsigned char out[EQ_DIGEST_SIZE];
  memset(out, 0xA5, sizeof out);
  bool ok = eq_hmac(key, text, out);
  CHECK(ok || is_zero(out, sizeof out));
  return ok;
}

static bool starved_encrypt(void)
{
  struct eq_gcm gcm = {key, nonce, {text, text}};
  unsigned char out[21];
  unsigned char tag[EQ_TAG_SIZE];
  memset(out, 0xA5, sizeof out);
  memset(tag, 0xA5, sizeof tag);
  bool ok = eq_gcm_encrypt(&gcm, text, out, tag);
  CHECK(ok || (is_zero(out, sizeof out) && is_zero(tag, sizeof tag)));
  return ok;
}

/* A failure is not reported as a forgery: the record may be genuine. */
static bool starved_decrypt(void)
{
  struct eq_gcm gcm = {key, nonce, {text, text}};
  unsigned char sealed[21];
  unsigned char tag[EQ_TAG_SIZE];
  unsigned char out[21];
  long rest = rations;
  rations = -1;
  CHECK(eq_gcm_encrypt(&gcm, text, sealed, tag));
  rations = rest;
  memset(out, 0xA5, sizeof out);
  struct eq_bytes ciphertext = {sealed, sizeof sealed};
  enum eq_decrypted result = eq_gcm_decrypt(&gcm, ciphertext, tag, out);
  CHECK(result != EQ_FORGED);
  CHECK(result == EQ_GENUINE ? memcmp(out, text.bytes, sizeof out) == 0
                             : is_zero(out, sizeof out));
  return result == EQ_GENUINE;
}

/* Allows one more allocation each time, until it succeeds. */
static void starve(char **args)
{
  (void)args;
  static bool (*const works[])(void) = {starved_hkdf, starved_hmac,
                                        starved_encrypt, starved_decrypt};
  for (size_t i = 0; i < sizeof works / sizeof *works; i++) {
    CHECK(works[i]()); /* libcrypto allocates things of its own at first */
    long n = 0;
    for (bool ok = false; !ok; n++) {
      CHECK(n < 1000);
      rations = n;
      ok = works[i]();
      rations = -1;
      CHECK(ERR_peek_error() == 0);
    }
    printf("%s%ld", i > 0 ? " " : "", n - 1);
  }
}

/* -------------------------------------------------------------------- main */

static const struct {
  const char *name;
  int args;
  void (*run)(char **args);
} commands[] = {{"hkdf", 4, hkdf},
                {"hmac", 2, hmac},
                {"encrypt", 5, encrypt},
                {"decrypt", 6, decrypt},
                {"starve", 0, starve}};

/* An error of another user of libcrypto, which must stay. */
static unsigned long fail_elsewhere(void)
{
  CHECK(BIO_new_file("/there/is/no/such/file", "r") == NULL);
  return ERR_peek_last_error();
}

int main(int argc, char **argv)
{
  CHECK(CRYPTO_set_mem_functions(allocate, reallocate, release) == 1);
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    if (argc == commands[i].args + 2 &&
        strcmp(argv[1], commands[i].name) == 0) {
      bool starves = commands[i].args == 0; /* checks its results itself */
      unsigned long theirs = starves ? 0 : fail_elsewhere();
      commands[i].run(argv + 2);
      CHECK(ERR_peek_last_error() == theirs);
      printf("\n");
      while (kept > 0) {
        free(keeps[--kept]);
      }
      return EXIT_SUCCESS;
    }
  }
  fputs("usage: see the head of spec/support/cipher.c\n", stderr);
  return 2;
}
