/*
 * seal: records at rest, which a thief can neither read nor change.
 *
 * Laws of this file:
 *  - A sealed record is
 *
 *        version (1 byte) .. nonce (12) .. ciphertext .. tag (16)
 *
 *    AES-256-GCM; version and the record's key are the additional data, so a
 *    record that is moved to another key's place is none.
 *  - Keys come from the secret by HKDF, one for each purpose and version:
 *    what one of them gives away says nothing about another, or the secret.
 *  - The nonce is the system's random bytes, never a caller's: two records
 *    under one nonce would give away both, and the key of the tags. At
 *    random 2^32 records of one secret are safe; it sees a few each hour.
 *  - What is not genuine is nil, whatever is wrong with it. Nobody learns
 *    which of its parts was wrong, and Lua sees no byte of it.
 *  - Keys and plaintext are wiped as soon as they are not needed.
 */
#include <string.h>

#include "base/buffer.h"
#include "base/compat.h"
#include "crypto/cipher.h"

#define SCRATCH_CLASS "equinix.scratch"

/* The first byte of a record. Another format gets another version, and by it
 * other keys and names: none of them is ever taken for the other's. */
static const unsigned char version = 1;

enum {
  TEXT_MAX = 64 * 1024,
  KEY_MAX = 64 * 1024,
  /* Room for a secret of any kind, a private key in PEM too. */
  SECRET_MAX = 32 * 1024
};

/* ---------------------------------------------------------------- the keys */

/* What a key is for, and of which version: HKDF's info. The salt is empty:
 * these words do its work, and a random one would have to be kept. */
static const char for_sealing[] = "equinix.seal 1";
static const char for_names[] = "equinix.name 1";

static bool derive(struct eq_text secret, const char *purpose,
                   unsigned char key[EQ_KEY_SIZE])
{
  struct eq_text none = {NULL, 0};
  struct eq_text info = {purpose, strlen(purpose)};
  return eq_hkdf(secret, none, info, key, EQ_KEY_SIZE);
}

/* -------------------------------------------------------------- the record */

/* Where its parts are. */
enum {
  NONCE_AT = 1,
  TEXT_AT = NONCE_AT + EQ_NONCE_SIZE,
  OVERHEAD = TEXT_AT + EQ_TAG_SIZE
};

/* Who may read it: the one who has the secret, in the place of that key. */
struct owner {
  struct eq_text secret;
  struct eq_text key;
};

/* A record's first byte is given here, not read: it is the one we know. */
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

/* record has room for OVERHEAD bytes more than the text has. */
static bool seal(const struct owner *owner, struct eq_text text,
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

/* The record has OVERHEAD bytes at least, out room for the rest of them. */
static enum eq_decrypted unseal(const struct owner *owner,
                                struct eq_text sealed, unsigned char *out)
{
  const unsigned char *record = sealed.bytes;
  struct eq_text text = {record + TEXT_AT, sealed.len - OVERHEAD};
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
 * Where the result is until Lua has its copy. Making that may raise, so the
 * bytes belong to a userdata, which wipes them then too.
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

static struct eq_text check_bytes(lua_State *L, int arg)
{
  struct eq_text text;
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
 * Seals up to 64 KiB of any bytes, none too, with a secret of 1 byte to
 * 32 KiB, for the place of a key of up to 64 KiB: 29 bytes more than there
 * were, others each time. Raises for other sizes, and when libcrypto or the
 * system's generator fails.
 */
static int l_seal(lua_State *L)
{
  struct owner owner = check_fit_owner(L);
  struct eq_text text = check_bytes(L, 3);
  luaL_argcheck(L, text.len <= TEXT_MAX, 3, "64 KiB at most expected");
  struct scratch *record = new_scratch(L, OVERHEAD + text.len);
  if (!seal(&owner, text, record->bytes)) {
    return luaL_error(L, "a record can't be sealed: libcrypto or the "
                         "system's random generator failed");
  }
  push_scratch(L, record);
  return 1;
}

/* Everything about a record that can be told without its key. */
static bool may_be_sealed(struct eq_text sealed)
{
  return sealed.len >= OVERHEAD && sealed.len <= (size_t)OVERHEAD + TEXT_MAX &&
         *(const unsigned char *)sealed.bytes == version;
}

/*
 * core.unseal(secret, key, sealed) -> bytes | nil
 * What was sealed with the same secret for the same key; nil for all else, of
 * whatever size. Raises only when libcrypto itself fails.
 */
static int l_unseal(lua_State *L)
{
  struct owner owner = check_owner(L);
  struct eq_text sealed = check_bytes(L, 3);
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
  return luaL_error(L, "a record can't be unsealed: libcrypto failed");
}

/*
 * core.record_name(secret, key) -> hex
 * The name that a record of this key rests under: HMAC-SHA-256, 64 lower-case
 * hex digits. Says nothing about the key to those who lack the secret. Sizes
 * as for seal; raises for others, and when libcrypto fails.
 */
static int l_name(lua_State *L)
{
  struct owner owner = check_fit_owner(L);
  unsigned char key[EQ_KEY_SIZE];
  unsigned char mac[EQ_DIGEST_SIZE];
  char text[2 * EQ_DIGEST_SIZE];
  bool ok =
      derive(owner.secret, for_names, key) && eq_hmac(key, owner.key, mac);
  eq_wipe(key, sizeof key);
  if (!ok) {
    return luaL_error(L, "a record can't be named: libcrypto failed");
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
      {"record_name", l_name},
      {"seal", l_seal},
      {"unseal", l_unseal},
      {NULL, NULL},
  };
  eq_newclass(L, SCRATCH_CLASS, none, meta);
  eq_newlib(L, functions);
  return 1;
}
