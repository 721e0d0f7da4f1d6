/*
 * entry: the laws are in entry.h.
 */
#include "cache/entry.h"

#include <openssl/crypto.h>
#include <string.h>

/*
 * Between open_write and close_write the generation is odd. The first needs
 * acquire, so that no write moves before it; the second release, so that none
 * moves behind it. A read-modify-write rather than a fence, as thread
 * sanitizers understand it.
 */
static void open_write(struct eq_entry *entry)
{
  atomic_fetch_add_explicit(&entry->generation, 1, memory_order_acq_rel);
}

static void close_write(struct eq_entry *entry)
{
  atomic_fetch_add_explicit(&entry->generation, 1, memory_order_acq_rel);
}

/* Wipes what a shorter text would leave of the old one. */
static void set(struct eq_secret *secret, struct eq_bytes text)
{
  if (secret->len > text.len) {
    OPENSSL_cleanse(secret->bytes + text.len, secret->len - text.len);
  }
  if (text.len > 0) {
    memcpy(secret->bytes, text.bytes, text.len);
  }
  secret->len = text.len;
}

static void wipe(struct eq_secret *secret)
{
  set(secret, (struct eq_bytes){NULL, 0});
}

static void copy(struct eq_secret *to, const struct eq_secret *from)
{
  set(to, (struct eq_bytes){from->bytes, from->len});
}

static int64_t until(int64_t deadline, int64_t now)
{
  if (deadline == EQ_FOREVER) {
    return EQ_FOREVER;
  }
  return deadline > now ? deadline - now : 0;
}

void eq_entry_init(struct eq_entry *entry, struct eq_entry_storage *storage)
{
  memset(entry, 0, sizeof *entry);
  entry->header.bytes = storage->header;
  entry->record.bytes = storage->record;
  entry->failure.bytes = storage->failure;
}

void eq_snapshot_init(struct eq_snapshot *snapshot)
{
  memset(snapshot, 0, sizeof *snapshot);
  snapshot->header.bytes = snapshot->storage.header;
  snapshot->record.bytes = snapshot->storage.record;
  snapshot->failure.bytes = snapshot->storage.failure;
}

void eq_snapshot_wipe(struct eq_snapshot *snapshot)
{
  wipe(&snapshot->header);
  wipe(&snapshot->record);
  wipe(&snapshot->failure);
}

static void drop_token(struct eq_entry *entry)
{
  wipe(&entry->header);
  wipe(&entry->record);
  entry->token = (struct eq_token){0};
}

static void empty(struct eq_entry *entry)
{
  drop_token(entry);
  wipe(&entry->failure);
  entry->taken = false;
  memset(entry->name, 0, sizeof entry->name);
  entry->renewal = (struct eq_renewal){0};
  entry->backoff = (struct eq_backoff){0};
  entry->events = 0;
  memset(entry->window, 0, sizeof entry->window);
  entry->window_until = 0;
  memset(entry->counts, 0, sizeof entry->counts);
}

void eq_entry_claim(struct eq_entry *entry, const unsigned char *name,
                    int64_t now)
{
  open_write(entry);
  empty(entry);
  memcpy(entry->name, name, EQ_NAME_SIZE);
  entry->taken = true;
  eq_entry_touch(entry, now);
  close_write(entry);
}

void eq_entry_repair(struct eq_entry *entry)
{
  /* The lengths may be older than the bytes: wipe all of them. */
  entry->header.len = EQ_HEADER_MAX;
  entry->record.len = EQ_RECORD_MAX;
  entry->failure.len = EQ_FAILURE_MAX;
  empty(entry);
  close_write(entry); /* it was odd, now it is even */
}

/* Whether a renewal keeps others from leading. */
static bool is_under_way(const struct eq_entry *entry, int64_t now)
{
  return entry->renewal.under_way && now < entry->renewal.lease_until;
}

