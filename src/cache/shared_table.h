/*
 * shared_table: the entries of the token cache, and the lock that protects
 * them.
 *
 * There is one common table for a process and all it forks: an anonymous
 * shared mapping made when the module loads. It is never unmapped and only
 * inherited, so it lies at the same address everywhere and may hold pointers
 * into itself. A Lua state may also have private tables of one entry each; the
 * same code serves both.
 *
 * Laws of this file:
 *  - The lock is held for a few copies, never during a wait or a call of Lua
 *    or of the system. Its owner may be killed at any instruction; the next
 *    owner empties what was being written and goes on.
 *  - Names are digests with a random salt of the table: it holds no key.
 *  - An entry with a lease or a back-off is never given to another name.
 */
#ifndef EQ_CACHE_SHARED_TABLE_H
#define EQ_CACHE_SHARED_TABLE_H

#include <pthread.h>

#include "cache/entry.h"

enum { EQ_SLOTS = 256, EQ_SALT_SIZE = 32 };

struct eq_table {
  pthread_mutex_t lock;
  unsigned char salt[EQ_SALT_SIZE];
  uint64_t ids; /* the last number given; of the common table */
  size_t count; /* of entries */
  size_t size;  /* of all this, in bytes */
  struct eq_entry_storage *storage; /* count of them, behind the entries */
  struct eq_entry entries[];
};

/*
 * The common table; made at the first call, in any thread. NULL: the system
 * has no memory, no robust mutex or no random bytes; then every entry is
 * private.
 */
struct eq_table *eq_table_common(void);

/* Is the common table common to forked processes too? */
bool eq_table_is_shared(void);

/* A table of one entry with that name; NULL: no memory. */
struct eq_table *eq_table_private(const unsigned char *name, int64_t now);

/* Wipes and frees a private table; NULL is fine. */
void eq_table_free(struct eq_table *table);

/*
 * False: the lock can't be repaired, use a private table instead. Repairs what
 * a killed owner left.
 */
bool eq_table_lock(struct eq_table *table);
void eq_table_unlock(struct eq_table *table);

/* The functions below need the lock. */

/* The entry of that name or NULL; `hint` (or NULL) is tried first. */
struct eq_entry *eq_table_find(struct eq_table *table, struct eq_entry *hint,
                               const unsigned char *name);

/* An entry for a name that has none: a free one, or the one with the lowest
 * eviction rank. NULL: none may be evicted. */
struct eq_entry *eq_table_claim(struct eq_table *table,
                                const unsigned char *name, int64_t now);

/* A number that no table of this process gave before, so that the lease of one
 * entry is not valid at any other. */
uint64_t eq_table_id(struct eq_table *table);

/* How many entries are taken. */
size_t eq_table_used(const struct eq_table *table);

#endif
