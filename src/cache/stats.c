/*
 * stats: the law is in stats.h.
 */
#include "cache/stats.h"

#include "cache/lua_values.h"
#include "cache/places.h"
#include "cache/slot.h"

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
