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
#include "cache/placement.h"

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

/* Memory counts when it is touched, however large the table is. */
#ifdef MAP_NORESERVE
#define NORESERVE MAP_NORESERVE
#else
#define NORESERVE 0
#endif

static struct eq_table *common;

/* How many tokens it has places for, and whether that was too many. */
static _Atomic uint32_t wanted = EQ_PLACES_DEFAULT;
static bool is_reduced;

/* What a table has room for. */
struct plan {
  uint32_t tokens;
  uint32_t notes;
};

static uint32_t heads_of(const struct plan *plan)
{
  uint32_t heads = 1;
  while (heads < plan->tokens + plan->notes) {
    heads *= 2;
  }
  return heads;
}

/* So that what follows begins with a line of the processor's cache. */
static size_t aligned(size_t size)
{
  return (size + EQ_LINE - 1) / EQ_LINE * EQ_LINE;
}

/* Where the parts begin; the last one is the size of all. */
struct offsets {
  size_t usages, index, entries, storage, notes, end;
};

static struct offsets offsets_of(const struct plan *plan)
{
  size_t count = (size_t)plan->tokens + plan->notes;
  struct offsets at;
  at.usages = aligned(sizeof(struct eq_table));
  at.index = aligned(at.usages + count * sizeof(struct eq_usage));
  at.entries = aligned(at.index + heads_of(plan) * sizeof(uint32_t));
  at.storage = at.entries + count * sizeof(struct eq_entry);
  at.notes = at.storage + plan->tokens * sizeof(struct eq_entry_storage);
  at.end = at.notes + plan->notes * sizeof(struct eq_note_storage);
  return at;
}

/* In memory that is zero up to the storage. */
static void lay_out(struct eq_table *table, const struct plan *plan)
{
  struct offsets at = offsets_of(plan);
  unsigned char *memory = (unsigned char *)table;
  table->count = plan->tokens + plan->notes;
  table->tokens = plan->tokens;
  table->used[EQ_KIND_NOTE] = plan->tokens;
  table->mask = heads_of(plan) - 1;
  table->size = at.end;
  table->usages = (struct eq_usage *)(void *)(memory + at.usages);
  table->index = (uint32_t *)(void *)(memory + at.index);
  table->entries = (struct eq_entry *)(void *)(memory + at.entries);
  table->storage = (struct eq_entry_storage *)(void *)(memory + at.storage);
  table->notes = (struct eq_note_storage *)(void *)(memory + at.notes);
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
  for (uint32_t i = eq_table_first(common); i < common->used[EQ_KIND_NOTE];
       i = eq_table_next(common, i)) {
    struct eq_entry *entry = &common->entries[i];
    entry->renewal.under_way = false;
    entry->usage->pinned_until = entry->backoff.until;
  }
  (void)pthread_mutex_unlock(&common->lock);
}
#endif

/* The memory of the common table, all zero; NULL: there is none. */
static struct eq_table *map(const struct plan *plan)
{
  size_t size = offsets_of(plan).end;
  int kind = (SHARED ? MAP_SHARED : MAP_PRIVATE) | MAP_ANONYMOUS | NORESERVE;
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, kind, -1, 0);
  if (memory == MAP_FAILED) {
    return NULL;
  }
#ifdef MADV_DONTDUMP
  /* Keeps secrets out of core files. An old kernel that can't do it is no
   * reason to have no cache. */
  (void)madvise(memory, size, MADV_DONTDUMP);
#endif
  lay_out(memory, plan);
  return memory;
}

static struct plan plan_of(uint32_t places)
{
  return (struct plan){
      .tokens = places,
      .notes = places < EQ_NOTES_MIN ? EQ_NOTES_MIN : places,
  };
}

/* Runs once; sets `common` only when the table is complete. */
static void make_common(void)
{
  struct plan plan = plan_of(wanted);
  struct eq_table *table = map(&plan);
  if (table == NULL && wanted > EQ_PLACES_DEFAULT) {
    is_reduced = true;
    plan = plan_of(EQ_PLACES_DEFAULT);
    table = map(&plan);
  }
  if (table == NULL) {
    return;
  }
  if (!eq_random(table->salt, EQ_SALT_SIZE) ||
      !init_lock(&table->lock, true)) {
    (void)munmap(table, table->size);
    return;
  }
  common = table;
#if !SHARED
  if (pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child) !=
      0) {
    common = NULL;
    (void)munmap(table, table->size);
  }
#endif
}

void eq_table_set_places(uint32_t places)
{
  wanted = places;
}

bool eq_table_is_reduced(void)
{
  return eq_table_common() != NULL && is_reduced;
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

struct eq_table *eq_table_private(const unsigned char *name, enum eq_kind kind,
                                  int64_t now)
{
  struct plan plan = {.tokens = kind == EQ_KIND_TOKEN ? 1 : 0,
                      .notes = kind == EQ_KIND_NOTE ? 1 : 0};
  struct offsets at = offsets_of(&plan);
  void *memory = NULL;
  if (posix_memalign(&memory, EQ_LINE, at.end) != 0) {
    return NULL;
  }
  memset(memory, 0, at.storage);
  struct eq_table *table = memory;
  lay_out(table, &plan);
  if (!init_lock(&table->lock, false)) {
    free(table);
    return NULL;
  }
  bool evicted = false;
  (void)eq_placement_claim(table, name, kind, now, &evicted);
  return table;
}

void eq_table_free(struct eq_table *table)
{
  if (table == NULL) {
    return;
  }
  eq_entry_free(&table->entries[0]);         /* wipes what was there */
  (void)pthread_mutex_destroy(&table->lock); /* no other thread has it */
  free(table);
}

/* The last owner died with the lock, which we hold now. */
static bool repair(struct eq_table *table)
{
#if SHARED
  eq_placement_repair(table);
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
