/*
 * private_table: tables of one entry that belong to one Lua state.
 *
 * A key has one where the common table has no place for it, or can't be used;
 * all slots of that key in the state share it. Only that state writes it.
 *
 * Law of this file: it is for as long as the common table has no place. The
 * slots go back there as soon as it has (slot.c), unless a renewal that this
 * state leads is under way here.
 */
#ifndef EQ_CACHE_PRIVATE_TABLE_H
#define EQ_CACHE_PRIVATE_TABLE_H

#include "cache/shared_table.h"

struct eq_private_table {
  struct eq_private_table *next;
  size_t users; /* slots */
  struct eq_table *table;
  int64_t ask_at; /* when to ask the common table for a place again */
  unsigned char name[EQ_NAME_SIZE];
};

/* What all slots of one Lua state share. */
struct eq_state_data {
  struct eq_private_table *privates;
};

/* The one of that name, or NULL. */
struct eq_private_table *
eq_private_find(const struct eq_state_data *state_data,
                const unsigned char *name);

/* A new one without users; unless it is `alone`, others find it. NULL: no
 * memory. */
struct eq_private_table *eq_private_new(struct eq_state_data *state_data,
                                        const unsigned char *name,
                                        enum eq_kind kind, bool alone,
                                        int64_t now);

/* Frees it when that was its last user. */
void eq_private_leave(struct eq_state_data *state_data,
                      struct eq_private_table *own);

/* Does its entry hold anything? */
bool eq_private_has_content(const struct eq_private_table *own);

/* Does this process lead a renewal there? Not what a fork copied. */
bool eq_private_is_led(const struct eq_private_table *own);

#endif
