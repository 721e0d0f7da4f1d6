/*
 * shared_table: the places of the token cache, and the lock before them.
 *
 * There is one common table for a process and all it forks: an anonymous
 * shared mapping made when the module loads. It is never unmapped and only
 * ever inherited, so it lies at the same address everywhere and may hold
 * pointers into itself. Besides, a Lua state may have private tables of one
 * place; the same code serves both.
 *
 * Laws of this file:
 *  - The lock is held for a few copies, never while waiting, calling Lua or
 *    the system. An owner may be killed at any instruction; the next one
 *    empties what was being written and goes on.
 *  - Names are digests under a random salt of the table: it holds no key.
 *  - A place with a lease or a back-off is never given away.
 */
#ifndef EQ_CACHE_SHARED_TABLE_H
#define EQ_CACHE_SHARED_TABLE_H

#include <pthread.h>

#include "cache/entry.h"

enum { EQ_SLOTS = 256, EQ_SALT_SIZE = 32 };

struct eq_table {
  pthread_mutex_t lock;
  unsigned char salt[EQ_SALT_SIZE];
  uint64_t ids;         /* the last one it gave; of the common table */
  size_t count;         /* of places */
  size_t size;          /* of all this, in bytes */
  struct eq_body *body; /* count of them, behind the places */
  struct eq_place places[];
};

/*
 * The common table; made at the first call, by whichever thread. NULL if
 * the system refuses it (no memory, no robust mutex, no randomness): then
 * every place is private.
 */
struct eq_table *eq_table_common(void);

/* Is the common table common to forked processes too? */
bool eq_table_is_shared(void);

/* A table of one place that bears the name; NULL: no memory. */
struct eq_table *eq_table_private(const unsigned char *name, int64_t now);

/* Wipes and frees a private table; NULL is fine. */
void eq_table_free(struct eq_table *table);

/*
 * False: the lock is beyond repair, use a private table instead. Repairs
 * what a killed owner left.
 */
bool eq_table_lock(struct eq_table *table);
void eq_table_unlock(struct eq_table *table);

/* Those below want the lock. */

/* The place of that name or NULL; `hint` (or NULL) is looked at first. */
struct eq_place *eq_table_find(struct eq_table *table, struct eq_place *hint,
                               const unsigned char *name);

/* A place for that name, which has none: a free one, or the one whose loss
 * matters least. NULL: none may be given away. */
struct eq_place *eq_table_claim(struct eq_table *table,
                                const unsigned char *name, int64_t now);

/* A number that no table of this process gave before: a lease of one place
 * means nothing to any other. */
uint64_t eq_table_id(struct eq_table *table);

/* How many places are taken. */
size_t eq_table_used(const struct eq_table *table);

#endif
