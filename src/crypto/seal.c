/*
 * seal: encrypts stored records, so that a thief can neither read nor change
 * them.
 *
 * Laws of this file:
 *  - A sealed record is
 *
 *        version (1 byte) .. nonce (12) .. ciphertext .. tag (16)
 *
 *    AES-256-GCM; version and the record's key are the additional data, so a
 *    record that is moved to another key is not genuine.
 *  - Keys are derived from the secret by HKDF, one for each purpose and
 *    version: one key reveals nothing about another, or about the secret.
 *  - The nonce is random bytes of the system, never chosen by a caller: two
 *    records with one nonce would reveal both, and the key of the tags. With
 *    random nonces 2^32 records of one secret are safe; it has a few an hour.
 *  - What is not genuine is nil, whatever is wrong with it. The caller does
 * not learn which part is wrong, and Lua gets no byte of it.
 *  - Keys and plaintext are wiped as soon as they are not needed.
 */
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/object.h"
#include "core.h"
#include "crypto/cipher.h"

#define SCRATCH_CLASS "equinix.scratch"

/* The first byte of a record. Another format gets another version, and thereby
 * other keys and names, so that formats are never confused. */
static const unsigned char version = 1;

enum {
  TEXT_MAX = 64 * 1024,
  KEY_MAX = 64 * 1024,
  /* Enough for any secret, also for a private key in PEM. */
  SECRET_MAX = 32 * 1024
};

/* ---------------------------------------------------------------- the keys */

/* The purpose and the version of a key: HKDF's info. The salt is empty: these
 * texts separate the keys, and a random salt would have to be stored. */
static const char for_sealing[] = "equinix.seal 1";
static const char for_names[] = "equinix.name 1";

static bool derive(struct eq_bytes secret, const char *purpose,
                   unsigned char key[EQ_KEY_SIZE])
{
  struct eq_bytes none = {NULL, 0};
  struct eq_bytes info = {purpose, strlen(purpose)};
  return eq_hkdf(secret, none, info, key, EQ_KEY_SIZE);
}

/* -------------------------------------------------------------- the record */

/* The offsets of its parts. */
enum {
  NONCE_AT = 1,
  TEXT_AT = NONCE_AT + EQ_NONCE_SIZE,
  OVERHEAD = TEXT_AT + EQ_TAG_SIZE
};

/* Who can read a record: a holder of the secret, for that key. */
struct owner {
  struct eq_bytes secret;
  struct eq_bytes key;
};

/* The version is ours, not the record's first byte: that was compared. */
static struct eq_gcm gcm_of(const struct owner *owner,
                            const unsigned char *record,
                            const unsigned char key[EQ_KEY_SIZE])
{
  return (struct eq_gcm){
      .key = key,
      .nonce = record + NONCE_AT,
      .aad = {{&version, 1}, owner->key},
  };
}

/* record has room for OVERHEAD bytes more than the text. */
static bool seal(const struct owner *owner, struct eq_bytes text,
                 unsigned char *record)
{
  unsigned char key[EQ_KEY_SIZE];
  bool ok = false;
  record[0] = version;
  if (eq_random(record + NONCE_AT, EQ_NONCE_SIZE) &&
      derive(owner->secret, for_sealing, key)) {
    struct eq_gcm gcm = gcm_of(owner, record, key);
    ok = eq_gcm_encrypt(&gcm, text, record + TEXT_AT,
                        record + TEXT_AT + text.len);
  }
  eq_wipe(key, sizeof key);
  return ok;
}

/* The record has at least OVERHEAD bytes, out has room for the rest. */
static enum eq_decrypted unseal(const struct owner *owner,
                                struct eq_bytes sealed, unsigned char *out)
{
  const unsigned char *record = sealed.bytes;
  struct eq_bytes text = {record + TEXT_AT, sealed.len - OVERHEAD};
  unsigned char key[EQ_KEY_SIZE];
  enum eq_decrypted result = EQ_BROKEN;
  if (derive(owner->secret, for_sealing, key)) {
    struct eq_gcm gcm = gcm_of(owner, record, key);
    result = eq_gcm_decrypt(&gcm, text, record + TEXT_AT + text.len, out);
  }
  eq_wipe(key, sizeof key);
  return result;
}

/* --------------------------------------------------------------------- Lua */

/*
 * Holds the result until Lua has its copy. Making that may raise, so the bytes
 * belong to a userdata, which wipes them in any case.
 */
struct scratch {
  size_t len;
  unsigned char bytes[];
};

static int wipe_scratch(lua_State *L)
{
  struct scratch *scratch = lua_touserdata(L, 1);
  eq_wipe(scratch->bytes, scratch->len);
  return 0;
}

static struct scratch *new_scratch(lua_State *L, size_t len)
{
  struct scratch *scratch =
      eq_newobject(L, sizeof *scratch + len, SCRATCH_CLASS);
  scratch->len = len;
  return scratch;
}

