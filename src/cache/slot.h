/*
 * slot: one Lua state's hold on a place of the token cache.
 *
 * A slot knows the name of its place and holds a copy of its header: a Lua
 * string that was made once and is handed out as it is, which costs neither
 * lock nor memory. The string lies in a table of one element, the box, which
 * is the slot's user value and an upvalue of the functions bound to it.
 *
 * Laws of this file:
 *  - A slot pins no place. Its place may be given away; it is found again by
 *    name, and room is made only for whoever has something to put there.
 *  - The copy is good while the generation of the place stands still and its
 *    token is fresh; anything else is asked for under the lock.
 *  - Between eq_slot_enter and eq_slot_leave no Lua function is called.
 *  - Whatever makes a Lua value may run a finalizer, which may close the
 *    slot. So a slot is checked after all else was made ready.
 */
#ifndef EQ_CACHE_SLOT_H
#define EQ_CACHE_SLOT_H

#include "base/clock.h"
#include "base/compat.h"
#include "cache/shared_table.h"

#define EQ_SLOT_CLASS "equinix.slot"

/* A private table, shared by the slots of that name in one Lua state. */
struct eq_private {
  struct eq_private *next;
  size_t holders;
  struct eq_table *table;
  unsigned char name[EQ_NAME_SIZE];
};

/* What one Lua state has for all its slots. */
struct eq_home {
  struct eq_private *privates; /* of keys that found the table full */
};

struct eq_slot {
  const void *magic;      /* first: tells our userdata from all others */
  int64_t tick;           /* coarse time of the last look; -1: no copy */
  struct eq_place *place; /* where it was last seen, or NULL */
  uint32_t generation;    /* of the place when the copy was made */
  uint32_t entered;       /* generation at eq_slot_enter */
  int64_t fresh_until;    /* of the copy */
  uint64_t serial;        /* of the copy; 0: it is no good any more */
  bool open;
  struct eq_table *table; /* the common or a private one; NULL: none yet */
  struct eq_private *own; /* that private one; NULL: the common one */
  struct eq_home *home;   /* lives in the registry, longer than any slot */
  uint64_t lease;         /* the last one led by this slot */
  pid_t lease_pid;        /* and by which process: a fork copies slots */
  int64_t alive_at;       /* when the leader of the flight `alive` was */
  uint64_t alive;         /* last seen to live */
  unsigned char name[EQ_NAME_SIZE];
};

/*
 * Pushes a new slot for that key (opaque bytes). With `alone`, its place is
 * its own, whatever other slots there are. Raises on lack of memory.
 */
struct eq_slot *eq_slot_open(lua_State *L, const char *key, size_t len,
                             bool alone);

/*
 * Gives back a lease of its own and lets go of the place; again and again if
 * wanted. Calls no Lua function, so it serves finalizers too.
 */
void eq_slot_close(struct eq_slot *slot);

/* Pushes the box of the slot at idx; the header is its element 1. */
void eq_slot_box(lua_State *L, int idx);

/* Lets the collector have the copy in the box at idx. */
void eq_slot_drop(lua_State *L, struct eq_slot *slot, int idx);

/* The slot at idx or NULL, whatever else may be there. Cheap. */
struct eq_slot *eq_slot_at(lua_State *L, int idx);

/* The open slot at index 1; raises for anything else. To be called last,
 * just before eq_slot_enter. */
struct eq_slot *eq_slot_check(lua_State *L);

/*
 * Locks, and finds the place; with `seat` there always is one afterwards,
 * a private one if need be. NULL: nobody knows that name. Locked either way.
 * Raises, unlocked, on lack of memory.
 */
struct eq_place *eq_slot_enter(lua_State *L, struct eq_slot *slot, bool seat,
                               int64_t now);

/* Unlocks, and wakes those who wait for what was written meanwhile. */
void eq_slot_leave(struct eq_slot *slot);

/*
 * The state of the token, or EQ_CLOSED; if EQ_FRESH, the box has its header.
 * Makes a string only when there is another token than before.
 */
enum eq_state eq_slot_renew(lua_State *L, struct eq_slot *slot, int box);

/*
 * Whether the copy may be handed out without looking any further. Time is
 * asked first: with no copy, or closed, tick is -1 and nothing else is read.
 */
static inline bool eq_slot_hits(const struct eq_slot *slot)
{
  return eq_coarse_ns() == slot->tick &&
         eq_place_generation(slot->place) == slot->generation;
}

#endif
