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
 *  - Memory that no entry used is never touched, so it takes none.
 *
 * Which entry a name has, or gets, is in placement.h.
 */
#ifndef EQ_CACHE_SHARED_TABLE_H
#define EQ_CACHE_SHARED_TABLE_H

#include <pthread.h>

#include "cache/entry.h"

enum {
  EQ_PLACES_DEFAULT = 256,
  EQ_PLACES_MAX = 65536,
  EQ_NOTES_MIN = 64, /* entries for notes: the lock-out guard pins 16 */
  EQ_SALT_SIZE = 32
};

struct eq_table {
  pthread_mutex_t lock;
  unsigned char salt[EQ_SALT_SIZE];
  uint64_t ids;    /* the last number given; of the common table */
  uint32_t count;  /* of entries: first those of tokens, then of notes */
  uint32_t tokens; /* how many are a token's */
  uint32_t mask;   /* of the index */
  size_t size;     /* of all this, in bytes */
  uint32_t *index; /* hash of a name -> 1 + its first entry; 0: none */
  uint32_t used[EQ_KINDS];    /* up to here its entries were used */
  uint32_t taken[EQ_KINDS];   /* that have a name */
  uint64_t evicted[EQ_KINDS]; /* that were of use */
  uint64_t privates; /* how often a private table was made, as it was full */
  struct eq_usage *usages;          /* count of them */
  struct eq_entry *entries;         /* count of them */
  struct eq_entry_storage *storage; /* of tokens */
  struct eq_note_storage *notes;    /* of notes */
};

/*
 * How many tokens the common table has places for. Before the first call of
 * eq_table_common, else it has no effect.
 */
void eq_table_set_places(uint32_t places);

/* Was there no memory for that many, so that it has the default number? */
bool eq_table_is_reduced(void);

/*
 * The common table; made at the first call, in any thread. NULL: the system
 * has no memory, no robust mutex or no random bytes; then every entry is
 * private.
 */
struct eq_table *eq_table_common(void);

/* Is the common table common to forked processes too? */
bool eq_table_is_shared(void);

/* A table of one entry with that name; NULL: no memory. */
struct eq_table *eq_table_private(const unsigned char *name, enum eq_kind kind,
                                  int64_t now);

/* Wipes and frees a private table; NULL is fine. */
void eq_table_free(struct eq_table *table);

/*
 * False: the lock can't be repaired, use a private table instead. Repairs what
 * a killed owner left.
 */
bool eq_table_lock(struct eq_table *table);
void eq_table_unlock(struct eq_table *table);

/* A number that no table of this process gave before, so that the lease of one
 * entry is not valid at any other. Needs the lock. */
uint64_t eq_table_id(struct eq_table *table);

/* The entries that were ever used, one after the other, tokens first. */
static inline uint32_t eq_table_first(const struct eq_table *table)
{
  return table->used[EQ_KIND_TOKEN] == 0 ? table->tokens : 0;
}

static inline uint32_t eq_table_next(const struct eq_table *table, uint32_t i)
{
  return i + 1 == table->used[EQ_KIND_TOKEN] ? table->tokens : i + 1;
}

#endif
