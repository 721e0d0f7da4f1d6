/*
 * entry: one entry of the token cache, as a state machine.
 *
 * An entry holds the token of one key, the renewal that fetches the next one,
 * and what is known about failures. Opaque bytes and deadlines: nothing in
 * here knows OAuth, Lua, threads or where the memory comes from.
 *
 * Laws of this file:
 *  - Every function is called with the table's lock held, makes no system
 *    call and allocates nothing.
 *  - `generation` is odd while an entry is written, and only grows. A process
 *    that is killed halfway leaves it odd, and the next owner of the lock
 *    empties the entry. So a reader that finds the same even generation as
 *    when it copied the entry under the lock has a valid copy, without a lock.
 *  - A renewal has a number that is never used again: its lease. Only a caller
 *    with that number can end the renewal, so a leader that was taken for dead
 *    can't overwrite the work of the next one. The token that a renewal brings
 *    has the same number, its serial.
 *  - Secrets are wiped when replaced, forgotten or evicted.
 *
 * All times are nanoseconds of eq_now_ns().
 */
#ifndef EQ_CACHE_ENTRY_H
#define EQ_CACHE_ENTRY_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "cache/leader.h"
#include "cache/secret.h"
#include "cache/usage.h"

enum {
  EQ_HEADER_MAX = 16 * 1024 + 16, /* a token of 16 KiB and "Bearer " */
  EQ_RECORD_MAX = 48 * 1024,
  EQ_FAILURE_MAX = 4 * 1024,
  EQ_NOTE_HEADER_MAX = 64, /* of a note's entry */
  EQ_NOTE_RECORD_MAX = 512,
  EQ_NAME_SIZE = 32,
  EQ_WINDOW = 8,   /* most events eq_entry_rate_limit can remember */
  EQ_COUNTERS = 8, /* shared statistics of a key */
  EQ_LINE = 64     /* of the processor's cache */
};

#define EQ_FOREVER INT64_MAX

enum eq_state {
  EQ_EMPTY,
  EQ_FRESH,     /* serve */
  EQ_ADVISORY,  /* serve, renew at the side */
  EQ_MANDATORY, /* renew, serve when that fails */
  EQ_EXPIRED,   /* never served again; the record stays */
  EQ_REJECTED,  /* refused by a server; the record stays */
  EQ_CLOSED     /* of a closed slot, never of an entry */
};

enum eq_begin_result { EQ_LEAD, EQ_WAIT, EQ_BACKOFF, EQ_READY };

/* How a renewal ended. */
enum eq_outcome { EQ_PENDING, EQ_PUBLISHED, EQ_FAILED, EQ_GONE };

/* The memory behind the three secrets of a token's entry, or of a snapshot. */
struct eq_entry_storage {
  unsigned char header[EQ_HEADER_MAX];
  unsigned char record[EQ_RECORD_MAX];
  unsigned char failure[EQ_FAILURE_MAX];
};

/* The same of a note's entry. */
struct eq_note_storage {
  unsigned char header[EQ_NOTE_HEADER_MAX];
  unsigned char record[EQ_NOTE_RECORD_MAX];
  unsigned char failure[EQ_FAILURE_MAX];
};

struct eq_times {
  int64_t fresh;    /* served without a renewal until then */
  int64_t advisory; /* renewal is advised until then, mandatory after it */
  int64_t expires;  /* not served from then on */
  int64_t next;     /* no renewal before, unless forced; 0 = at any time */
};

struct eq_token {
  uint64_t serial; /* the renewal that brought it; 0 = no token */
  struct eq_times until;
  bool rejected;
  bool expired_on_arrival; /* only the waiters of its renewal may use it */
};

struct eq_renewal {
  uint64_t id; /* of this renewal, or of the last one; 0 = none yet */
  bool under_way;
  int64_t lease_until; /* from then on another caller may lead */
  struct eq_leader leader;
};

struct eq_backoff {
  uint64_t renewal; /* the last one that failed; 0 = none */
  int64_t until;    /* no automatic attempt before; 0 = none */
};

/*
 * First what the lock-free path reads, on a cache line of its own, so that
 * writes to the rest don't slow it down.
 */
struct eq_entry {
  alignas(EQ_LINE) _Atomic uint32_t generation; /* also the futex word */
  struct eq_usage *usage;                       /* always the same one */

  alignas(EQ_LINE) struct eq_secret header; /* ready to be sent */
  struct eq_secret record;                  /* all about the token */
  struct eq_secret failure;                 /* kept until a publish */
  bool taken;
  uint32_t next; /* in the table's index */
  unsigned char name[EQ_NAME_SIZE];
  struct eq_token token;
  struct eq_renewal renewal;
  struct eq_backoff backoff;
  uint32_t events;           /* allowed so far */
  int64_t window[EQ_WINDOW]; /* when the last ones were, a ring */
  uint64_t counts[EQ_COUNTERS];
};

/* What a waiter needs to know about a renewal. */
struct eq_leader_status {
  uint64_t renewal;
  int64_t lease_left;
  struct eq_leader leader;
};

/* A copy of what a caller may see; secrets that were not copied have len 0. */
struct eq_snapshot {
  enum eq_state state;
  uint64_t serial;                       /* of the token; 0 = none */
  int64_t left;                          /* to expiry, or of a back-off */
  int64_t fresh;                         /* absolute, for the local copy */
  struct eq_leader_status leader_status; /* of the renewal under way */
  struct eq_secret header, record, failure;
  struct eq_entry_storage storage;
};

