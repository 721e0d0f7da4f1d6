/*
 * entry_memory: the memory of entries and of their copies.
 *
 * Law of this file: a secret lies in memory of a fixed size that is given to
 * it once. The declarations are in entry.h.
 */
#include "cache/entry.h"

#include <string.h>

static void use_memory(struct eq_secret *secret, unsigned char *bytes,
                       size_t max)
{
  *secret = (struct eq_secret){bytes, 0, max};
}

void eq_entry_init(struct eq_entry *entry, struct eq_usage *usage,
                   struct eq_entry_storage *storage)
{
  memset(entry, 0, sizeof *entry);
  entry->usage = usage;
  use_memory(&entry->header, storage->header, EQ_HEADER_MAX);
  use_memory(&entry->record, storage->record, EQ_RECORD_MAX);
  use_memory(&entry->failure, storage->failure, EQ_FAILURE_MAX);
}

void eq_entry_init_note(struct eq_entry *entry, struct eq_usage *usage,
                        struct eq_note_storage *storage)
{
  memset(entry, 0, sizeof *entry);
  entry->usage = usage;
  use_memory(&entry->header, storage->header, EQ_NOTE_HEADER_MAX);
  use_memory(&entry->record, storage->record, EQ_NOTE_RECORD_MAX);
  use_memory(&entry->failure, storage->failure, EQ_FAILURE_MAX);
}

void eq_snapshot_init(struct eq_snapshot *snapshot)
{
  struct eq_entry_storage *storage = &snapshot->storage;
  memset(snapshot, 0, sizeof *snapshot);
  use_memory(&snapshot->header, storage->header, EQ_HEADER_MAX);
  use_memory(&snapshot->record, storage->record, EQ_RECORD_MAX);
  use_memory(&snapshot->failure, storage->failure, EQ_FAILURE_MAX);
}

void eq_snapshot_wipe(struct eq_snapshot *snapshot)
{
  eq_secret_wipe(&snapshot->header);
  eq_secret_wipe(&snapshot->record);
  eq_secret_wipe(&snapshot->failure);
}
