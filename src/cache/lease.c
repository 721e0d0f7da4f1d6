/*
 * lease: the law is in lease.h.
 */
#include "cache/lease.h"

#include <unistd.h>

#include "cache/futex.h"
#include "cache/lua_values.h"
#include "cache/slot.h"
#include "cache/snapshot.h"

/* How often a waiter, or a caller that polls, checks whether a leader died. */
#define SLICE (100 * EQ_NS_PER_MS)

/* The client's default timeout of 30 s, and time for a leader's clean-up. */
#define LEASE_SECONDS 35.0

/* What it took to have an entry, once. */
static void push_crowding(lua_State *L, struct eq_slot *slot)
{
  static const char *const names[] = {
      [EQ_ROOM] = NULL, [EQ_EVICTED] = "evicted", [EQ_PRIVATE] = "private"};
  lua_pushstring(L, names[slot->crowding]); /* nil for NULL */
  slot->crowding = EQ_ROOM;
}

struct begun {
  enum eq_begin_result result;
  struct eq_begin_args args;
  const struct eq_snapshot *snapshot;
};

/* [slot, begun] -> [slot, results]. Called in protected mode. */
static int push_begin_result(lua_State *L)
{
  const struct begun *begun = lua_touserdata(L, 2);
  const struct eq_begin_args *args = &begun->args;
  const struct eq_snapshot *snapshot = begun->snapshot;
  switch (begun->result) {
  case EQ_LEAD:
    lua_pushliteral(L, "lead");
    eq_push_id(L, args->id);
    eq_push_secret_or_nil(L, &snapshot->failure);
    lua_pushboolean(L, snapshot->state == EQ_REJECTED);
    push_crowding(L, eq_slot_at(L, 1));
    return 5;
  case EQ_WAIT:
    lua_pushliteral(L, "wait");
    eq_push_id(L, snapshot->leader_status.renewal);
    lua_pushboolean(
        L, eq_leader_same(&snapshot->leader_status.leader, &args->self));
    return 3;
  case EQ_BACKOFF:
    lua_pushliteral(L, "backoff");
    eq_push_seconds(L, snapshot->left);
    eq_push_secret_or_nil(L, &snapshot->failure);
    return 3;
  case EQ_READY:
    break;
  }
  lua_pushliteral(L, "ready");
  return 1;
}

/*
 * Has that leader died? In a private table a leader of another process counts
 * as dead: this is the copy that a fork made, which the parent never writes.
 */
static bool is_dead(const struct eq_slot *slot, const struct eq_leader *leader)
{
  return (slot->own != NULL && leader->pid != getpid()) ||
         eq_leader_dead(leader);
}

/*
 * Asks once. Whether the leader of a renewal under way is alive is checked
 * later, without the lock: that takes system calls.
 */
static enum eq_begin_result begin_once(lua_State *L, struct eq_slot *slot,
                                       struct eq_begin_args *args,
                                       struct eq_snapshot *snapshot)
{
  args->now = eq_now_ns();
  struct eq_entry *entry = eq_slot_enter(L, slot, true, args->now);
  args->id = eq_table_id(slot->table);
  enum eq_begin_result result = eq_entry_begin(entry, args, snapshot);
  if (result == EQ_LEAD) {
    slot->lease = args->id;
    slot->lease_pid = args->self.pid;
  }
  eq_slot_leave(slot);
  return result;
}

/* Ends a lease of which its caller can't hear. */
static void give_up(lua_State *L, struct eq_slot *slot, uint64_t lease)
{
  struct eq_entry *entry = eq_slot_enter(L, slot, false, eq_now_ns());
  if (entry != NULL) {
    (void)eq_entry_release(entry, lease, (struct eq_bytes){NULL, 0}, false);
  }
  eq_slot_leave(slot);
}

