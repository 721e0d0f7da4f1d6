/*
 * entry: one place of the token cache, as a state machine.
 *
 * A place holds the token of one key, the flight that fetches the next one,
 * and what is known about failures. Opaque bytes and deadlines: nothing in
 * here knows OAuth, Lua, threads or how the memory came about.
 *
 * Laws of this file:
 *  - Every function is called with the table's lock held, makes no system
 *    call and allocates nothing.
 *  - `generation` is odd while a place is written and never goes back. A
 *    process killed halfway leaves it odd, and the next owner of the lock
 *    empties the place. So whoever reads an even generation, unchanged since
 *    it copied the place under the lock, holds the truth without a lock.
 *  - A flight has a number that is never used again: its lease. Whoever
 *    ends a flight must show that number, so a leader who was given up for
 *    dead can't overwrite the work of the next one. The token a flight
 *    brings bears the same number, its serial.
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

enum {
  EQ_HEADER_MAX = 16 * 1024 + 16, /* a token of 16 KiB and "Bearer " */
  EQ_RECORD_MAX = 48 * 1024,
  EQ_FAILURE_MAX = 4 * 1024,
  EQ_NAME_SIZE = 32,
  EQ_WINDOW = 8,   /* most events eq_place_allow can remember */
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
  EQ_CLOSED     /* said by a slot that is; no place is ever */
};

/* What eq_place_begin answers. */
enum eq_turn { EQ_LEAD, EQ_WAIT, EQ_BACKOFF, EQ_READY };

/* How a flight ended. */
enum eq_end { EQ_PENDING, EQ_PUBLISHED, EQ_FAILED, EQ_GONE };

/* Bytes in memory of a fixed size, wiped by whoever shortens them. */
struct eq_secret {
  unsigned char *bytes; /* borrowed from an eq_body for good */
  size_t len;
};

/* The memory behind the three secrets of a place, or of a view. */
struct eq_body {
  unsigned char header[EQ_HEADER_MAX];
  unsigned char record[EQ_RECORD_MAX];
  unsigned char failure[EQ_FAILURE_MAX];
};

struct eq_times {
  int64_t fresh;    /* served without a thought until then */
  int64_t advisory; /* renewal is advised until then, mandatory after it */
  int64_t expires;  /* not served from then on */
};

struct eq_token {
  uint64_t serial; /* the flight that brought it; 0 = no token */
  struct eq_times until;
  bool rejected;
  bool stillborn; /* its life was over when it came: for its waiters only */
};

struct eq_flight {
  uint64_t id; /* of this flight, or of the last one; 0 = none yet */
  bool under_way;
  int64_t lease_until; /* from then on anybody may lead */
  struct eq_leader leader;
};

struct eq_setback {
  uint64_t flight; /* the last one that failed; 0 = none */
  int64_t until;   /* no automatic attempt before; 0 = none */
};

/*
 * First what the lock-free path reads, on a cache line of its own: writers
 * of the rest don't slow it down.
 */
struct eq_place {
  alignas(EQ_LINE) _Atomic uint32_t generation; /* also the futex word */
  _Atomic int64_t used;                         /* last time, roughly */

  alignas(EQ_LINE) struct eq_secret header; /* ready to be sent */
  struct eq_secret record;                  /* all about the token */
  struct eq_secret failure;                 /* kept until a publish */
  bool taken;
  unsigned char name[EQ_NAME_SIZE];
  struct eq_token token;
  struct eq_flight flight;
  struct eq_setback setback;
  uint32_t events;           /* allowed so far */
  int64_t window[EQ_WINDOW]; /* when the last ones were, a ring */
  int64_t window_until;      /* the last question's window ends */
  uint64_t counts[EQ_COUNTERS];
};

/* What those who wait for a flight need to know of it. */
struct eq_pulse {
  uint64_t flight;
  int64_t lease_left;
  struct eq_leader leader;
};

/* A copy of what a caller may know; what was not asked for has len 0. */
struct eq_view {
  enum eq_state state;
  uint64_t serial;       /* of the token; 0 = none */
  int64_t left;          /* to expiry, or of a back-off */
  int64_t fresh;         /* absolute, for the local copy */
  struct eq_pulse pulse; /* of a flight to be waited for */
  struct eq_secret header, record, failure;
  struct eq_body body;
};

