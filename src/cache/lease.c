/* lease: see lease.h for the law. */
#include "cache/lease.h"

#include <unistd.h>

#include "cache/futex.h"
#include "cache/lua_values.h"
#include "cache/slot.h"
#include "cache/snapshot.h"

/* A death is looked for this often, by waiters and by those who poll. */
#define SLICE (100 * EQ_NS_PER_MS)

/* Room for a leader's clean-up after the client's default of 30 s. */
#define LEASE_SECONDS 35.0

static int push_turn(lua_State *L, enum eq_turn turn, const struct eq_ask *ask,
                     const struct eq_view *view)
{
  switch (turn) {
  case EQ_LEAD:
    lua_pushliteral(L, "lead");
    eq_push_id(L, ask->id);
    eq_push_secret_or_nil(L, &view->failure);
    lua_pushboolean(L, view->state == EQ_REJECTED);
    return 4;
  case EQ_WAIT:
    lua_pushliteral(L, "wait");
    eq_push_id(L, view->pulse.flight);
    lua_pushboolean(L, eq_leader_same(&view->pulse.leader, &ask->self));
    return 3;
  case EQ_BACKOFF:
    lua_pushliteral(L, "backoff");
    eq_push_seconds(L, view->left);
    eq_push_secret_or_nil(L, &view->failure);
    return 3;
  case EQ_READY:
    break;
  }
  lua_pushliteral(L, "ready");
  return 1;
}

/*
 * Has that leader died? So has any of another process at a private place:
 * this is the copy that a fork made, and nothing of the parent's lands here.
 */
static bool is_dead(const struct eq_slot *slot, const struct eq_leader *leader)
{
  return (slot->own != NULL && leader->pid != getpid()) ||
         eq_leader_dead(leader);
}

/*
 * Asks once. When the answer is to wait for a flight, its leader's pulse is
 * felt after the lock was given back: that takes system calls.
 */
static enum eq_turn ask_once(lua_State *L, struct eq_slot *slot,
                             struct eq_ask *ask, struct eq_view *view)
{
  ask->now = eq_now_ns();
  struct eq_place *place = eq_slot_enter(L, slot, true, ask->now);
  ask->id = eq_table_id(slot->table);
  enum eq_turn turn = eq_place_begin(place, ask, view);
  if (turn == EQ_LEAD) {
    slot->lease = ask->id;
    slot->lease_pid = ask->self.pid;
  }
  eq_slot_leave(slot);
  return turn;
}

/*
 * slot:acquire([seen [, force [, lease_seconds]]])
 *   -> "lead", lease, last_failure | nil, rejected
 *    | "wait", flight, own      own: this OS thread leads that flight
 *    | "backoff", seconds, failure | nil
 *    | "ready"
 * Who fetches the next token? `seen` is the serial of a token the caller does
 * not want: another one, if it may be served, makes him "ready". `force`
 * leads in spite of a back-off, never beside a flight. The flight of a dead
 * leader, or one whose lease (35 s unless told) is over, is taken over.
 */
int eq_lease_begin(lua_State *L)
{
  struct eq_ask ask = {.has_seen = !lua_isnoneornil(L, 2)};
  ask.seen = ask.has_seen ? eq_check_id(L, 2) : 0;
  ask.force = lua_toboolean(L, 3) != 0;
  int64_t lease = eq_to_ns(L, 4, luaL_optnumber(L, 4, LEASE_SECONDS));
  eq_leader_self(&ask.self);
  lua_settop(L, 1);
  struct eq_view *view = eq_view_take(L); /* [slot, view] */
  struct eq_slot *slot = eq_slot_check(L);
  ask.lease_until = eq_after(eq_now_ns(), lease);
  enum eq_turn turn = ask_once(L, slot, &ask, view);
  while (turn == EQ_WAIT && is_dead(slot, &view->pulse.leader)) {
    ask.dead = view->pulse.flight;
    turn = ask_once(L, slot, &ask, view);
  }
  int count = push_turn(L, turn, &ask, view);
  eq_view_give(L, 2);
  return count;
}

static int stale(lua_State *L)
{
  lua_pushnil(L);
  lua_pushliteral(L, "stale");
  return 2;
}

static int64_t check_time(lua_State *L, int arg, const char *field)
{
  lua_pushstring(L, field);
  lua_rawget(L, arg);
  if (!lua_isnumber(L, -1)) {
    luaL_argerror(L, arg, lua_pushfstring(L, "no number in '%s'", field));
  }
  int64_t ns = eq_to_ns(L, arg, lua_tonumber(L, -1));
  lua_pop(L, 1);
  return ns;
}

/*
 * slot:publish(lease, record, header, {fresh=, advisory=, expires=})
 *   -> serial | nil, "stale"
 * Ends a flight with a token. Times are absolute, in seconds of core.now();
 * a life that is over already is for the waiters of this flight only. Clears
 * back-off and failure. "stale": another one leads or led since, or forget.
 */
int eq_lease_publish(lua_State *L)
{
  uint64_t lease = eq_check_id(L, 2);
  struct eq_text record = eq_check_text(L, 3, EQ_RECORD_MAX);
  struct eq_text header = eq_check_text(L, 4, EQ_HEADER_MAX);
  luaL_argcheck(L, header.len > 0, 4, "empty header");
  luaL_checktype(L, 5, LUA_TTABLE);
  struct eq_times until = {
      .fresh = check_time(L, 5, "fresh"),
      .advisory = check_time(L, 5, "advisory"),
      .expires = check_time(L, 5, "expires"),
  };
  struct eq_slot *slot = eq_slot_check(L);
  int64_t now = eq_now_ns();
  struct eq_place *place = eq_slot_enter(L, slot, false, now);
  bool ok = place != NULL &&
            eq_place_publish(place, lease, record, header, &until, now);
  eq_slot_leave(slot);
  if (!ok) {
    return stale(L);
  }
  eq_push_id(L, lease); /* a token is named after its flight */
  return 1;
}

