/* place: see entry.h for the laws. Called under the table's lock. */
#include "cache/entry.h"

#include <openssl/crypto.h>
#include <string.h>

/*
 * Between open_write and close_write the generation is odd. The first needs
 * acquire, so no write moves up before it; the second release, so none moves
 * down behind it. A read-modify-write rather than a fence: thread sanitizers
 * understand it.
 */
static void open_write(struct eq_place *place)
{
  atomic_fetch_add_explicit(&place->generation, 1, memory_order_acq_rel);
}

static void close_write(struct eq_place *place)
{
  atomic_fetch_add_explicit(&place->generation, 1, memory_order_acq_rel);
}

/* Bytes that stay when a shorter text takes their place would be a leak. */
static void set(struct eq_secret *secret, struct eq_text text)
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
  set(secret, (struct eq_text){NULL, 0});
}

static void copy(struct eq_secret *to, const struct eq_secret *from)
{
  set(to, (struct eq_text){from->bytes, from->len});
}

static int64_t until(int64_t deadline, int64_t now)
{
  if (deadline == EQ_FOREVER) {
    return EQ_FOREVER;
  }
  return deadline > now ? deadline - now : 0;
}

void eq_place_init(struct eq_place *place, struct eq_body *body)
{
  memset(place, 0, sizeof *place);
  place->header.bytes = body->header;
  place->record.bytes = body->record;
  place->failure.bytes = body->failure;
}

void eq_view_init(struct eq_view *view)
{
  memset(view, 0, sizeof *view);
  view->header.bytes = view->body.header;
  view->record.bytes = view->body.record;
  view->failure.bytes = view->body.failure;
}

void eq_view_wipe(struct eq_view *view)
{
  wipe(&view->header);
  wipe(&view->record);
  wipe(&view->failure);
}

static void drop_token(struct eq_place *place)
{
  wipe(&place->header);
  wipe(&place->record);
  place->token = (struct eq_token){0};
}

static void empty(struct eq_place *place)
{
  drop_token(place);
  wipe(&place->failure);
  place->taken = false;
  memset(place->name, 0, sizeof place->name);
  place->flight = (struct eq_flight){0};
  place->setback = (struct eq_setback){0};
  place->events = 0;
  memset(place->window, 0, sizeof place->window);
  place->window_until = 0;
  memset(place->counts, 0, sizeof place->counts);
}

void eq_place_claim(struct eq_place *place, const unsigned char *name,
                    int64_t now)
{
  open_write(place);
  empty(place);
  memcpy(place->name, name, EQ_NAME_SIZE);
  place->taken = true;
  eq_place_touch(place, now);
  close_write(place);
}

void eq_place_repair(struct eq_place *place)
{
  /* The lengths may be older than the bytes: wipe to the end. */
  place->header.len = EQ_HEADER_MAX;
  place->record.len = EQ_RECORD_MAX;
  place->failure.len = EQ_FAILURE_MAX;
  empty(place);
  close_write(place); /* odd it was, even it is */
}

/* A flight that still keeps others from leading. */
static bool flies(const struct eq_place *place, int64_t now)
{
  return place->flight.under_way && now < place->flight.lease_until;
}

