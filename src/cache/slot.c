/*
 * slot: the laws are in slot.h.
 */
#include "cache/slot.h"

#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/memory.h"
#include "cache/futex.h"
#include "cache/placement.h"
#include "cache/snapshot.h"

#define STATE_DATA "equinix.slot.state_data"

/* How often a private entry asks for a place in the common table. */
#define ASK_EVERY EQ_NS_PER_S

static const char magic;

/* Made with the first slot of a Lua state; its registry keeps it. */
static struct eq_state_data *state_data_of(lua_State *L)
{
  lua_getfield(L, LUA_REGISTRYINDEX, STATE_DATA);
  struct eq_state_data *state_data = lua_touserdata(L, -1);
  if (state_data == NULL) {
    state_data = lua_newuserdata(L, sizeof *state_data);
    state_data->privates = NULL;
    lua_setfield(L, LUA_REGISTRYINDEX, STATE_DATA);
  }
  lua_pop(L, 1);
  return state_data;
}

/* SHA-256 of the salt, the key's digest and what it is: names alone don't
 * allow a known key to be recognized without the salt, and a token never has
 * the entry of a note. */
static bool name_of(const unsigned char *salt, enum eq_kind kind,
                    const char *key, size_t len, unsigned char *name)
{
  unsigned char both[EQ_SALT_SIZE + EQ_DIGEST_SIZE + 1] = {0};
  both[sizeof both - 1] = kind != EQ_KIND_TOKEN;
  if (salt != NULL) {
    memcpy(both, salt, EQ_SALT_SIZE);
  }
  bool ok = eq_digest(key, len, both + EQ_SALT_SIZE) == 0 &&
            eq_digest(both, sizeof both, name) == 0;
  OPENSSL_cleanse(both, sizeof both);
  return ok;
}

/* The copy belongs to the old entry and is not valid for the new one. */
static void move(struct eq_slot *slot, struct eq_entry *entry)
{
  if (slot->entry != entry) {
    slot->entry = entry;
    slot->tick = -1;
    slot->serial = 0;
  }
}

static void leave_private(struct eq_slot *slot)
{
  if (slot->own != NULL) {
    move(slot, NULL);
    eq_private_leave(slot->state_data, slot->own);
    slot->own = NULL;
  }
}

/* Moves the slot to a private table, to that of other slots of this name in
 * this state if there is one. */
static void go_private(lua_State *L, struct eq_slot *slot, int64_t now)
{
  struct eq_private_table *own =
      slot->alone ? NULL : eq_private_find(slot->state_data, slot->name);
  if (own == NULL) {
    own = eq_private_new(slot->state_data, slot->name, slot->kind, slot->alone,
                         now);
    if (own == NULL) {
      (void)eq_no_memory(L);
      return; /* not reached */
    }
    slot->crowding = EQ_PRIVATE;
  }
  own->users++;
  slot->own = own;
  slot->table = own->table;
  move(slot, NULL);
}

void eq_slot_reopen(lua_State *L, struct eq_slot *slot, const char *key,
                    size_t len)
{
  struct eq_table *table = eq_table_common();
  eq_slot_close(slot);
  if (!name_of(table != NULL ? table->salt : NULL, slot->kind, key, len,
               slot->name)) {
    (void)eq_libcrypto_failed(L, "libcrypto can't compute SHA-256");
  }
  slot->table = table;
  slot->crowding = EQ_ROOM;
  slot->alone = false;
  slot->open = true;
}

struct eq_slot *eq_slot_open(lua_State *L, const char *key, size_t len,
                             enum eq_kind kind, bool alone)
{
  struct eq_state_data *state_data = state_data_of(L);
  struct eq_slot *slot = eq_newobject(L, sizeof *slot, EQ_SLOT_CLASS);
  memset(slot, 0, sizeof *slot);
  slot->magic = &magic;
  slot->tick = -1;
  slot->state_data = state_data;
  slot->kind = kind;
  lua_createtable(L, 1, 0);
  eq_setvalue(L, -2);
  if (key == NULL) {
    return slot;
  }
  eq_slot_reopen(L, slot, key, len);
  slot->alone = alone;
  return slot;
}

struct eq_slot *eq_slot_at(lua_State *L, int idx)
{
  return eq_object_at(L, idx, sizeof(struct eq_slot), &magic);
}

struct eq_slot *eq_slot_check(lua_State *L)
{
  struct eq_slot *slot = eq_slot_at(L, 1);
  if (slot == NULL) {
    luaL_argerror(L, 1, "token slot expected");
    return NULL; /* not reached */
  }
  if (!slot->open) {
    luaL_error(L, "the token slot is closed");
  }
  return slot;
}

/* The entry in the common table, which is locked; with `create` a new one if
 * there may be one more. */
static struct eq_entry *locate(struct eq_slot *slot, struct eq_table *table,
                               bool create, int64_t now)
{
  struct eq_entry *entry = eq_placement_find(
      table, slot->own == NULL ? slot->entry : NULL, slot->name);
  bool evicted = false;
  if (entry == NULL && create) {
    entry = eq_placement_claim(table, slot->name, slot->kind, now, &evicted);
  }
  if (evicted) {
    slot->crowding = EQ_EVICTED;
  }
  return entry;
}

/* Enters the common table, with all that a private one held; false: it can't
 * be there, and nothing is locked. */