/*
 * slot:fail(lease, failure | nil, seconds) -> true | nil, "stale"
 * Ends a flight without a token: the waiters share the failure, and nobody
 * leads for `seconds` unless forced. Without a failure the waiters are told
 * "gone", and with 0 seconds an older back-off stays.
 */
int eq_lease_fail(lua_State *L)
{
  uint64_t lease = eq_check_id(L, 2);
  struct eq_text failure = {NULL, 0};
  if (!lua_isnoneornil(L, 3)) {
    failure = eq_check_text(L, 3, EQ_FAILURE_MAX);
  }
  int64_t span = eq_check_seconds(L, 4);
  struct eq_slot *slot = eq_slot_check(L);
  int64_t now = eq_now_ns();
  struct eq_place *place = eq_slot_enter(L, slot, false, now);
  bool ok = place != NULL && eq_place_fail(place, lease, failure,
                                           span > 0 ? eq_after(now, span) : 0);
  eq_slot_leave(slot);
  if (!ok) {
    return stale(L);
  }
  lua_pushboolean(L, 1);
  return 1;
}

/*
 * slot:note(lease, note) -> true | nil, "stale"
 * Before a step that must not be taken twice: if this leader never comes
 * back, the next one gets the note as `last_failure`. Ends nothing.
 */
int eq_lease_mark(lua_State *L)
{
  uint64_t lease = eq_check_id(L, 2);
  struct eq_text note = eq_check_text(L, 3, EQ_FAILURE_MAX);
  struct eq_slot *slot = eq_slot_check(L);
  struct eq_place *place = eq_slot_enter(L, slot, false, eq_now_ns());
  bool ok = place != NULL && eq_place_mark(place, lease, note);
  eq_slot_leave(slot);
  if (!ok) {
    return stale(L);
  }
  lua_pushboolean(L, 1);
  return 1;
}

/*
 * Has the leader of that flight died? Feels the pulse at most once a slice,
 * since a thousand light threads may poll for one flight.
 */
static bool lost(struct eq_slot *slot, const struct eq_pulse *pulse,
                 int64_t now)
{
  if (slot->alive == pulse->flight && now - slot->alive_at < SLICE) {
    return false;
  }
  if (is_dead(slot, &pulse->leader)) {
    return true;
  }
  slot->alive = pulse->flight;
  slot->alive_at = now;
  return false;
}

static int push_outcome(lua_State *L, const struct eq_view *view,
                        enum eq_end end)
{
  switch (end) {
  case EQ_PENDING:
    lua_pushliteral(L, "pending");
    return 1;
  case EQ_PUBLISHED:
    lua_pushliteral(L, "published");
    eq_push_id(L, view->serial);
    eq_push_secret(L, &view->header);
    eq_push_secret(L, &view->record);
    return 4;
  case EQ_FAILED:
    lua_pushliteral(L, "failed");
    eq_push_secret(L, &view->failure);
    eq_push_seconds(L, view->left);
    return 3;
  case EQ_GONE:
    break;
  }
  lua_pushliteral(L, "gone");
  return 1;
}

/*
 * slot:result(flight)
 *   -> "pending" | "published", serial, header, record
 *    | "failed", failure, seconds | "gone"
 * How did that flight end? The token is given though its life be over, it is
 * for those who waited. "gone": leader dead, lease over, token refused since
 * or place given away; begin again.
 */
int eq_lease_outcome(lua_State *L)
{
  uint64_t flight = eq_check_id(L, 2);
  lua_settop(L, 1);
  struct eq_view *view = eq_view_take(L); /* [slot, view] */
  struct eq_slot *slot = eq_slot_check(L);
  int64_t now = eq_now_ns();
  struct eq_place *place = eq_slot_enter(L, slot, false, now);
  enum eq_end end = EQ_GONE;
  if (place != NULL) {
    end = eq_place_outcome(place, flight, now, view);
  }
  eq_slot_leave(slot);
  if (end == EQ_PENDING && lost(slot, &view->pulse, now)) {
    end = EQ_GONE;
  }
  int count = push_outcome(L, view, end);
  eq_view_give(L, 2);
  return count;
}

static int64_t least(int64_t a, int64_t b, int64_t c)
{
  int64_t ab = a < b ? a : b;
  return ab < c ? ab : c;
}

/*
 * slot:wait(seconds [, flight]) -> boolean
 * Blocks the OS thread until that flight (or the one under way) has ended or
 * its leader is dead: true; or for `seconds`: false.
 */
int eq_lease_wait(lua_State *L)
{
  int64_t deadline = eq_after(eq_now_ns(), eq_check_seconds(L, 2));
  uint64_t flight = lua_isnoneornil(L, 3) ? 0 : eq_check_id(L, 3);
  struct eq_slot *slot = eq_slot_check(L);
  struct eq_pulse pulse;
  for (;;) {
    int64_t now = eq_now_ns();
    struct eq_place *place = eq_slot_enter(L, slot, false, now);
    bool pending =
        place != NULL && eq_place_pending(place, flight, now, &pulse);
    uint32_t seen = slot->entered;
    eq_slot_leave(slot);
    if (!pending || lost(slot, &pulse, now)) {
      lua_pushboolean(L, 1);
      return 1;
    }
    if (now >= deadline) {
      lua_pushboolean(L, 0);
      return 1;
    }
    eq_wake_wait(&place->generation, seen,
                 least(SLICE, deadline - now, pulse.lease_left));
  }
}