int eq_entry_eviction_rank(const struct eq_entry *entry, int64_t now)
{
  if (!entry->taken) {
    return 0;
  }
  if (is_under_way(entry, now) || now < entry->backoff.until) {
    return EQ_PINNED;
  }
  /*
   * What is known about the failures of a token serves to count attempts, so
   * it is evicted last. A window likewise. But an entry that has nothing but
   * a failure, without a back-off, must not displace tokens.
   */
  if (now < entry->window_until ||
      (entry->failure.len > 0 && entry->token.serial != 0)) {
    return 3;
  }
  return entry->token.serial != 0 ? 2 : 1;
}

static enum eq_state state_of(const struct eq_token *token, int64_t now)
{
  if (token->serial == 0) {
    return EQ_EMPTY;
  }
  if (token->rejected) {
    return EQ_REJECTED;
  }
  if (now >= token->until.expires) {
    return EQ_EXPIRED;
  }
  if (now < token->until.fresh) {
    return EQ_FRESH;
  }
  return now < token->until.advisory ? EQ_ADVISORY : EQ_MANDATORY;
}

static bool may_be_served(enum eq_state state)
{
  return state == EQ_FRESH || state == EQ_ADVISORY || state == EQ_MANDATORY;
}

void eq_entry_peek(const struct eq_entry *entry, int64_t now, uint64_t serial,
                   struct eq_snapshot *snapshot)
{
  const struct eq_token *token = &entry->token;
  snapshot->state = state_of(token, now);
  snapshot->serial = token->serial;
  snapshot->left = until(token->until.expires, now);
  snapshot->fresh = token->until.fresh;
  if (may_be_served(snapshot->state) && token->serial != serial) {
    copy(&snapshot->header, &entry->header);
  }
}

void eq_entry_read(const struct eq_entry *entry, int64_t now,
                   struct eq_snapshot *snapshot)
{
  eq_entry_peek(entry, now, 0, snapshot);
  copy(&snapshot->record, &entry->record);
}

bool eq_entry_pending(const struct eq_entry *entry, uint64_t renewal,
                      int64_t now, struct eq_leader_status *leader_status)
{
  if (!is_under_way(entry, now) ||
      (renewal != 0 && renewal != entry->renewal.id)) {
    return false;
  }
  leader_status->renewal = entry->renewal.id;
  leader_status->leader = entry->renewal.leader;
  leader_status->lease_left = until(entry->renewal.lease_until, now);
  return true;
}

/*
 * Starts a renewal. What can't be used any more is wiped: the header of an
 * expired token, and a token that had expired on arrival altogether, as its
 * waiters had their time. A record stays: the leader may need its refresh
 * token.
 */
static void lead(struct eq_entry *entry, const struct eq_begin_args *args)
{
  open_write(entry);
  if (entry->token.expired_on_arrival) {
    drop_token(entry);
  } else if (!may_be_served(state_of(&entry->token, args->now))) {
    wipe(&entry->header);
  }
  entry->renewal = (struct eq_renewal){
      .id = args->id,
      .under_way = true,
      .lease_until = args->lease_until,
      .leader = args->self,
  };
  eq_entry_touch(entry, args->now);
  close_write(entry);
}

enum eq_begin_result eq_entry_begin(struct eq_entry *entry,
                                    const struct eq_begin_args *args,
                                    struct eq_snapshot *snapshot)
{
  snapshot->state = state_of(&entry->token, args->now);
  if (args->has_seen && may_be_served(snapshot->state) &&
      entry->token.serial != args->seen) {
    return EQ_READY;
  }
  if (entry->renewal.id != args->dead &&
      eq_entry_pending(entry, 0, args->now, &snapshot->leader_status)) {
    return EQ_WAIT;
  }
  copy(&snapshot->failure, &entry->failure);
  if (args->now < entry->backoff.until && !args->force) {
    snapshot->left = until(entry->backoff.until, args->now);
    return EQ_BACKOFF;
  }
  lead(entry, args);
  return EQ_LEAD;
}

/* After its deadline a lease is still valid, until another caller leads. */
static bool valid(const struct eq_entry *entry, uint64_t lease)
{
  return entry->renewal.under_way && entry->renewal.id == lease;
}

