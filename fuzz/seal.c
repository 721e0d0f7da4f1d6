/*
 * seal: sealed records. Nothing but what was sealed is opened.
 *
 * Input: which bit is changed (two bytes); a secret, a key and a text
 * (pieces); then what is taken for a record.
 */
#include <string.h>

#include "fuzz.h"

void prepare(lua_State *L)
{
  (void)L;
}

static void push(lua_State *L, struct piece piece)
{
  lua_pushlstring(L, piece.bytes, piece.len);
}

/* core.NAME(secret, key, third); [.., result] or a message with false. */
static bool with(lua_State *L, const char *name, struct piece secret,
                 struct piece key, struct piece third)
{
  push_core(L, name);
  push(L, secret);
  push(L, key);
  push(L, third);
  return call(L, 3);
}

static void check_unsealed(lua_State *L, struct piece text)
{
  size_t len;
  const char *own = lua_tolstring(L, -1, &len);
  expect(own != NULL && len == text.len && memcmp(own, text.bytes, len) == 0,
         "what was sealed is what comes out");
}

static void change(lua_State *L, struct piece secret, struct piece key,
                   unsigned bit)
{
  size_t len;
  const char *sealed = lua_tolstring(L, 1, &len);
  char changed[512];
  expect(len <= sizeof changed, "a record is 29 bytes longer than its text");
  memcpy(changed, sealed, len);
  changed[bit / 8 % len] = (char)(changed[bit / 8 % len] ^ (1 << (bit % 8)));
  expect(with(L, "unseal", secret, key, (struct piece){changed, len}) &&
             lua_isnil(L, -1),
         "a record with one other bit is not opened");
  expect(with(L, "unseal", secret, key, (struct piece){sealed, len - 1}) &&
             lua_isnil(L, -1),
         "a record that was cut is not opened");
}

/* What is too large is refused by all. */
static void limits(lua_State *L, struct piece secret, struct piece key)
{
  static char many[64 * 1024 + 30];
  struct piece large = {many, sizeof many};
  many[0] = 1; /* the version */
  expect(!with(L, "seal", large, key, key), "a secret has a limit");
  expect(!with(L, "seal", secret, large, key), "a key has a limit");
  expect(!with(L, "seal", secret, key, large), "a text has a limit");
  expect(!with(L, "record_name", large, key, key), "a secret has a limit");
  lua_settop(L, 0);
  expect(with(L, "unseal", large, key, key) && lua_isnil(L, -1) &&
             with(L, "unseal", secret, large, key) && lua_isnil(L, -1) &&
             with(L, "unseal", secret, key, large) && lua_isnil(L, -1),
         "what is too large is not opened");
}

/* [record] -> [record, result] */
static void unseal(lua_State *L, struct piece secret, struct piece key)
{
  size_t len;
  const char *record = lua_tolstring(L, 1, &len);
  expect(with(L, "unseal", secret, key, (struct piece){record, len}),
         "unseal raises for no record");
}

static bool is_same(struct piece a, struct piece b)
{
  return a.len == b.len && memcmp(a.bytes, b.bytes, a.len) == 0;
}

void run(lua_State *L, struct input in)
{
  static const struct piece other = {"another", 7};
  static const struct piece unused = {"nothing is sealed with it", 25};
  unsigned bit = take_byte(&in) << 8;
  bit |= take_byte(&in);
  struct piece secret = take_piece(&in);
  struct piece key = take_piece(&in);
  struct piece text = take_piece(&in);
  struct piece rest = {(const char *)in.at, (size_t)(in.end - in.at)};
  /* Not with the input's own secret: a fuzzer that sees a record being
   * compared presents it in an input that follows. */
  expect(with(L, "unseal", unused, key, rest) && lua_isnil(L, -1),
         "what was not sealed is not opened");
  lua_settop(L, 0);
  bool sealed = with(L, "seal", secret, key, text);
  expect(sealed == (secret.len > 0), "only an empty secret is refused");
  if (!sealed) {
    return;
  }
  /* Keys are derived for each call, which takes long: one check for each. */
  switch (bit % 4) {
  case 0:
    unseal(L, secret, key);
    check_unsealed(L, text);
    break;
  case 1:
    unseal(L, secret, other);
    expect(lua_isnil(L, -1) || is_same(key, other),
           "a record of another key is not opened");
    break;
  case 2:
    change(L, secret, key, bit);
    break;
  default:
    expect(with(L, "record_name", secret, key, text) &&
               lua_rawlen(L, -1) == 64,
           "each key has a name of 64 digits");
    break;
  }
  if (bit == 0) {
    limits(L, secret, key);
  }
}
