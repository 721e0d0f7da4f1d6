/*
 * slot: how a Lua state uses one entry of the token cache.
 *
 * A slot knows the name of its entry and holds a copy of its header: a Lua
 * string that was made once and is returned as it is, which costs neither a
 * lock nor memory. The string lies in a table of one element, the box, which
 * is the slot's user value and an upvalue of the functions bound to it.
 *
 * Laws of this file:
 *  - A slot does not reserve its entry, which may be given to another name. It
 *    is found again by name, and is made again only for something to store.
 *  - A private entry is given up for one of the common table as soon as there
 *    is one; what it held moves with it. That is looked for when the slot is
 *    read or renewed, and by hits once a second.
 *  - The copy is valid while the generation of the entry does not change and
 *    its token is fresh; anything else is read under the lock.
 *  - Between eq_slot_enter and eq_slot_leave no Lua function is called.
 *  - Making a Lua value may run a finalizer, which may close the slot. So a
 *    slot is checked last, after everything else was prepared.
 */
#ifndef EQ_CACHE_SLOT_H
#define EQ_CACHE_SLOT_H

#include "base/clock.h"
#include "base/object.h"
#include "cache/private_table.h"
#include "cache/shared_table.h"

#define EQ_SLOT_CLASS "equinix.slot"

/* What it took to have an entry when the common table was full. */
enum eq_crowding {
  EQ_ROOM,
  EQ_EVICTED, /* another name's entry, which was of use */
  EQ_PRIVATE  /* a private table */
};

struct eq_slot {
  const void *magic;      /* first: tells our userdata from all others */
  int64_t tick;           /* coarse time of the last check; -1: no copy */
  struct eq_entry *entry; /* where it was last seen, or NULL */
  uint32_t generation;    /* of the entry when the copy was made */
  uint32_t entered;       /* generation at eq_slot_enter */
  int64_t fresh_until;    /* of the copy */
  uint64_t serial;        /* of the copy; 0: it is not valid */
  uint64_t copy;          /* its number: each that was made has its own */
  bool open;
  bool alone;                /* it has an entry that no other slot uses */
  enum eq_kind kind;         /* of its entry */
  enum eq_crowding crowding; /* since it was last asked for */
  struct eq_table *table;    /* the common or a private one; NULL: none yet */
  struct eq_private_table *own; /* that private one; NULL: the common one */
  struct eq_state_data
      *state_data;  /* lives in the registry, longer than any slot */
  uint64_t lease;   /* the last one led by this slot */
  pid_t lease_pid;  /* and by which process: a fork copies slots */
  int64_t alive_at; /* when the leader of the renewal `alive` was */
  uint64_t alive;   /* last seen to live */
  unsigned char name[EQ_NAME_SIZE];
};

/*
 * Pushes a new slot for that key (opaque bytes); NULL: one that is closed, to
 * be reopened. With `alone` it does not share its entry with other slots of
 * the key. Raises without memory.
 */
struct eq_slot *eq_slot_open(lua_State *L, const char *key, size_t len,
                             enum eq_kind kind, bool alone);

/*
 * Makes it the slot of another key, as if it were new, whether it was open or
 * closed. Functions that are bound to it stay bound. Raises like eq_slot_open.
 */
void eq_slot_reopen(lua_State *L, struct eq_slot *slot, const char *key,
                    size_t len);

/*
 * Ends a lease of its own and leaves the entry; closing again does nothing.
 * Calls no Lua function, so a finalizer may call it.
 */
void eq_slot_close(struct eq_slot *slot);

/* Pushes the box of the slot at idx; the header is its element 1. */
void eq_slot_box(lua_State *L, int idx);

/* Removes the copy from the box at idx, so that it can be collected. */
void eq_slot_drop_copy(lua_State *L, struct eq_slot *slot, int idx);

/* The slot at idx; NULL if it is something else. Cheap. */
struct eq_slot *eq_slot_at(lua_State *L, int idx);

/* The open slot at index 1; raises for anything else. To be called last,
 * just before eq_slot_enter. */
struct eq_slot *eq_slot_check(lua_State *L);

/*
 * Locks, and finds the entry; with `create` there is one afterwards, a private
 * one if necessary. NULL without `create`: there is none. Locked either way.
 * Raises, unlocked, without memory.
 */
struct eq_entry *eq_slot_enter(lua_State *L, struct eq_slot *slot, bool create,
                               int64_t now);

/* Unlocks, and wakes the waiters if the entry was written meanwhile. */
void eq_slot_leave(struct eq_slot *slot);

/*
 * The state of the token, or EQ_CLOSED; if EQ_FRESH, the box has its header.
 * Makes a new string only for a new token.
 */
enum eq_state eq_slot_refresh(lua_State *L, struct eq_slot *slot, int box);

/*
 * Whether the copy may be returned without any further check. The time is
 * compared first: without a copy, or closed, tick is -1 and nothing else is
 * read.
 */
static inline bool eq_slot_hits(const struct eq_slot *slot)
{
  return eq_coarse_ns() == slot->tick &&
         eq_entry_generation(slot->entry) == slot->generation;
}

#endif