/* What eq_entry_begin is asked. */
struct eq_begin_args {
  bool has_seen;
  uint64_t seen; /* serial of the token the caller does not want */
  bool force;    /* in spite of a back-off */
  uint64_t dead; /* a renewal whose leader was found dead; 0 = none */
  uint64_t id;   /* a new number: of the renewal, if the caller leads */
  int64_t now;
  int64_t lease_until;
  struct eq_leader self;
};

/* a + span, for ever if that is beyond the clock. */
static inline int64_t eq_after(int64_t a, int64_t span)
{
  return span > EQ_FOREVER - a ? EQ_FOREVER : a + span;
}

/* Sets the memory of an entry, of a token's or a note's, and of a snapshot;
 * once, before any use. */
void eq_entry_init(struct eq_entry *entry, struct eq_usage *usage,
                   struct eq_entry_storage *storage);
void eq_entry_init_note(struct eq_entry *entry, struct eq_usage *usage,
                        struct eq_note_storage *storage);
void eq_snapshot_init(struct eq_snapshot *snapshot);

/* Wipes the copied secrets. Needs no lock. */
void eq_snapshot_wipe(struct eq_snapshot *snapshot);

/* May be old; acquire, so that what was copied before is not newer. Needs no
 * lock. */
static inline uint32_t eq_entry_generation(struct eq_entry *entry)
{
  return atomic_load_explicit(&entry->generation, memory_order_acquire);
}

/* Notes that the entry is in use now. Needs no lock. */
static inline void eq_entry_touch(struct eq_entry *entry, int64_t now)
{
  atomic_store_explicit(&entry->usage->used, now, memory_order_relaxed);
}

/* Wipes the entry and gives it to that name. */
void eq_entry_claim(struct eq_entry *entry, const unsigned char *name,
                    enum eq_kind kind, int64_t now);

/* Wipes the entry; it has no name any more. */
void eq_entry_free(struct eq_entry *entry);

/* After the death of its writer: wipes all bytes and frees the entry. */
void eq_entry_repair(struct eq_entry *entry);

/* Would anything be lost that is of use now, if it were evicted? */
bool eq_entry_is_of_use(const struct eq_entry *entry, int64_t now);

/*
 * What `from` knows goes to an entry of the same name in another table, as far
 * as that one does not know better; `from` is free then. Its token gets the
 * number `serial`. What was said about renewals of `from` is over: its waiters
 * get EQ_GONE.
 */
void eq_entry_move(struct eq_entry *entry, struct eq_entry *from,
                   uint64_t serial, int64_t now);

/* Fills in state, serial, left, fresh; copies the header where it may be
 * served; the record in every state but EQ_EMPTY. */
void eq_entry_read(const struct eq_entry *entry, int64_t now,
                   struct eq_snapshot *snapshot);

/* As eq_entry_read, without the record, and without the header when the
 * token is the one of that serial: for a holder who has a copy of it. */
void eq_entry_peek(const struct eq_entry *entry, int64_t now, uint64_t serial,
                   struct eq_snapshot *snapshot);

/*
 * Who leads? Fills in the state, for EQ_WAIT the leader's status, for EQ_LEAD
 * the last failure, for EQ_BACKOFF that and the time left. After EQ_LEAD the
 * caller leads the renewal args->id.
 */
enum eq_begin_result eq_entry_begin(struct eq_entry *entry,
                                    const struct eq_begin_args *args,
                                    struct eq_snapshot *snapshot);

/* Ends the renewal with a token; false: that lease is not valid any more, or
 * this is no entry for a token. */
bool eq_entry_publish(struct eq_entry *entry, uint64_t lease,
                      struct eq_bytes record, struct eq_bytes header,
                      const struct eq_times *until, int64_t now);

/*
 * Ends the renewal without a token and backs off until then (0: no back-off).
 * An empty failure is not shared: the waiters get EQ_GONE, and with `until` 0
 * an older back-off stays.
 */
bool eq_entry_fail(struct eq_entry *entry, uint64_t lease,
                   struct eq_bytes failure, int64_t until);

/*
 * Ends the renewal without token or failure: the waiters get EQ_GONE. A note
 * is stored for the next leader, where the failure of a renewal goes; with it
 * the entry is `pinned`, which means never evicted, or no longer so.
 */
bool eq_entry_release(struct eq_entry *entry, uint64_t lease,
                      struct eq_bytes note, bool pinned);

/*
 * Leaves a note for the next leader, in case this one never ends the renewal.
 * It is stored where the failure of the renewal goes. False: not valid.
 */
bool eq_entry_note(struct eq_entry *entry, uint64_t lease,
                   struct eq_bytes note);

/* Is that renewal (0: any) under way? Then fills in the leader's status. */
bool eq_entry_pending(const struct eq_entry *entry, uint64_t renewal,
                      int64_t now, struct eq_leader_status *leader_status);

/* How did that renewal end? Copies what its waiters share. */
enum eq_outcome eq_entry_outcome(const struct eq_entry *entry,
                                 uint64_t renewal, int64_t now,
                                 struct eq_snapshot *snapshot);

/* Marks the token as refused; true if it is the current one and was not. */
bool eq_entry_reject(struct eq_entry *entry, uint64_t serial);

/* Wipes token and record; a renewal under way can't publish any more. */
void eq_entry_forget(struct eq_entry *entry);

/* At most n events in any `span`: true, and counts one unless it only `asks`;
 * or false, and how long to wait. */
bool eq_entry_rate_limit(struct eq_entry *entry, unsigned n, int64_t span,
                         bool asks, int64_t now, int64_t *wait);

#endif
