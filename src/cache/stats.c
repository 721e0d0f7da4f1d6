/*
 * stats: the law is in stats.h.
 */
#include "cache/stats.h"

#include "cache/lua_values.h"
#include "cache/places.h"
#include "cache/slot.h"
#include "cache/snapshot.h"

/*
 * slot:rate_limit(n, seconds [, asks]) -> true | false, seconds to wait
 * May this be done now, if it may be done n times (1 to 8) in any span of
 * `seconds`? It counts, unless the caller only `asks`. For the whole entry.
 */
int eq_stats_rate_limit(lua_State *L)
{
  lua_Integer n = luaL_checkinteger(L, 2);
  luaL_argcheck(L, n >= 1 && n <= EQ_WINDOW, 2, "1 to 8 expected");
  int64_t span = eq_check_seconds(L, 3), wait = 0, now = eq_now_ns();
  bool asks = lua_toboolean(L, 4) != 0;
  struct eq_slot *slot = eq_slot_check(L);
  struct eq_entry *entry = eq_slot_enter(L, slot, true, now);
  bool allowed =
      eq_entry_rate_limit(entry, (unsigned)n, span, asks, now, &wait);
  eq_slot_leave(slot);
  lua_pushboolean(L, allowed);
  if (allowed) {
    return 1;
  }
  eq_push_seconds(L, wait);
  return 2;
}

/*
 * slot:count(i [, by])
 * Adds 1, or `by`, to counter i (1 to 8) of the entry.
 */
int eq_stats_count(lua_State *L)
{
  lua_Integer i = luaL_checkinteger(L, 2);
  luaL_argcheck(L, i >= 1 && i <= EQ_COUNTERS, 2, "1 to 8 expected");
  lua_Integer by = luaL_optinteger(L, 3, 1);
  luaL_argcheck(L, by >= 0, 3, "a counter never goes back");
  struct eq_slot *slot = eq_slot_check(L);
  struct eq_entry *entry = eq_slot_enter(L, slot, true, eq_now_ns());
  entry->counts[i - 1] += (uint64_t)by;
  eq_slot_leave(slot);
  return 0;
}

/* slot:counters() -> list of the 8 counters of the entry */
int eq_stats_counters(lua_State *L)
{
  struct eq_slot *slot = eq_slot_check(L);
  uint64_t counts[EQ_COUNTERS] = {0};
  struct eq_entry *entry = eq_slot_enter(L, slot, false, eq_now_ns());
  for (int i = 0; i < EQ_COUNTERS && entry != NULL; i++) {
    counts[i] = entry->counts[i];
  }
  eq_slot_leave(slot);
  lua_createtable(L, EQ_COUNTERS, 0);
  for (int i = 0; i < EQ_COUNTERS; i++) {
    eq_push_id(L, counts[i]);
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

/* From now to then, for ever where that is. */
static int64_t left_of(int64_t then, int64_t now)
{
  if (then == EQ_FOREVER) {
    return EQ_FOREVER;
  }
  return then > now ? then - now : 0;
}

/* Fills in what comes next: `fresh` is the time left of it, `left` that of the
 * back-off; the leader's renewal is 0 where none is under way. */
static void look_ahead(const struct eq_entry *entry, int64_t now,
                       struct eq_snapshot *snapshot)
{
  eq_entry_peek(entry, now, entry->token.serial, snapshot);
  bool fresh = snapshot->state == EQ_FRESH;
  snapshot->fresh = fresh ? left_of(snapshot->fresh, now) : 0;
  snapshot->left = left_of(entry->backoff.until, now);
  eq_secret_copy(&snapshot->failure, &entry->failure);
  if (!eq_entry_pending(entry, 0, now, &snapshot->leader_status)) {
    snapshot->leader_status.renewal = 0;
  }
}

/*
 * slot:outlook() -> fresh, backoff, failure | nil, renewing
 * What comes next: the seconds for which the token is fresh, those of a
 * back-off, the last failure or note, and whether a renewal is under way.
 */
int eq_stats_outlook(lua_State *L)
{
  lua_settop(L, 1);
  struct eq_snapshot *snapshot = eq_snapshot_take(L); /* [slot, snapshot] */
  struct eq_slot *slot = eq_slot_check(L);
  int64_t now = eq_now_ns();
  struct eq_entry *entry = eq_slot_enter(L, slot, false, now);
  snapshot->fresh = 0;
  snapshot->left = 0;
  snapshot->leader_status.renewal = 0;
  if (entry != NULL) {
    look_ahead(entry, now, snapshot);
  }
  eq_slot_leave(slot);
  eq_push_seconds(L, snapshot->fresh);
  eq_push_seconds(L, snapshot->left);
  eq_push_secret_or_nil(L, &snapshot->failure);
  lua_pushboolean(L, snapshot->leader_status.renewal != 0);
  eq_snapshot_give(L, 2);
  return 4;
}

static void set_number(lua_State *L, const char *name, uint64_t value)
{
  eq_push_id(L, value);
  lua_setfield(L, -2, name);
}

/*
 * tokens.info() -> {shared=, slots=, used=, evicted=, private= [, mistake=]}
 * The common table: do forked processes share it, how many tokens does it have
 * places for, how many are taken; since the start, how many tokens that were
 * of use had to go for others, and how often there was no place at all.
 * mistake: what is wrong with the number of places that was asked for.
 */
int eq_stats_info(lua_State *L)
{
  struct eq_table *table = eq_table_common();
  uint64_t used = 0, evicted = 0, privates = 0;
  if (table != NULL && eq_table_lock(table)) {
    used = table->taken[EQ_KIND_TOKEN];
    evicted = table->evicted[EQ_KIND_TOKEN];
    privates = table->privates;
    eq_table_unlock(table);
  }
  lua_createtable(L, 0, 6);
  lua_pushboolean(L, eq_table_is_shared());
  lua_setfield(L, -2, "shared");
  set_number(L, "slots", table != NULL ? table->tokens : 0);
  set_number(L, "used", used);
  set_number(L, "evicted", evicted);
  set_number(L, "private", privates);
  lua_pushstring(L, eq_places_mistake());
  lua_setfield(L, -2, "mistake");
  return 1;
}
