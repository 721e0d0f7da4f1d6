/*
 * placement: which entry of a table a name has, and which one it gets.
 *
 * Laws of this file:
 *  - Every function needs the table's lock. What a killed owner of it left is
 *    put right by eq_placement_repair, from the entries alone.
 *  - A search costs the same in a large table and in a small one.
 *  - Each kind of entry has a number of its own of them. What a kind lacks is
 *    taken from that kind: the entry of the lowest rank, and among those the
 *    one that was used least recently. So tokens displace no note.
 *  - An entry with a lease or a back-off is never given to another name.
 */
#ifndef EQ_CACHE_PLACEMENT_H
#define EQ_CACHE_PLACEMENT_H

#include "cache/shared_table.h"

/* The entry of that name or NULL; `hint` (or NULL) is tried first. */
struct eq_entry *eq_placement_find(const struct eq_table *table,
                                   struct eq_entry *hint,
                                   const unsigned char *name);

/*
 * An entry for a name that has none. NULL: none of that kind may be evicted.
 * Sets `*evicted` when what was of use had to go, else leaves it.
 */
struct eq_entry *eq_placement_claim(struct eq_table *table,
                                    const unsigned char *name,
                                    enum eq_kind kind, int64_t now,
                                    bool *evicted);

/*
 * The last owner of the lock died. An entry with an even generation is
 * complete; one with an odd generation was being written, and all of it is
 * emptied. Index and numbers are made anew.
 */
void eq_placement_repair(struct eq_table *table);

#endif