bool eq_entry_publish(struct eq_entry *entry, uint64_t lease,
                      struct eq_bytes record, struct eq_bytes header,
                      const struct eq_times *times, int64_t now)
{
  if (!valid(entry, lease)) {
    return false;
  }
  open_write(entry);
  set(&entry->header, header);
  set(&entry->record, record);
  wipe(&entry->failure);
  entry->token = (struct eq_token){
      .serial = lease,
      .until = *times,
      .expired_on_arrival = times->expires <= now,
  };
  entry->backoff = (struct eq_backoff){.until = times->next};
  entry->renewal.under_way = false;
  eq_entry_touch(entry, now);
  close_write(entry);
  return true;
}

bool eq_entry_fail(struct eq_entry *entry, uint64_t lease,
                   struct eq_bytes failure, int64_t deadline)
{
  if (!valid(entry, lease)) {
    return false;
  }
  open_write(entry);
  if (failure.len > 0) {
    set(&entry->failure, failure);
    entry->backoff.renewal = lease;
  }
  if (failure.len > 0 || deadline > 0) {
    entry->backoff.until = deadline;
  }
  entry->renewal.under_way = false;
  close_write(entry);
  return true;
}

bool eq_entry_release(struct eq_entry *entry, uint64_t lease,
                      struct eq_bytes note, bool pinned)
{
  if (!valid(entry, lease)) {
    return false;
  }
  open_write(entry);
  if (note.len > 0) {
    set(&entry->failure, note);
    entry->backoff.until = pinned ? INT64_MAX : 0;
  }
  entry->renewal.under_way = false;
  close_write(entry);
  return true;
}

bool eq_entry_note(struct eq_entry *entry, uint64_t lease,
                   struct eq_bytes note)
{
  if (!valid(entry, lease)) {
    return false;
  }
  open_write(entry);
  set(&entry->failure, note);
  close_write(entry);
  return true;
}

enum eq_outcome eq_entry_outcome(const struct eq_entry *entry,
                                 uint64_t renewal, int64_t now,
                                 struct eq_snapshot *snapshot)
{
  if (renewal != 0 &&
      eq_entry_pending(entry, renewal, now, &snapshot->leader_status)) {
    return EQ_PENDING;
  }
  if (renewal != 0 && entry->token.serial == renewal &&
      !entry->token.rejected && entry->header.len > 0) {
    snapshot->serial = renewal;
    copy(&snapshot->header, &entry->header);
    copy(&snapshot->record, &entry->record);
    return EQ_PUBLISHED;
  }
  if (renewal != 0 && entry->backoff.renewal == renewal) {
    snapshot->left = until(entry->backoff.until, now);
    copy(&snapshot->failure, &entry->failure);
    return EQ_FAILED;
  }
  return EQ_GONE;
}

bool eq_entry_reject(struct eq_entry *entry, uint64_t serial)
{
  if (serial == 0 || entry->token.serial != serial || entry->token.rejected) {
    return false;
  }
  open_write(entry);
  entry->token.rejected = true;
  wipe(&entry->header);
  close_write(entry);
  return true;
}

void eq_entry_forget(struct eq_entry *entry)
{
  open_write(entry);
  drop_token(entry);
  entry->renewal.under_way = false;
  close_write(entry);
}

/*
 * The window is a ring in the order of time, so the n-th newest event decides.
 * One word is written, then another: if the process dies between them one
 * event is forgotten and nothing is torn, so the generation may stay.
 */
bool eq_entry_rate_limit(struct eq_entry *entry, unsigned n, int64_t span,
                         bool asks, int64_t now, int64_t *wait)
{
  int64_t nth = entry->window[(entry->events + EQ_WINDOW - n) % EQ_WINDOW];
  int64_t free_again = nth == 0 ? 0 : eq_after(nth, span);
  if (now < free_again) {
    *wait = until(free_again, now);
    return false;
  }
  if (asks) {
    return true;
  }
  entry->window[entry->events % EQ_WINDOW] = now;
  entry->events++;
  entry->window_until = eq_after(now, span);
  return true;
}
