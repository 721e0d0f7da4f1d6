/*
 * slot: the laws are in slot.h.
 */
#include "cache/slot.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "cache/futex.h"
#include "cache/snapshot.h"

#define STATE_DATA "equinix.slot.state_data"

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

/* SHA-256 of the salt and the key's digest: names alone don't allow a known
 * key to be recognized without the salt. */
static bool name_of(const unsigned char *salt, const char *key, size_t len,
                    unsigned char *name)
{
  unsigned char both[EQ_SALT_SIZE + EQ_DIGEST_SIZE] = {0};
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

/* Moves the slot to a private table. */
static void attach(struct eq_slot *slot, struct eq_private_table *own)
{
  own->users++;
  slot->own = own;
  slot->table = own->table;
  move(slot, NULL);
}

/* NULL: no memory. No slot uses it yet, and the state data lacks it. */
static struct eq_private_table *new_private(const unsigned char *name)
{
  struct eq_private_table *own = malloc(sizeof *own);
  if (own == NULL) {
    return NULL;
  }
  own->next = NULL;
  own->users = 0;
  memcpy(own->name, name, EQ_NAME_SIZE);
  own->table = eq_table_private(name, eq_now_ns());
  if (own->table == NULL) {
    free(own);
    return NULL;
  }
  return own;
}

static void detach(struct eq_state_data *state_data,
                   struct eq_private_table *own)
{
  if (--own->users > 0) {
    return;
  }
  struct eq_private_table **link = &state_data->privates;
  while (*link != NULL && *link != own) {
    link = &(*link)->next;
  }
  if (*link != NULL) {
    *link = own->next;
  }
  eq_table_free(own->table);
  free(own);
}

/* Uses the private table that other slots of this name have in this state. */
static bool join_private(struct eq_slot *slot)
{
  struct eq_private_table *own = slot->state_data->privates;
  while (own != NULL && memcmp(own->name, slot->name, EQ_NAME_SIZE) != 0) {
    own = own->next;
  }
  if (own != NULL) {
    attach(slot, own);
  }
  return own != NULL;
}

static void go_private(lua_State *L, struct eq_slot *slot, bool alone)
{
  if (slot->own != NULL) {
    luaL_error(L, "the lock of a private token entry failed");
  }
  struct eq_private_table *own = new_private(slot->name);
  if (own == NULL) {
    luaL_error(L, "not enough memory for a private token entry");
    return; /* not reached */
  }
  if (!alone) {
    own->next = slot->state_data->privates;
    slot->state_data->privates = own;
  }
  attach(slot, own);
}

void eq_slot_reopen(lua_State *L, struct eq_slot *slot, const char *key,
                    size_t len)
{
  struct eq_table *table = eq_table_common();
  eq_slot_close(slot);
  if (!name_of(table != NULL ? table->salt : NULL, key, len, slot->name)) {
    luaL_error(L, "libcrypto can't compute SHA-256");
  }
  slot->table = table;
  slot->open = true;
}

struct eq_slot *eq_slot_open(lua_State *L, const char *key, size_t len,
                             bool alone)
{
  struct eq_state_data *state_data = state_data_of(L);
  struct eq_slot *slot = eq_newobject(L, sizeof *slot, EQ_SLOT_CLASS);
  memset(slot, 0, sizeof *slot);
  slot->magic = &magic;
  slot->tick = -1;
  slot->state_data = state_data;
  lua_createtable(L, 1, 0);
  eq_setvalue(L, -2);
  if (key == NULL) {
    return slot;
  }
  eq_slot_reopen(L, slot, key, len);
  if (alone) {
    go_private(L, slot, true);
  }
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

/* Finds the entry where it was, or where it is now; under the lock. */
static bool locate(struct eq_slot *slot, bool create, int64_t now)
{
  struct eq_entry *entry = eq_table_find(slot->table, slot->entry, slot->name);
  if (entry == NULL && create) {
    entry = eq_table_claim(slot->table, slot->name, now);
  }
  move(slot, entry);
  return entry != NULL || !create;
}

struct eq_entry *eq_slot_enter(lua_State *L, struct eq_slot *slot, bool create,
                               int64_t now)
{
  if (slot->own == NULL) {
    (void)join_private(slot);
  }
  for (;;) {
    if (slot->table != NULL && eq_table_lock(slot->table)) {
      if (locate(slot, create, now)) {
        break;
      }
      eq_table_unlock(slot->table);
    }
    go_private(L, slot, false);
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
  struct eq_entry *entry = eq_table_find(slot->table, slot->entry, slot->name);
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
  if (slot->own != NULL) {
    detach(slot->state_data, slot->own);
    slot->own = NULL;
  }
}