/*
 * slot:acquire([seen [, force [, lease_seconds]]])
 *   -> "lead", lease, last_failure | nil, rejected, crowding
 *    | "wait", renewal, own      own: this OS thread leads that renewal
 *    | "backoff", seconds, failure | nil
 *    | "ready"
 * Who renews the token? `seen` is the serial of a token that the caller does
 * not want: "ready" means that there is another one, which may be served.
 * `force` leads in spite of a back-off, never beside another renewal. A
 * renewal whose leader is dead, or whose lease (35 s by default) is over, is
 * taken over. Crowding: "evicted" where another token that was of use had to
 * go, "private" where no other process can see this entry, else nil.
 */
int eq_lease_acquire(lua_State *L)
{
  struct begun begun = {.args = {.has_seen = !lua_isnoneornil(L, 2)}};
  struct eq_begin_args *args = &begun.args;
  args->seen = args->has_seen ? eq_check_id(L, 2) : 0;
  args->force = lua_toboolean(L, 3) != 0;
  int64_t lease = eq_to_ns(L, 4, luaL_optnumber(L, 4, LEASE_SECONDS));
  eq_leader_self(&args->self);
  lua_settop(L, 1);
  struct eq_snapshot *snapshot = eq_snapshot_take(L); /* [slot, snapshot] */
  struct eq_slot *slot = eq_slot_check(L);
  lua_pushcfunction(L, push_begin_result);
  lua_pushvalue(L, 1);
  lua_pushlightuserdata(L, &begun); /* [slot, snapshot, f, slot, begun] */
  args->lease_until = eq_after(eq_now_ns(), lease);
  begun.snapshot = snapshot;
  begun.result = begin_once(L, slot, args, snapshot);
  while (begun.result == EQ_WAIT &&
         is_dead(slot, &snapshot->leader_status.leader)) {
    args->dead = snapshot->leader_status.renewal;
    begun.result = begin_once(L, slot, args, snapshot);
  }
  if (lua_pcall(L, 2, LUA_MULTRET, 0) != 0) {
    if (begun.result == EQ_LEAD) {
      give_up(L, slot, args->id);
    }
    return lua_error(L);
  }
  int count = lua_gettop(L) - 2;
  eq_snapshot_give(L, 2);
  return count;
}

static int stale(lua_State *L)
{
  lua_pushnil(L);
  lua_pushliteral(L, "stale");
  return 2;
}

static int64_t check_time(lua_State *L, int arg, const char *field,
                          bool optional)
{
  lua_pushstring(L, field);
  lua_rawget(L, arg);
  if (optional && lua_isnil(L, -1)) {
    lua_pop(L, 1);
    return 0;
  }
  if (!lua_isnumber(L, -1)) {
    luaL_argerror(L, arg, lua_pushfstring(L, "no number in '%s'", field));
  }
  int64_t ns = eq_to_ns(L, arg, lua_tonumber(L, -1));
  lua_pop(L, 1);
  return ns;
}

/*
 * slot:publish(lease, record, header, {fresh=, advisory=, expires= [, next=]})
 *   -> serial | nil, "stale"
 * Ends a renewal with a token. Times are absolute, in seconds of core.now(); a
 * token that has expired already is for the waiters of this renewal only.
 * Clears back-off and failure, but no caller leads before `next` unless
 * forced. "stale": another caller has led since, or forget was called.
 */
