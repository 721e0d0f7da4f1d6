/*
 * tokens: the token cache as Lua sees it, `core.tokens`.
 *
 *   tokens.open(key [, kind [, alone]]) -> slot  tokens.info() -> table
 *   tokens.bind: slot:bind as a function      tokens.yields: see slot:bind
 *
 * Laws of this file:
 *  - It reads arguments, calls the entry under the lock, and pushes results:
 *    in this order, never mixed. The state machine is in entry.c.
 */
#include "cache/bind.h"
#include "cache/lease.h"
#include "cache/lua_values.h"
#include "cache/places.h"
#include "cache/slot.h"
#include "cache/snapshot.h"
#include "cache/stats.h"
#include "core.h"

/*
 * slot:peek() -> header | nil, state
 * The hot path: no lock and no allocation as long as the token is fresh and
 * the entry was not written. A closed slot returns nil, "closed".
 */
static int slot_peek(lua_State *L)
{
  struct eq_slot *slot = eq_slot_at(L, 1);
  if (slot == NULL) {
    return luaL_argerror(L, 1, "token slot expected");
  }
  lua_settop(L, 1);
  eq_slot_box(L, 1);
  return eq_push_header(L, slot, 2);
}

/* eq_slot_hits with an address. */
static int hits(const void *slot)
{
  return eq_slot_hits(slot);
}

/*
 * slot:ffi() -> box, address
 * For callers that need no Lua API (LuaJIT's FFI, tokens/fast_path.lua). The
 * first element of `box` is the header as long as the function at `address`
 * returns 1: int hits(const void *slot), which never fails. The address is a
 * string, the bytes of a pointer.
 */
static int slot_ffi(lua_State *L)
{
  int (*function)(const void *) = hits;
  luaL_argcheck(L, eq_slot_at(L, 1) != NULL, 1, "token slot expected");
  eq_slot_box(L, 1);
  lua_pushlstring(L, (const char *)&function, sizeof function);
  return 2;
}

/*
 * slot:read() -> state, serial, header | nil, record | nil, seconds
 * All of it, under the lock. The header where it may still be served, the
 * record in every state but "empty" (serial 0), the seconds to expiry.
 */
static int slot_read(lua_State *L)
{
  lua_settop(L, 1);
  struct eq_snapshot *snapshot = eq_snapshot_take(L); /* [slot, snapshot] */
  struct eq_slot *slot = eq_slot_check(L);
  int64_t now = eq_now_ns();
  struct eq_entry *entry = eq_slot_enter(L, slot, false, now);
  snapshot->state = EQ_EMPTY;
  snapshot->serial = 0;
  snapshot->left = 0;
  if (entry != NULL) {
    eq_entry_read(entry, now, snapshot);
  }
  eq_slot_leave(slot);
  eq_push_state(L, snapshot->state);
  eq_push_id(L, snapshot->serial);
  eq_push_secret_or_nil(L, &snapshot->header);
  if (snapshot->state == EQ_EMPTY) {
    lua_pushnil(L);
  } else {
    eq_push_secret(L, &snapshot->record);
  }
  eq_push_seconds(L, snapshot->left);
  eq_snapshot_give(L, 2);
  return 5;
}

/*
 * slot:reject(serial) -> boolean
 * That token was refused by a server. If it is still the current one, it is
 * not served any more. True for the first caller that rejects it.
 */
static int slot_reject(lua_State *L)
{
  uint64_t serial = eq_check_id(L, 2);
  struct eq_slot *slot = eq_slot_check(L);
  struct eq_entry *entry = eq_slot_enter(L, slot, false, eq_now_ns());
  bool done = entry != NULL && eq_entry_reject(entry, serial);
  eq_slot_leave(slot);
  lua_pushboolean(L, done);
  return 1;
}

/*
 * slot:forget()
 * Wipes token and record; a renewal under way can't publish any more. Failures
 * are kept.
 */
static int slot_forget(lua_State *L)
{
  struct eq_slot *slot = eq_slot_check(L);
  struct eq_entry *entry = eq_slot_enter(L, slot, false, eq_now_ns());
  if (entry != NULL) {
    eq_entry_forget(entry);
  }
  eq_slot_leave(slot);
  eq_slot_box(L, 1);
  eq_slot_drop_copy(L, slot, lua_gettop(L));
  return 0;
}