/* A question to eq_place_begin. */
struct eq_ask {
  bool has_seen;
  uint64_t seen; /* serial of the token the caller does not want */
  bool force;    /* in spite of a back-off */
  uint64_t dead; /* a flight whose leader was found dead; 0 = none */
  uint64_t id;   /* unused yet: the caller's flight, should it lead */
  int64_t now;
  int64_t lease_until;
  struct eq_leader self;
};

/* a + span, for ever if that is beyond the clock. */
static inline int64_t eq_after(int64_t a, int64_t span)
{
  return span > EQ_FOREVER - a ? EQ_FOREVER : a + span;
}

/* Ties place and view to their memory; once, before anything else. */
void eq_place_init(struct eq_place *place, struct eq_body *body);
void eq_view_init(struct eq_view *view);

/* Wipes the copied secrets. Needs no lock. */
void eq_view_wipe(struct eq_view *view);

/* Any age; acquire, so what was copied before is not newer. Needs no lock. */
static inline uint32_t eq_place_generation(struct eq_place *place)
{
  return atomic_load_explicit(&place->generation, memory_order_acquire);
}

/* Remembers that the place was of use just now. Needs no lock. */
static inline void eq_place_touch(struct eq_place *place, int64_t now)
{
  atomic_store_explicit(&place->used, now, memory_order_relaxed);
}

/* Empties the place, wipes it and gives it to that name. */
void eq_place_claim(struct eq_place *place, const unsigned char *name,
                    int64_t now);

/* After its writer died: all bytes wiped, the place free. */
void eq_place_repair(struct eq_place *place);

/*
 * How much would be lost if this place were given away: 0 nothing .. 3
 * memory of a failure; EQ_PINNED: a lease or a back-off, must not be.
 */
enum { EQ_PINNED = 4 };
int eq_place_worth(const struct eq_place *place, int64_t now);

/* Fills in state, serial, left, fresh; copies the header where it may be
 * served; the record in every state but EQ_EMPTY. */
void eq_place_look(const struct eq_place *place, int64_t now,
                   struct eq_view *view);

/* As eq_place_look, without the record, and without the header when the
 * token is the one of that serial: for a holder who has a copy of it. */
void eq_place_glance(const struct eq_place *place, int64_t now,
                     uint64_t serial, struct eq_view *view);

/*
 * Who leads? Fills in the state, for EQ_WAIT the pulse, for EQ_LEAD the last
 * failure, for EQ_BACKOFF that and what is left. Whoever is told EQ_LEAD
 * leads the flight ask->id.
 */
enum eq_turn eq_place_begin(struct eq_place *place, const struct eq_ask *ask,
                            struct eq_view *view);

/* Ends the flight with a token; false: that lease is not valid any more. */
bool eq_place_publish(struct eq_place *place, uint64_t lease,
                      struct eq_text record, struct eq_text header,
                      const struct eq_times *until, int64_t now);

/*
 * Ends the flight without one and backs off until then (0: not at all). No
 * bytes of failure: nothing to share, the waiters see EQ_GONE, and with
 * `until` 0 an older back-off stays as it was.
 */
bool eq_place_fail(struct eq_place *place, uint64_t lease,
                   struct eq_text failure, int64_t until);

/*
 * Leaves a note for whoever leads next, should this leader not come back:
 * it stands where the failure of this flight will. False: not valid.
 */
bool eq_place_mark(struct eq_place *place, uint64_t lease,
                   struct eq_text note);

/* Is that flight (0: any) under way? Then fills in its pulse. */
bool eq_place_pending(const struct eq_place *place, uint64_t flight,
                      int64_t now, struct eq_pulse *pulse);

/* How did that flight end? Copies what is to be shared with its waiters. */
enum eq_end eq_place_outcome(const struct eq_place *place, uint64_t flight,
                             int64_t now, struct eq_view *view);

/* The token is refused; true when it was the current one and was not yet. */
bool eq_place_reject(struct eq_place *place, uint64_t serial);

/* Token and record wiped, a flight under way made void. */
void eq_place_forget(struct eq_place *place);

/* At most n events in any `span`: true and noted, or false and the wait. */
bool eq_place_allow(struct eq_place *place, unsigned n, int64_t span,
                    int64_t now, int64_t *wait);

#endif