int eq_lease_publish(lua_State *L)
{
  uint64_t lease = eq_check_id(L, 2);
  const struct eq_slot *kind = eq_slot_at(L, 1);
  bool is_note = kind != NULL && kind->kind != EQ_KIND_TOKEN;
  struct eq_bytes record =
      eq_check_bytes(L, 3, is_note ? EQ_NOTE_RECORD_MAX : EQ_RECORD_MAX);
  struct eq_bytes header =
      eq_check_bytes(L, 4, is_note ? EQ_NOTE_HEADER_MAX : EQ_HEADER_MAX);
  luaL_argcheck(L, header.len > 0, 4, "empty header");
  luaL_checktype(L, 5, LUA_TTABLE);
  struct eq_times until = {
      .fresh = check_time(L, 5, "fresh", false),
      .advisory = check_time(L, 5, "advisory", false),
      .expires = check_time(L, 5, "expires", false),
      .next = check_time(L, 5, "next", true),
  };
  struct eq_slot *slot = eq_slot_check(L);
  int64_t now = eq_now_ns();
  struct eq_entry *entry = eq_slot_enter(L, slot, false, now);
  bool ok = entry != NULL &&
            eq_entry_publish(entry, lease, record, header, &until, now);
  eq_slot_leave(slot);
  if (!ok) {
    return stale(L);
  }
  eq_push_id(L, lease); /* a token has the number of its renewal */
  return 1;
}

/*
 * slot:fail(lease, failure | nil, seconds) -> true | nil, "stale"
 * Ends a renewal without a token: the waiters share the failure, and no caller
 * leads for `seconds` unless forced. Without a failure the waiters get "gone",
 * and with 0 seconds an older back-off stays.
 */
int eq_lease_fail(lua_State *L)
{
  uint64_t lease = eq_check_id(L, 2);
  struct eq_bytes failure = {NULL, 0};
  if (!lua_isnoneornil(L, 3)) {
    failure = eq_check_bytes(L, 3, EQ_FAILURE_MAX);
  }
  int64_t span = eq_check_seconds(L, 4);
  struct eq_slot *slot = eq_slot_check(L);
  int64_t now = eq_now_ns();
  struct eq_entry *entry = eq_slot_enter(L, slot, false, now);
  bool ok = entry != NULL && eq_entry_fail(entry, lease, failure,
                                           span > 0 ? eq_after(now, span) : 0);
  eq_slot_leave(slot);
  if (!ok) {
    return stale(L);
  }
  lua_pushboolean(L, 1);
  return 1;
}

/*
 * slot:release(lease [, note [, pinned]]) -> true | nil, "stale"
 * Ends a lease without token or failure, as a lock is released: the waiters
 * get "gone". The next leader gets the note as `last_failure`; without one,
 * what was there stays. A slot that is released as pinned is never evicted,
 * and only a forced acquire leads there, until another note is left.
 */
int eq_lease_release(lua_State *L)
{
  uint64_t lease = eq_check_id(L, 2);
  struct eq_bytes note = {NULL, 0};
  if (!lua_isnoneornil(L, 3)) {
    note = eq_check_bytes(L, 3, EQ_FAILURE_MAX);
  }
  bool pinned = lua_toboolean(L, 4) != 0;
  struct eq_slot *slot = eq_slot_check(L);
  struct eq_entry *entry = eq_slot_enter(L, slot, false, eq_now_ns());
  bool ok = entry != NULL && eq_entry_release(entry, lease, note, pinned);
  eq_slot_leave(slot);
  if (!ok) {
    return stale(L);
  }
  lua_pushboolean(L, 1);
  return 1;
}

/*
 * slot:note(lease, note) -> true | nil, "stale"
 * For a step that must not be taken twice: if this leader never ends the
 * renewal, the next one gets the note as `last_failure`. Ends nothing.
 */
int eq_lease_note(lua_State *L)
{
  uint64_t lease = eq_check_id(L, 2);
  struct eq_bytes note = eq_check_bytes(L, 3, EQ_FAILURE_MAX);
  struct eq_slot *slot = eq_slot_check(L);
  struct eq_entry *entry = eq_slot_enter(L, slot, false, eq_now_ns());
  bool ok = entry != NULL && eq_entry_note(entry, lease, note);
  eq_slot_leave(slot);
  if (!ok) {
    return stale(L);
  }
  lua_pushboolean(L, 1);
  return 1;
}

