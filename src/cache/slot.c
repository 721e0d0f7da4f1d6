/* slot: see slot.h for the laws. */
#include "cache/slot.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "cache/futex.h"
#include "cache/snapshot.h"

#define HOME "equinix.slot.home"

static const char magic;

/* Made with the first slot of a state, and in its registry until the end. */
static struct eq_home *home_of(lua_State *L)
{
  lua_getfield(L, LUA_REGISTRYINDEX, HOME);
  struct eq_home *home = lua_touserdata(L, -1);
  if (home == NULL) {
    home = lua_newuserdata(L, sizeof *home);
    home->privates = NULL;
    lua_setfield(L, LUA_REGISTRYINDEX, HOME);
  }
  lua_pop(L, 1);
  return home;
}

/* SHA-256 of the salt and the key's digest: whoever reads the table can't
 * even try keys he knows, unless he has the salt as well. */
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

/* The copy was made of the old place and means nothing at the new one. */
static void move(struct eq_slot *slot, struct eq_place *place)
{
  if (slot->place != place) {
    slot->place = place;
    slot->tick = -1;
    slot->serial = 0;
  }
}

/* Moves the slot to a private table. */
static void hold(struct eq_slot *slot, struct eq_private *own)
{
  own->holders++;
  slot->own = own;
  slot->table = own->table;
  move(slot, NULL);
}

/* NULL: no memory. Not yet held by anyone, nor known to the home. */
static struct eq_private *new_private(const unsigned char *name)
{
  struct eq_private *own = malloc(sizeof *own);
  if (own == NULL) {
    return NULL;
  }
  own->next = NULL;
  own->holders = 0;
  memcpy(own->name, name, EQ_NAME_SIZE);
  own->table = eq_table_private(name, eq_now_ns());
  if (own->table == NULL) {
    free(own);
    return NULL;
  }
  return own;
}

static void release(struct eq_home *home, struct eq_private *own)
{
  if (--own->holders > 0) {
    return;
  }
  struct eq_private **link = &home->privates;
  while (*link != NULL && *link != own) {
    link = &(*link)->next;
  }
  if (*link != NULL) {
    *link = own->next;
  }
  eq_table_free(own->table);
  free(own);
}

/* If slots of this name already went private in this state, so does this. */
static bool join_private(struct eq_slot *slot)
{
  struct eq_private *own = slot->home->privates;
  while (own != NULL && memcmp(own->name, slot->name, EQ_NAME_SIZE) != 0) {
    own = own->next;
  }
  if (own != NULL) {
    hold(slot, own);
  }
  return own != NULL;
}

static void go_private(lua_State *L, struct eq_slot *slot, bool alone)
{
  if (slot->own != NULL) {
    luaL_error(L, "the lock of a private token place failed");
  }
  struct eq_private *own = new_private(slot->name);
  if (own == NULL) {
    luaL_error(L, "not enough memory for a private token place");
    return; /* not reached */
  }
  if (!alone) {
    own->next = slot->home->privates;
    slot->home->privates = own;
  }
  hold(slot, own);
}