int eq_place_worth(const struct eq_place *place, int64_t now)
{
  if (!place->taken) {
    return 0;
  }
  if (flies(place, now) || now < place->setback.until) {
    return EQ_PINNED;
  }
  /*
   * What is known of a token's failures is known so that attempts can be
   * counted: it goes last. A window likewise. But who has nothing beside a
   * failure that holds nobody back must not drive out tokens.
   */
  if (now < place->window_until ||
      (place->failure.len > 0 && place->token.serial != 0)) {
    return 3;
  }
  return place->token.serial != 0 ? 2 : 1;
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

void eq_place_glance(const struct eq_place *place, int64_t now,
                     uint64_t serial, struct eq_view *view)
{
  const struct eq_token *token = &place->token;
  view->state = state_of(token, now);
  view->serial = token->serial;
  view->left = until(token->until.expires, now);
  view->fresh = token->until.fresh;
  if (may_be_served(view->state) && token->serial != serial) {
    copy(&view->header, &place->header);
  }
}

void eq_place_look(const struct eq_place *place, int64_t now,
                   struct eq_view *view)
{
  eq_place_glance(place, now, 0, view);
  copy(&view->record, &place->record);
}

bool eq_place_pending(const struct eq_place *place, uint64_t flight,
                      int64_t now, struct eq_pulse *pulse)
{
  if (!flies(place, now) || (flight != 0 && flight != place->flight.id)) {
    return false;
  }
  pulse->flight = place->flight.id;
  pulse->leader = place->flight.leader;
  pulse->lease_left = until(place->flight.lease_until, now);
  return true;
}

/*
 * A flight starts. What nobody may use any more goes: the header of a token
 * that is over, and a stillborn token altogether, now that its waiters had
 * their time. A record stays, the leader may need its refresh token.
 */
static void lead(struct eq_place *place, const struct eq_ask *ask)
{
  open_write(place);
  if (place->token.stillborn) {
    drop_token(place);
  } else if (!may_be_served(state_of(&place->token, ask->now))) {
    wipe(&place->header);
  }
  place->flight = (struct eq_flight){
      .id = ask->id,
      .under_way = true,
      .lease_until = ask->lease_until,
      .leader = ask->self,
  };
  eq_place_touch(place, ask->now);
  close_write(place);
}

enum eq_turn eq_place_begin(struct eq_place *place, const struct eq_ask *ask,
                            struct eq_view *view)
{
  view->state = state_of(&place->token, ask->now);
  if (ask->has_seen && may_be_served(view->state) &&
      place->token.serial != ask->seen) {
    return EQ_READY;
  }
  if (place->flight.id != ask->dead &&
      eq_place_pending(place, 0, ask->now, &view->pulse)) {
    return EQ_WAIT;
  }
  copy(&view->failure, &place->failure);
  if (ask->now < place->setback.until && !ask->force) {
    view->left = until(place->setback.until, ask->now);
    return EQ_BACKOFF;
  }
  lead(place, ask);
  return EQ_LEAD;
}

/* Past its deadline a lease is still good, until somebody else leads. */
static bool valid(const struct eq_place *place, uint64_t lease)
{
  return place->flight.under_way && place->flight.id == lease;
}

bool eq_place_publish(struct eq_place *place, uint64_t lease,
                      struct eq_text record, struct eq_text header,
                      const struct eq_times *times, int64_t now)
{
  if (!valid(place, lease)) {
    return false;
  }
  open_write(place);
  set(&place->header, header);
  set(&place->record, record);
  wipe(&place->failure);
  place->token = (struct eq_token){
      .serial = lease,
      .until = *times,
      .stillborn = times->expires <= now,
  };
  place->setback = (struct eq_setback){0};
  place->flight.under_way = false;
  eq_place_touch(place, now);
  close_write(place);
  return true;
}

bool eq_place_fail(struct eq_place *place, uint64_t lease,
                   struct eq_text failure, int64_t deadline)
{
  if (!valid(place, lease)) {
    return false;
  }
  open_write(place);
  if (failure.len > 0) {
    set(&place->failure, failure);
    place->setback.flight = lease;
  }
  if (failure.len > 0 || deadline > 0) {
    place->setback.until = deadline;
  }
  place->flight.under_way = false;
  close_write(place);
  return true;
}

bool eq_place_mark(struct eq_place *place, uint64_t lease, struct eq_text note)
{
  if (!valid(place, lease)) {
    return false;
  }
  open_write(place);
  set(&place->failure, note);
  close_write(place);
  return true;
}

enum eq_end eq_place_outcome(const struct eq_place *place, uint64_t flight,
                             int64_t now, struct eq_view *view)
{
  if (flight != 0 && eq_place_pending(place, flight, now, &view->pulse)) {
    return EQ_PENDING;
  }
  if (flight != 0 && place->token.serial == flight && !place->token.rejected &&
      place->header.len > 0) {
    view->serial = flight;
    copy(&view->header, &place->header);
    copy(&view->record, &place->record);
    return EQ_PUBLISHED;
  }
  if (flight != 0 && place->setback.flight == flight) {
    view->left = until(place->setback.until, now);
    copy(&view->failure, &place->failure);
    return EQ_FAILED;
  }
  return EQ_GONE;
}

bool eq_place_reject(struct eq_place *place, uint64_t serial)
{
  if (serial == 0 || place->token.serial != serial || place->token.rejected) {
    return false;
  }
  open_write(place);
  place->token.rejected = true;
  wipe(&place->header);
  close_write(place);
  return true;
}

void eq_place_forget(struct eq_place *place)
{
  open_write(place);
  drop_token(place);
  place->flight.under_way = false;
  close_write(place);
}

/*
 * The window is a ring in the order of time, so the n-th newest event says
 * it all. One word is written, then another: a death in between costs one
 * event's memory and tears nothing, the generation may stay as it is.
 */
bool eq_place_allow(struct eq_place *place, unsigned n, int64_t span,
                    int64_t now, int64_t *wait)
{
  int64_t nth = place->window[(place->events + EQ_WINDOW - n) % EQ_WINDOW];
  int64_t free_again = nth == 0 ? 0 : eq_after(nth, span);
  if (now < free_again) {
    *wait = until(free_again, now);
    return false;
  }
  place->window[place->events % EQ_WINDOW] = now;
  place->events++;
  place->window_until = eq_after(now, span);
  return true;
}