/*
 * Has the leader of that renewal died? Asks the system at most once a slice,
 * as a thousand coroutines may poll for one renewal.
 */
static bool is_leader_lost(struct eq_slot *slot,
                           const struct eq_leader_status *leader_status,
                           int64_t now)
{
  if (slot->alive == leader_status->renewal && now - slot->alive_at < SLICE) {
    return false;
  }
  if (is_dead(slot, &leader_status->leader)) {
    return true;
  }
  slot->alive = leader_status->renewal;
  slot->alive_at = now;
  return false;
}

static int push_outcome(lua_State *L, const struct eq_snapshot *snapshot,
                        enum eq_outcome outcome)
{
  switch (outcome) {
  case EQ_PENDING:
    lua_pushliteral(L, "pending");
    return 1;
  case EQ_PUBLISHED:
    lua_pushliteral(L, "published");
    eq_push_id(L, snapshot->serial);
    eq_push_secret(L, &snapshot->header);
    eq_push_secret(L, &snapshot->record);
    return 4;
  case EQ_FAILED:
    lua_pushliteral(L, "failed");
    eq_push_secret(L, &snapshot->failure);
    eq_push_seconds(L, snapshot->left);
    return 3;
  case EQ_GONE:
    break;
  }
  lua_pushliteral(L, "gone");
  return 1;
}

/*
 * slot:result(renewal)
 *   -> "pending" | "published", serial, header, record
 *    | "failed", failure, seconds | "gone"
 * How did that renewal end? Its waiters get the token even if it has expired.
 * "gone": the leader is dead, the lease is over, the token was refused since
 * or the entry was given away; acquire again.
 */
int eq_lease_result(lua_State *L)
{
  uint64_t renewal = eq_check_id(L, 2);
  lua_settop(L, 1);
  struct eq_snapshot *snapshot = eq_snapshot_take(L); /* [slot, snapshot] */
  struct eq_slot *slot = eq_slot_check(L);
  int64_t now = eq_now_ns();
  struct eq_entry *entry = eq_slot_enter(L, slot, false, now);
  enum eq_outcome outcome = EQ_GONE;
  if (entry != NULL) {
    outcome = eq_entry_outcome(entry, renewal, now, snapshot);
  }
  eq_slot_leave(slot);
  if (outcome == EQ_PENDING &&
      is_leader_lost(slot, &snapshot->leader_status, now)) {
    outcome = EQ_GONE;
  }
  int count = push_outcome(L, snapshot, outcome);
  eq_snapshot_give(L, 2);
  return count;
}

static int64_t least(int64_t a, int64_t b, int64_t c)
{
  int64_t ab = a < b ? a : b;
  return ab < c ? ab : c;
}

/*
 * slot:wait(seconds [, renewal]) -> boolean
 * Blocks the OS thread until that renewal (or the one under way) has ended or
 * its leader is dead: true; or for `seconds`: false.
 */
int eq_lease_wait(lua_State *L)
{
  int64_t deadline = eq_after(eq_now_ns(), eq_check_seconds(L, 2));
  uint64_t renewal = lua_isnoneornil(L, 3) ? 0 : eq_check_id(L, 3);
  struct eq_slot *slot = eq_slot_check(L);
  struct eq_leader_status leader_status;
  for (;;) {
    int64_t now = eq_now_ns();
    struct eq_entry *entry = eq_slot_enter(L, slot, false, now);
    bool pending =
        entry != NULL && eq_entry_pending(entry, renewal, now, &leader_status);
    uint32_t seen = slot->entered;
    eq_slot_leave(slot);
    if (!pending || is_leader_lost(slot, &leader_status, now)) {
      lua_pushboolean(L, 1);
      return 1;
    }
    if (now >= deadline) {
      lua_pushboolean(L, 0);
      return 1;
    }
    eq_futex_wait(&entry->generation, seen,
                  least(SLICE, deadline - now, leader_status.lease_left));
  }
}