static void push_scratch(lua_State *L, struct scratch *scratch)
{
  lua_pushlstring(L, (const char *)scratch->bytes, scratch->len);
  eq_wipe(scratch->bytes, scratch->len);
}

static struct eq_bytes check_bytes(lua_State *L, int arg)
{
  struct eq_bytes text;
  text.bytes = luaL_checklstring(L, arg, &text.len);
  return text;
}

static struct owner check_owner(lua_State *L)
{
  struct owner owner;
  owner.secret = check_bytes(L, 1);
  owner.key = check_bytes(L, 2);
  return owner;
}

static bool is_secret_fit(const struct owner *owner)
{
  return owner->secret.len > 0 && owner->secret.len <= SECRET_MAX;
}

static bool is_key_fit(const struct owner *owner)
{
  return owner->key.len <= KEY_MAX;
}

static struct owner check_fit_owner(lua_State *L)
{
  struct owner owner = check_owner(L);
  luaL_argcheck(L, is_secret_fit(&owner), 1, "1 byte to 32 KiB expected");
  luaL_argcheck(L, is_key_fit(&owner), 2, "64 KiB at most expected");
  return owner;
}

/*
 * core.seal(secret, key, bytes) -> sealed
 * Seals up to 64 KiB of any bytes, also none, with a secret of 1 byte to
 * 32 KiB, for a key of up to 64 KiB. The result is 29 bytes longer and differs
 * each time. Raises for other sizes, and when libcrypto or the system's
 * generator fails.
 */
static int l_seal(lua_State *L)
{
  struct owner owner = check_fit_owner(L);
  struct eq_bytes text = check_bytes(L, 3);
  luaL_argcheck(L, text.len <= TEXT_MAX, 3, "64 KiB at most expected");
  struct scratch *record = new_scratch(L, OVERHEAD + text.len);
  if (!seal(&owner, text, record->bytes)) {
    return eq_libcrypto_failed(L, "a record can't be sealed: libcrypto or "
                                  "the system's random generator failed");
  }
  push_scratch(L, record);
  return 1;
}

/* Everything about a record that can be checked without its key. */
static bool may_be_sealed(struct eq_bytes sealed)
{
  return sealed.len >= OVERHEAD && sealed.len <= (size_t)OVERHEAD + TEXT_MAX &&
         *(const unsigned char *)sealed.bytes == version;
}

/*
 * core.unseal(secret, key, sealed) -> bytes | nil
 * What was sealed with the same secret for the same key; nil for anything
 * else, of any size. Raises only when libcrypto itself fails.
 */
static int l_unseal(lua_State *L)
{
  struct owner owner = check_owner(L);
  struct eq_bytes sealed = check_bytes(L, 3);
  if (!is_secret_fit(&owner) || !is_key_fit(&owner) ||
      !may_be_sealed(sealed)) {
    lua_pushnil(L);
    return 1;
  }
  struct scratch *text = new_scratch(L, sealed.len - OVERHEAD);
  switch (unseal(&owner, sealed, text->bytes)) {
  case EQ_GENUINE:
    push_scratch(L, text);
    return 1;
  case EQ_FORGED:
    lua_pushnil(L);
    return 1;
  case EQ_BROKEN:
    break;
  }
  return eq_libcrypto_failed(L,
                             "a record can't be unsealed: libcrypto failed");
}

/*
 * core.record_name(secret, key) -> hex
 * The name under which a record of this key is stored: HMAC-SHA-256, 64
 * lower-case hex digits. It reveals nothing about the key without the secret.
 * Sizes as for seal; raises for others, and when libcrypto fails.
 */
static int l_record_name(lua_State *L)
{
  struct owner owner = check_fit_owner(L);
  unsigned char key[EQ_KEY_SIZE];
  unsigned char mac[EQ_DIGEST_SIZE];
  char text[2 * EQ_DIGEST_SIZE];
  bool ok =
      derive(owner.secret, for_names, key) && eq_hmac(key, owner.key, mac);
  eq_wipe(key, sizeof key);
  if (!ok) {
    return eq_libcrypto_failed(
        L, "the name of a record can't be computed: libcrypto failed");
  }
  eq_hex(mac, text);
  lua_pushlstring(L, text, sizeof text);
  return 1;
}

int eq_open_seal(lua_State *L)
{
  static const luaL_Reg none[] = {{NULL, NULL}};
  static const luaL_Reg meta[] = {{"__gc", wipe_scratch}, {NULL, NULL}};
  static const luaL_Reg functions[] = {
      {"record_name", l_record_name},
      {"seal", l_seal},
      {"unseal", l_unseal},
      {NULL, NULL},
  };
  eq_newclass(L, SCRATCH_CLASS, none, meta);
  eq_newlib(L, functions);
  return 1;
}
