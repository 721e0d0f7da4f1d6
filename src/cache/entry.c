/*
 * entry: the laws are in entry.h.
 */
#include "cache/entry.h"

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

/* What its usage says, by what it holds now. */
static void summarize(struct eq_entry *entry)
{
  struct eq_usage *usage = entry->usage;
  bool has_token = entry->token.serial != 0;
  int64_t lease = entry->renewal.under_way ? entry->renewal.lease_until : 0;
  int64_t backoff = entry->backoff.until;
  usage->pinned_until = lease > backoff ? lease : backoff;
  /*
   * What is known about the failures of a token serves to count attempts, so
   * it is evicted last. But a token's entry that has nothing but a failure,
   * without a back-off, must not displace tokens.
   */
  if (!entry->taken) {
    usage->rank = EQ_RANK_FREE;
  } else if (entry->failure.len > 0 &&
             (has_token || usage->kind != EQ_KIND_TOKEN)) {
    usage->rank = EQ_RANK_MEMORY;
  } else {
    usage->rank = has_token ? EQ_RANK_TOKEN : EQ_RANK_EMPTY;
  }
}

static void close_write(struct eq_entry *entry)
{
  summarize(entry);
  atomic_fetch_add_explicit(&entry->generation, 1, memory_order_acq_rel);
}

static int64_t until(int64_t deadline, int64_t now)
{
  if (deadline == EQ_FOREVER) {
    return EQ_FOREVER;
  }
  return deadline > now ? deadline - now : 0;
}

static void drop_token(struct eq_entry *entry)
{
  eq_secret_wipe(&entry->header);
  eq_secret_wipe(&entry->record);
  entry->token = (struct eq_token){0};
}

static void empty(struct eq_entry *entry)
{
  drop_token(entry);
  eq_secret_wipe(&entry->failure);
  entry->taken = false;
  memset(entry->name, 0, sizeof entry->name);
  entry->renewal = (struct eq_renewal){0};
  entry->backoff = (struct eq_backoff){0};
  entry->events = 0;
  memset(entry->window, 0, sizeof entry->window);
  entry->usage->window_until = 0;
  memset(entry->counts, 0, sizeof entry->counts);
}

void eq_entry_claim(struct eq_entry *entry, const unsigned char *name,
                    enum eq_kind kind, int64_t now)
{
  open_write(entry);
  empty(entry);
  memcpy(entry->name, name, EQ_NAME_SIZE);
  entry->taken = true;
  entry->usage->kind = (uint8_t)kind;
  eq_entry_touch(entry, now);
  close_write(entry);
}

void eq_entry_free(struct eq_entry *entry)
{
  open_write(entry);
  empty(entry);
  close_write(entry);
}

void eq_entry_repair(struct eq_entry *entry)
{
  /* The lengths may be older than the bytes: wipe all of them. */
  entry->header.len = entry->header.max;
  entry->record.len = entry->record.max;
  entry->failure.len = entry->failure.max;
  empty(entry);
  close_write(entry); /* it was odd, now it is even */
}

/* Whether a renewal keeps others from leading. */
static bool is_under_way(const struct eq_entry *entry, int64_t now)
{
  return entry->renewal.under_way && now < entry->renewal.lease_until;
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

/*
 * The same for an entry. A leader wipes the header of an expired token; a
 * caller that read the clock before that, and then waited for the lock, must
 * not take the token for fresh.
 */
static enum eq_state state_at(const struct eq_entry *entry, int64_t now)
{
  enum eq_state state = state_of(&entry->token, now);
  return may_be_served(state) && entry->header.len == 0 ? EQ_EXPIRED : state;
}

bool eq_entry_is_of_use(const struct eq_entry *entry, int64_t now)
{
  return may_be_served(state_at(entry, now)) ||
         eq_usage_rank(entry->usage, now) >= EQ_RANK_MEMORY;
}

void eq_entry_peek(const struct eq_entry *entry, int64_t now, uint64_t serial,
                   struct eq_snapshot *snapshot)
{
  const struct eq_token *token = &entry->token;
  snapshot->state = state_at(entry, now);
  snapshot->serial = token->serial;
  snapshot->left = until(token->until.expires, now);
  snapshot->fresh = token->until.fresh;
  if (may_be_served(snapshot->state) && token->serial != serial) {
    eq_secret_copy(&snapshot->header, &entry->header);
  }
}

void eq_entry_read(const struct eq_entry *entry, int64_t now,
                   struct eq_snapshot *snapshot)
{
  eq_entry_peek(entry, now, 0, snapshot);
  eq_secret_copy(&snapshot->record, &entry->record);
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
    eq_secret_wipe(&entry->header);
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
  snapshot->state = state_at(entry, args->now);
  if (args->has_seen && may_be_served(snapshot->state) &&
      entry->token.serial != args->seen) {
    return EQ_READY;
  }
  if (entry->renewal.id != args->dead &&
      eq_entry_pending(entry, 0, args->now, &snapshot->leader_status)) {
    return EQ_WAIT;
  }
  eq_secret_copy(&snapshot->failure, &entry->failure);
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
  if (!valid(entry, lease) || header.len > entry->header.max ||
      record.len > entry->record.max) {
    return false;
  }
  open_write(entry);
  eq_secret_set(&entry->header, header);
  eq_secret_set(&entry->record, record);
  eq_secret_wipe(&entry->failure);
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
    eq_secret_set(&entry->failure, failure);
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
    eq_secret_set(&entry->failure, note);
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
  eq_secret_set(&entry->failure, note);
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
    eq_secret_copy(&snapshot->header, &entry->header);
    eq_secret_copy(&snapshot->record, &entry->record);
    return EQ_PUBLISHED;
  }
  if (renewal != 0 && entry->backoff.renewal == renewal) {
    snapshot->left = until(entry->backoff.until, now);
    eq_secret_copy(&snapshot->failure, &entry->failure);
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
  eq_secret_wipe(&entry->header);
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
  entry->usage->window_until = eq_after(now, span);
  return true;
}

void eq_entry_move(struct eq_entry *entry, struct eq_entry *from,
                   uint64_t serial, int64_t now)
{
  open_write(entry);
  if (entry->token.serial == 0 && !from->token.expired_on_arrival &&
      may_be_served(state_at(from, now))) {
    eq_secret_copy(&entry->header, &from->header);
    eq_secret_copy(&entry->record, &from->record);
    entry->token = from->token;
    entry->token.serial = serial;
  }
  if (entry->failure.len == 0 && entry->backoff.until == 0) {
    eq_secret_copy(&entry->failure, &from->failure);
    entry->backoff.until = from->backoff.until;
  }
  if (entry->events == 0) {
    entry->events = from->events;
    memcpy(entry->window, from->window, sizeof entry->window);
    entry->usage->window_until = from->usage->window_until;
  }
  for (int i = 0; i < EQ_COUNTERS; i++) {
    entry->counts[i] += from->counts[i];
  }
  close_write(entry);
  eq_entry_free(from);
}