/* slot:close(): ends a lease that it still has. Idempotent. */
static int slot_close(lua_State *L)
{
  struct eq_slot *slot = eq_slot_at(L, 1);
  if (slot == NULL) {
    return luaL_argerror(L, 1, "token slot expected");
  }
  eq_slot_box(L, 1);
  eq_slot_drop_copy(L, slot, lua_gettop(L));
  eq_slot_close(slot);
  return 0;
}

/*
 * slot:reopen(key)
 * From now on it is the slot of that key, also if it was closed. Functions
 * that are bound to it stay bound.
 */
static int slot_reopen(lua_State *L)
{
  size_t len;
  const char *key = luaL_checklstring(L, 2, &len);
  struct eq_slot *slot = eq_slot_at(L, 1);
  if (slot == NULL) {
    return luaL_argerror(L, 1, "token slot expected");
  }
  eq_slot_box(L, 1);
  eq_slot_drop_copy(L, slot, lua_gettop(L));
  eq_slot_reopen(L, slot, key, len);
  return 0;
}

static int slot_gc(lua_State *L)
{
  struct eq_slot *slot = eq_slot_at(L, 1);
  if (slot != NULL) {
    eq_slot_close(slot);
  }
  return 0;
}

static int slot_tostring(lua_State *L)
{
  struct eq_slot *slot = eq_slot_at(L, 1);
  if (slot == NULL || !slot->open) {
    lua_pushliteral(L, EQ_SLOT_CLASS " (closed)");
  } else {
    lua_pushfstring(L, EQ_SLOT_CLASS " (%p)", (void *)slot);
  }
  return 1;
}

/*
 * tokens.open([key [, kind [, alone]]]) -> slot
 * key: opaque bytes, of which a salted digest is kept; without it the slot is
 * closed. kind: "token" (default), or "note" for what is known beside tokens.
 * Each kind has its own places; a note's record is short. With `alone` only
 * this slot uses the entry.
 */
static int tokens_open(lua_State *L)
{
  static const char *const kinds[] = {"token", "note", NULL};
  size_t len;
  const char *key = luaL_optlstring(L, 1, NULL, &len);
  int kind = luaL_checkoption(L, 2, "token", kinds);
  (void)eq_slot_open(L, key, len, (enum eq_kind)kind,
                     lua_toboolean(L, 3) != 0);
  return 1;
}

/* Makes the common table, so that processes forked later share it. */
int eq_open_tokens(lua_State *L)
{
  static const luaL_Reg methods[] = {
      {"peek", slot_peek},
      {"bind", eq_bind},
      {"read", slot_read},
      {"outlook", eq_stats_outlook},
      {"acquire", eq_lease_acquire},
      {"publish", eq_lease_publish},
      {"fail", eq_lease_fail},
      {"release", eq_lease_release},
      {"note", eq_lease_note},
      {"result", eq_lease_result},
      {"wait", eq_lease_wait},
      {"reject", slot_reject},
      {"forget", slot_forget},
      {"rate_limit", eq_stats_rate_limit},
      {"count", eq_stats_count},
      {"counters", eq_stats_counters},
      {"reopen", slot_reopen},
      {"close", slot_close},
      {"ffi", slot_ffi},
      {NULL, NULL},
  };
  static const luaL_Reg meta[] = {
      {"__gc", slot_gc},
      {"__close", slot_close},
      {"__tostring", slot_tostring},
      {NULL, NULL},
  };
  static const luaL_Reg functions[] = {
      {"open", tokens_open},
      {"info", eq_stats_info},
      {"bind", eq_bind},
      {NULL, NULL},
  };
  eq_places_read(L);
  (void)eq_table_common();
  eq_newclass(L, EQ_SLOT_CLASS, methods, meta);
  eq_newlib(L, functions);
  lua_pushboolean(L, EQ_HAS_CALLK);
  lua_setfield(L, -2, "yields");
  return 1;
}