struct eq_slot *eq_slot_open(lua_State *L, const char *key, size_t len,
                             bool alone)
{
  struct eq_table *table = eq_table_common();
  struct eq_home *home = home_of(L);
  struct eq_slot *slot = eq_newobject(L, sizeof *slot, EQ_SLOT_CLASS);
  memset(slot, 0, sizeof *slot);
  slot->magic = &magic;
  slot->tick = -1;
  slot->home = home;
  lua_createtable(L, 1, 0);
  eq_setvalue(L, -2);
  if (!name_of(table != NULL ? table->salt : NULL, key, len, slot->name)) {
    luaL_error(L, "libcrypto can't compute SHA-256");
  }
  slot->table = table;
  slot->open = true;
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

/* Finds it where it was, or where it is now; under the lock. */
static bool locate(struct eq_slot *slot, bool seat, int64_t now)
{
  struct eq_place *place = eq_table_find(slot->table, slot->place, slot->name);
  if (place == NULL && seat) {
    place = eq_table_claim(slot->table, slot->name, now);
  }
  move(slot, place);
  return place != NULL || !seat;
}

struct eq_place *eq_slot_enter(lua_State *L, struct eq_slot *slot, bool seat,
                               int64_t now)
{
  if (slot->own == NULL) {
    (void)join_private(slot);
  }
  for (;;) {
    if (slot->table != NULL && eq_table_lock(slot->table)) {
      if (locate(slot, seat, now)) {
        break;
      }
      eq_table_unlock(slot->table);
    }
    go_private(L, slot, false);
  }
  if (slot->place != NULL) {
    slot->entered = eq_place_generation(slot->place);
  }
  return slot->place;
}

void eq_slot_leave(struct eq_slot *slot)
{
  struct eq_place *place = slot->place;
  bool written = place != NULL && eq_place_generation(place) != slot->entered;
  eq_table_unlock(slot->table);
  if (written) {
    eq_wake_all(&place->generation);
  }
}

void eq_slot_box(lua_State *L, int idx)
{
  eq_getvalue(L, idx);
}

void eq_slot_drop(lua_State *L, struct eq_slot *slot, int box)
{
  slot->tick = -1;
  slot->serial = 0;
  lua_pushnil(L);
  lua_rawseti(L, box, 1);
}

/*
 * Is the copy still good, seen from a new tick? Here and below the tick is
 * read before the time: should the machine be suspended between the two, it
 * is the tick that will be found old.
 */
static bool confirm(struct eq_slot *slot)
{
  int64_t tick = eq_coarse_ns();
  int64_t now = eq_now_ns();
  if (slot->serial == 0 || now >= slot->fresh_until ||
      eq_place_generation(slot->place) != slot->generation) {
    return false;
  }
  slot->tick = tick;
  eq_place_touch(slot->place, now);
  return true;
}

/* Reads the place into the view and a fresh header into the box. */
static enum eq_state reread(lua_State *L, struct eq_slot *slot, int box,
                            struct eq_view *view)
{
  int64_t tick = eq_coarse_ns();
  int64_t now = eq_now_ns();
  struct eq_place *place = eq_slot_enter(L, slot, false, now);
  uint32_t generation = 0;
  view->state = EQ_EMPTY;
  if (place != NULL) {
    eq_place_glance(place, now, slot->serial, view);
    eq_place_touch(place, now);
    generation = eq_place_generation(place);
  }
  eq_slot_leave(slot);
  if (view->state != EQ_FRESH) {
    eq_slot_drop(L, slot, box);
    return view->state;
  }
  if (view->serial != slot->serial) {
    eq_slot_drop(L, slot, box); /* should there be no memory for a new one */
    lua_pushlstring(L, (const char *)view->header.bytes, view->header.len);
    lua_rawseti(L, box, 1);
  }
  if (slot->place == place) { /* no finalizer closed or moved it */
    slot->serial = view->serial;
    slot->fresh_until = view->fresh;
    slot->generation = generation;
    slot->tick = tick;
  }
  return EQ_FRESH;
}

enum eq_state eq_slot_renew(lua_State *L, struct eq_slot *slot, int box)
{
  if (confirm(slot)) {
    return EQ_FRESH;
  }
  struct eq_view *view = eq_view_take(L);
  int at = lua_gettop(L);
  enum eq_state state = EQ_CLOSED;
  if (slot->open) {
    state = reread(L, slot, box, view);
  }
  eq_view_give(L, at);
  lua_settop(L, at - 1);
  return state;
}

/* Ends a flight this slot leads, so the next one need not wait for its
 * lease to run out. A forked child must not: the flight is its parent's. */
static void give_back(struct eq_slot *slot)
{
  if (slot->lease == 0 || slot->lease_pid != getpid() ||
      !eq_table_lock(slot->table)) {
    return;
  }
  struct eq_place *place = eq_table_find(slot->table, slot->place, slot->name);
  bool written = place != NULL &&
                 eq_place_fail(place, slot->lease, (struct eq_text){0}, 0);
  eq_table_unlock(slot->table);
  if (written) {
    eq_wake_all(&place->generation);
  }
}

void eq_slot_close(struct eq_slot *slot)
{
  if (!slot->open) {
    return;
  }
  give_back(slot);
  slot->open = false;
  move(slot, NULL);
  if (slot->own != NULL) {
    release(slot->home, slot->own);
    slot->own = NULL;
  }
}
