/*
 * shared_table: the laws are in shared_table.h.
 */
#include "cache/shared_table.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/digest.h"

/*
 * A table shared by processes needs a mutex that survives its owner's death.
 * Without one (macOS) each process keeps a table of its own.
 */
#if defined(__APPLE__) || defined(EQ_NO_ROBUST)
#define SHARED 0
#else
#define SHARED 1
#endif

#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS MAP_ANON
#endif

static struct eq_table *common;

static size_t size_of(size_t count)
{
  return sizeof(struct eq_table) +
         count * (sizeof(struct eq_entry) + sizeof(struct eq_entry_storage));
}

/* First all entries, then all storage: a search for a name reads the entries
 * only, and storage that is not used is never touched. */
static void lay_out(struct eq_table *table, size_t count)
{
  table->count = count;
  table->size = size_of(count);
  table->storage = (struct eq_entry_storage *)(void *)&table->entries[count];
  for (size_t i = 0; i < count; i++) {
    eq_entry_init(&table->entries[i], &table->storage[i]);
  }
}

static bool init_lock(pthread_mutex_t *lock, bool shared)
{
  pthread_mutexattr_t attributes;
  if (pthread_mutexattr_init(&attributes) != 0) {
    return false;
  }
  bool ok = true;
#if SHARED
  if (shared) {
    ok = pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) ==
             0 &&
         pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0;
  }
#else
  (void)shared;
#endif
  ok = ok && pthread_mutex_init(lock, &attributes) == 0;
  (void)pthread_mutexattr_destroy(&attributes); /* can't fail: it is valid */
  return ok;
}

#if !SHARED
/*
 * A child gets a copy of the table. The lock is held during the fork, so that
 * no other thread holds it in the copy; and the renewals of the parent never
 * write to the copy.
 */
static void before_fork(void)
{
  (void)pthread_mutex_lock(&common->lock);
}

static void after_fork_in_parent(void)
{
  (void)pthread_mutex_unlock(&common->lock);
}

static void after_fork_in_child(void)
{
  for (size_t i = 0; i < common->count; i++) {
    common->entries[i].renewal.under_way = false;
  }
  (void)pthread_mutex_unlock(&common->lock);
}
#endif

/* Runs once; sets `common` only when the table is complete. */
static void make_common(void)
{
  size_t size = size_of(EQ_SLOTS);
  int kind = SHARED ? MAP_SHARED : MAP_PRIVATE;
  void *memory =
      mmap(NULL, size, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    return;
  }
#ifdef MADV_DONTDUMP
  /* Keeps secrets out of core files. An old kernel that can't do it is no
   * reason to have no cache. */
  (void)madvise(memory, size, MADV_DONTDUMP);
#endif
  struct eq_table *table = memory;
  lay_out(table, EQ_SLOTS);
  if (!eq_random(table->salt, EQ_SALT_SIZE) ||
      !init_lock(&table->lock, true)) {
    (void)munmap(memory, size);
    return;
  }
  common = table;
#if !SHARED
  if (pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child) !=
      0) {
    common = NULL;
    (void)munmap(memory, size);
  }
#endif
}

struct eq_table *eq_table_common(void)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  return pthread_once(&once, make_common) == 0 ? common : NULL;
}

bool eq_table_is_shared(void)
{
  return SHARED && eq_table_common() != NULL;
}

struct eq_table *eq_table_private(const unsigned char *name, int64_t now)
{
  void *memory = NULL;
  if (posix_memalign(&memory, EQ_LINE, size_of(1)) != 0) {
    return NULL;
  }
  struct eq_table *table = memory;
  memset(table, 0, sizeof *table);
  lay_out(table, 1);
  if (!init_lock(&table->lock, false)) {
    free(table);
    return NULL;
  }
  eq_entry_claim(&table->entries[0], name, now);
  return table;
}

void eq_table_free(struct eq_table *table)
{
  if (table == NULL) {
    return;
  }
  static const unsigned char no_name[EQ_NAME_SIZE];
  eq_entry_claim(&table->entries[0], no_name, 0); /* wipes what was there */
  (void)pthread_mutex_destroy(&table->lock);      /* no other thread has it */
  free(table);
}

/*
 * The last owner died with the lock, which we hold now. An entry with an even
 * generation is complete; one with an odd generation was being written, and
 * all of it is emptied.
 */
static bool repair(struct eq_table *table)
{
#if SHARED
  for (size_t i = 0; i < table->count; i++) {
    if (eq_entry_generation(&table->entries[i]) % 2 != 0) {
      eq_entry_repair(&table->entries[i]);
    }
  }
  if (pthread_mutex_consistent(&table->lock) == 0) {
    return true;
  }
#endif
  (void)pthread_mutex_unlock(&table->lock);
  return false;
}

bool eq_table_lock(struct eq_table *table)
{
  int code = pthread_mutex_lock(&table->lock);
  if (code == EOWNERDEAD) {
    return repair(table);
  }
  return code == 0;
}

void eq_table_unlock(struct eq_table *table)
{
  (void)pthread_mutex_unlock(&table->lock); /* can't fail: it is ours */
}

struct eq_entry *eq_table_find(struct eq_table *table, struct eq_entry *hint,
                               const unsigned char *name)
{
  if (hint != NULL && hint->taken &&
      memcmp(hint->name, name, EQ_NAME_SIZE) == 0) {
    return hint;
  }
  for (size_t i = 0; i < table->count; i++) {
    struct eq_entry *entry = &table->entries[i];
    if (entry->taken && memcmp(entry->name, name, EQ_NAME_SIZE) == 0) {
      return entry;
    }
  }
  return NULL;
}

static int64_t last_use(struct eq_entry *entry)
{
  return atomic_load_explicit(&entry->used, memory_order_relaxed);
}

struct eq_entry *eq_table_claim(struct eq_table *table,
                                const unsigned char *name, int64_t now)
{
  struct eq_entry *least = NULL;
  int least_rank = EQ_PINNED;
  for (size_t i = 0; i < table->count && least_rank > 0; i++) {
    struct eq_entry *entry = &table->entries[i];
    int rank = eq_entry_eviction_rank(entry, now);
    if (rank < least_rank || (rank == least_rank && least != NULL &&
                              last_use(entry) < last_use(least))) {
      least = entry;
      least_rank = rank;
    }
  }
  if (least != NULL) {
    eq_entry_claim(least, name, now);
  }
  return least;
}

uint64_t eq_table_id(struct eq_table *table)
{
  /* Odd for all private tables of a process, even for the common one. */
  static _Atomic uint64_t private_ids = 1;
  if (table != common) {
    return atomic_fetch_add(&private_ids, 2);
  }
  table->ids += 2;
  return table->ids;
}

size_t eq_table_used(const struct eq_table *table)
{
  size_t used = 0;
  for (size_t i = 0; i < table->count; i++) {
    used += table->entries[i].taken ? 1 : 0;
  }
  return used;
}