static bool enter_common(struct eq_slot *slot, bool create, int64_t now)
{
  struct eq_table *table = slot->alone ? NULL : eq_table_common();
  struct eq_private_table *own =
      slot->own != NULL ? slot->own
                        : eq_private_find(slot->state_data, slot->name);
  if (table == NULL || (own != NULL && eq_private_is_led(own)) ||
      !eq_table_lock(table)) {
    return false;
  }
  bool brings = own != NULL && eq_private_has_content(own);
  bool asks = create || (brings && now >= own->ask_at);
  struct eq_entry *entry = locate(slot, table, asks, now);
  if (entry == NULL && (brings || create)) {
    table->privates += brings ? 0 : 1;
    eq_table_unlock(table);
    return false;
  }
  if (brings) {
    eq_entry_move(entry, &own->table->entries[0], eq_table_id(table), now);
  }
  leave_private(slot);
  slot->table = table;
  move(slot, entry);
  return true;
}

static void enter_private(lua_State *L, struct eq_slot *slot, int64_t now)
{
  if (slot->own == NULL) {
    go_private(L, slot, now);
  }
  if (!eq_table_lock(slot->table)) {
    luaL_error(L, "the lock of a private token entry failed");
    return; /* not reached */
  }
  struct eq_entry *entry = &slot->table->entries[0];
  if (!entry->taken) { /* it had moved to the common table */
    eq_entry_claim(entry, slot->name, slot->kind, now);
    slot->crowding = EQ_PRIVATE;
  }
  if (now >= slot->own->ask_at) {
    slot->own->ask_at = eq_after(now, ASK_EVERY);
  }
  move(slot, entry);
}

struct eq_entry *eq_slot_enter(lua_State *L, struct eq_slot *slot, bool create,
                               int64_t now)
{
  if (!enter_common(slot, create, now)) {
    enter_private(L, slot, now);
  }
  if (slot->entry != NULL) {
    slot->entered = eq_entry_generation(slot->entry);
  }
  return slot->entry;
}

void eq_slot_leave(struct eq_slot *slot)
{
  struct eq_entry *entry = slot->entry;
  bool written = entry != NULL && eq_entry_generation(entry) != slot->entered;
  eq_table_unlock(slot->table);
  if (written) {
    eq_futex_wake(&entry->generation);
  }
}

void eq_slot_box(lua_State *L, int idx)
{
  eq_getvalue(L, idx);
}

void eq_slot_drop_copy(lua_State *L, struct eq_slot *slot, int box)
{
  slot->tick = -1;
  slot->serial = 0;
  lua_pushnil(L);
  lua_rawseti(L, box, 1);
}

/*
 * Is the copy still valid at a new tick? Here and below the tick is read
 * before the time: if the machine is suspended between the two, the tick is
 * the old one, and the copy is checked again.
 */
static bool confirm(struct eq_slot *slot)
{
  int64_t tick = eq_coarse_ns();
  int64_t now = eq_now_ns();
  if (slot->serial == 0 || now >= slot->fresh_until ||
      (slot->own != NULL && !slot->alone && now >= slot->own->ask_at) ||
      eq_entry_generation(slot->entry) != slot->generation) {
    return false;
  }
  slot->tick = tick;
  eq_entry_touch(slot->entry, now);
  return true;
}

/* Reads the entry into the snapshot, and a fresh header into the box. */
static enum eq_state reread(lua_State *L, struct eq_slot *slot, int box,
                            struct eq_snapshot *snapshot)
{
  int64_t tick = eq_coarse_ns();
  int64_t now = eq_now_ns();
  struct eq_entry *entry = eq_slot_enter(L, slot, false, now);
  uint32_t generation = 0;
  snapshot->state = EQ_EMPTY;
  if (entry != NULL) {
    eq_entry_peek(entry, now, slot->serial, snapshot);
    eq_entry_touch(entry, now);
    generation = eq_entry_generation(entry);
  }
  eq_slot_leave(slot);
  if (snapshot->state != EQ_FRESH) {
    eq_slot_drop_copy(L, slot, box);
    return snapshot->state;
  }
  if (snapshot->serial != slot->serial) {
    eq_slot_drop_copy(L, slot,
                      box); /* first: there may be no memory for a new one */
    lua_pushlstring(L, (const char *)snapshot->header.bytes,
                    snapshot->header.len);
    lua_rawseti(L, box, 1);
    slot->copy++;
  }
  if (slot->entry == entry) { /* no finalizer closed or moved it */
    slot->serial = snapshot->serial;
    slot->fresh_until = snapshot->fresh;
    slot->generation = generation;
    slot->tick = tick;
  }
  return EQ_FRESH;
}

enum eq_state eq_slot_refresh(lua_State *L, struct eq_slot *slot, int box)
{
  if (confirm(slot)) {
    return EQ_FRESH;
  }
  struct eq_snapshot *snapshot = eq_snapshot_take(L);
  int at = lua_gettop(L);
  enum eq_state state = EQ_CLOSED;
  if (slot->open) {
    state = reread(L, slot, box, snapshot);
  }
  eq_snapshot_give(L, at);
  lua_settop(L, at - 1);
  return state;
}

/* Ends a renewal that this slot leads, so that the next leader does not wait
 * for the end of its lease. Not in a forked child: it belongs to the parent.
 */
static void end_lease(struct eq_slot *slot)
{
  if (slot->lease == 0 || slot->lease_pid != getpid() ||
      !eq_table_lock(slot->table)) {
    return;
  }
  struct eq_entry *entry =
      slot->own != NULL
          ? slot->entry
          : eq_placement_find(slot->table, slot->entry, slot->name);
  bool written = entry != NULL &&
                 eq_entry_fail(entry, slot->lease, (struct eq_bytes){0}, 0);
  eq_table_unlock(slot->table);
  if (written) {
    eq_futex_wake(&entry->generation);
  }
}

void eq_slot_close(struct eq_slot *slot)
{
  if (!slot->open) {
    return;
  }
  end_lease(slot);
  slot->open = false;
  move(slot, NULL);
  leave_private(slot);
}
