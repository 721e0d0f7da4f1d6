/*
 * multi: the laws are in multi.h.
 */
#include "http/multi.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fork.h"
#include "http/curl_init.h"
#include "http/curl_memory.h"
#include "http/multi_abandon.h"
#include "http/multi_parked.h"
#include "http/transfer_list.h"

/* Idle connections kept at least: a few origins, a few at a time. */
#define KEPT_MIN 16L

/* How long one wait may last: a bound, should libcurl miss its own timer. */
#define POLL_MS 1000

/* How much later than libcurl itself deadlines are checked. */
#define CHECK_NS (EQ_NS_PER_S / 4)

/* How often the connections of those under way are looked at. */
#define LOOK_NS EQ_NS_PER_S

void eq_multi_init(struct eq_multi *multi)
{
  *multi = (struct eq_multi){.late_at = INT64_MAX};
  eq_curl_events_init(&multi->events);
}

void eq_multi_close(struct eq_multi *multi)
{
  if (multi->multi != NULL && multi->process != eq_fork_generation()) {
    eq_multi_abandon(multi);
    eq_curl_events_close(&multi->events); /* the parent has them, too */
  } else if (multi->multi != NULL) {
    eq_multi_cancel(multi);
    eq_transfer_list_free(&multi->idle);
    /* Fails only for handles that are no multi handles. */
    (void)curl_multi_cleanup(multi->multi);
    eq_connection_clear(&multi->pool);
    eq_curl_events_close(&multi->events);
  }
  eq_multi_init(multi);
}

/*
 * By default libcurl keeps four idle connections for each transfer that is
 * under way: at the end of many transfers it would keep nearly none.
 */
static CURLcode keep(struct eq_multi *multi, long n)
{
  n = n > KEPT_MIN ? n : KEPT_MIN;
  if (n <= multi->most) {
    return CURLE_OK;
  }
  multi->most = n;
  CURLMcode rc = curl_multi_setopt(multi->multi, CURLMOPT_MAXCONNECTS,
                                   eq_connection_idle(n));
  return rc == CURLM_OK ? CURLE_OK : CURLE_FAILED_INIT;
}

static CURLcode open_multi(struct eq_multi *multi)
{
  CURLcode rc = eq_curl_init();
  if (rc != CURLE_OK) {
    return rc;
  }
  multi->multi = curl_multi_init();
  multi->process = eq_fork_generation();
  if (multi->multi == NULL) {
    return CURLE_OUT_OF_MEMORY;
  }
  multi->pool.readiness = &multi->events.readiness;
  rc = eq_curl_events_open(&multi->events, multi->multi);
  if (rc != CURLE_OK) {
    eq_multi_close(multi);
  }
  return rc;
}

CURLcode eq_multi_enter(struct eq_multi *multi, long n)
{
  if (multi->process != eq_fork_generation()) {
    eq_multi_close(multi); /* abandons what belongs to the parent */
  }
  if (multi->events.broken && multi->running == 0) {
    eq_multi_close(multi);
  }
  if (multi->multi == NULL) {
    CURLcode rc = open_multi(multi);
    if (rc != CURLE_OK) {
      return rc;
    }
  }
  return keep(multi, n);
}

struct eq_transfer *eq_multi_take(struct eq_multi *multi)
{
  struct eq_transfer *transfer = multi->idle;
  if (transfer != NULL) {
    eq_transfer_list_remove(transfer);
  } else {
    transfer = eq_transfer_new(&multi->pool);
  }
  if (transfer != NULL) {
    eq_transfer_list_add(&multi->active, transfer);
  }
  return transfer;
}

void eq_multi_keep(struct eq_multi *multi, struct eq_transfer *transfer)
{
  eq_transfer_list_add(&multi->idle, transfer);
}

void eq_multi_release(struct eq_multi *multi, struct eq_transfer *transfer)
{
  eq_transfer_list_remove(transfer);
  eq_transfer_clear(transfer);
  eq_multi_keep(multi, transfer);
}

/* HTTP/2 says which requests were not processed; see attempt.h. */
static void listen_for(struct eq_multi *multi, struct eq_transfer *transfer)
{
  const struct eq_request *request = &transfer->request;
  if (strncmp(request->url, "https:", 6) != 0) {
    return;
  }
  if (!request->may_resend) {
    struct eq_transfer *other =
        multi->pool.careful == 0 ? multi->active : NULL;
    for (; other != NULL; other = other->next) {
      eq_transfer_listen(other); /* it may be the one that hears GOAWAY */
    }
    transfer->careful = true;
    multi->pool.careful++;
  }
  if (multi->pool.careful > 0) {
    eq_transfer_listen(transfer);
  }
}

/* It has ended, or is cancelled. */
static void leave(struct eq_multi *multi, struct eq_transfer *transfer)
{
  multi->running--;
  multi->parked -= transfer->parked;
  multi->pool.careful -= transfer->careful;
  transfer->parked = false;
  transfer->careful = false;
}

/* When one that goes on is looked at again, at the latest; see end_late. */
static int64_t next_look(const struct eq_transfer *transfer, int64_t now)
{
  int64_t at = transfer->secure ? now + LOOK_NS : INT64_MAX;
  if (transfer->parked && transfer->held_until > now) {
    at = transfer->held_until; /* some milliseconds */
  }
  if (transfer->deadline < at - CHECK_NS) {
    at = transfer->deadline + CHECK_NS;
  }
  return transfer->running ? at : INT64_MAX;
}

bool eq_multi_add(struct eq_multi *multi, struct eq_transfer *transfer)
{
  listen_for(multi, transfer);
  CURLcode rc = eq_multi_hold(multi, transfer)
                    ? CURLE_OK
                    : eq_multi_hand_over(multi, transfer);
  transfer->running = rc == CURLE_OK;
  multi->running++;
  eq_multi_check_by(multi, next_look(transfer, eq_coarse_ns()));
  if (rc != CURLE_OK) {
    leave(multi, transfer);
    eq_transfer_finish(transfer, rc);
  }
  return rc == CURLE_OK;
}

bool eq_multi_is_full(const struct eq_multi *multi)
{
  return multi->parked > 0;
}

/* Takes the transfer back from libcurl; its connection goes to the pool. */
static struct eq_transfer *take_back(struct eq_multi *multi,
                                     struct eq_transfer *transfer,
                                     CURLcode result)
{
  if (!transfer->parked) { /* fails only for handles that aren't there */
    (void)curl_multi_remove_handle(multi->multi, transfer->easy.handle);
  }
  leave(multi, transfer);
  eq_transfer_finish(transfer, result);
  return transfer;
}

/* The same, unless it goes on: then NULL. */
static struct eq_transfer *end(struct eq_multi *multi,
                               struct eq_transfer *transfer, CURLcode result)
{
  (void)curl_multi_remove_handle(multi->multi, transfer->easy.handle);
  enum eq_transfer_next next = eq_transfer_next(transfer, &result);
  if (next == EQ_TRANSFER_PARKS && multi->running > multi->parked + 1) {
    eq_multi_park(multi, transfer, eq_coarse_ns() + CHECK_NS);
    return NULL;
  }
  if (next != EQ_TRANSFER_ENDS) {
    transfer->attempt.unlimited = next == EQ_TRANSFER_PARKS;
    if (multi->pool.careful > 0) {
      eq_transfer_listen(transfer);
    }
    result = eq_multi_hand_over(multi, transfer);
    if (result == CURLE_OK) {
      return NULL;
    }
  }
  leave(multi, transfer);
  eq_transfer_finish(transfer, result);
  return transfer;
}

/* A transfer whose end libcurl has reported, or NULL. */
static struct eq_transfer *read_ended(struct eq_multi *multi)
{
  const CURLMsg *message;
  int left;
  while ((message = curl_multi_info_read(multi->multi, &left)) != NULL) {
    char *transfer = NULL;
    if (message->msg != CURLMSG_DONE) {
      continue; /* no other kind exists so far */
    }
    CURLcode result = message->data.result;
    CURLcode rc =
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    if (rc == CURLE_OK && transfer != NULL) {
      struct eq_transfer *ended =
          end(multi, (struct eq_transfer *)(void *)transfer, result);
      if (ended != NULL) {
        return ended;
      }
    }
  }
  return NULL;
}

/* The multi handle itself failed: one of its transfers fails with it. */
static struct eq_transfer *give_up(struct eq_multi *multi, CURLMcode reason)
{
  struct eq_transfer *transfer = multi->active;
  while (!transfer->running) {
    transfer = transfer->next;
  }
  return take_back(multi, transfer,
                   reason == CURLM_OUT_OF_MEMORY ? CURLE_OUT_OF_MEMORY
                                                 : CURLE_FAILED_INIT);
}

/* One whose deadline is over, or whose connection is dead, which libcurl has
 * not noticed; or NULL. */
static struct eq_transfer *end_late(struct eq_multi *multi)
{
  int64_t now = eq_tick_ns();
  if (now < multi->late_at && !multi->pool.has_dead) {
    return NULL;
  }
  int64_t next = multi->parked > 0 ? now + CHECK_NS : INT64_MAX;
  struct eq_transfer *transfer = multi->active;
  for (; transfer != NULL; transfer = transfer->next) {
    if (transfer->running && !transfer->parked &&
        eq_attempt_is_dead(&transfer->attempt)) {
      transfer->response.cause = EQ_CAUSE_NO_MEMORY;
      return take_back(multi, transfer, CURLE_OUT_OF_MEMORY);
    }
    if (transfer->running && transfer->deadline <= now - CHECK_NS) {
      return take_back(multi, transfer, CURLE_OPERATION_TIMEDOUT);
    }
    int64_t at = next_look(transfer, now);
    next = at < next ? at : next;
  }
  multi->pool.has_dead = false;
  multi->late_at = next;
  eq_multi_unpark(multi, NULL);
  return NULL;
}

/* One during which libcurl lacked memory: it is not waited for, as libcurl may
 * have lost sight of it. Or NULL. */
static struct eq_transfer *end_starved(struct eq_multi *multi)
{
  unsigned failures = eq_curl_memory_failures();
  if (failures == multi->no_memory) {
    return NULL;
  }
  struct eq_transfer *transfer = multi->active;
  for (; transfer != NULL; transfer = transfer->next) {
    if (transfer->running && transfer->no_memory != failures) {
      return take_back(multi, transfer, CURLE_OUT_OF_MEMORY);
    }
  }
  multi->no_memory = failures;
  return NULL;
}

/* What has ended; it makes room for one that is parked, or for all. */
static struct eq_transfer *next_ended(struct eq_multi *multi)
{
  struct eq_transfer *transfer = read_ended(multi);
  if (transfer == NULL || multi->parked == 0) {
    return transfer;
  }
  unsigned origin = eq_connection_origin(&transfer->request);
  eq_multi_unpark(multi, transfer->multiplexed ? &origin : NULL);
  return transfer;
}

struct eq_transfer *eq_multi_step(struct eq_multi *multi)
{
  /* What has ended comes first: it makes room for the next one. */
  struct eq_transfer *transfer = next_ended(multi);
  if (transfer != NULL) {
    return transfer;
  }
  CURLMcode rc = eq_curl_events_act(&multi->events, multi->multi);
  if (rc != CURLM_OK) {
    return give_up(multi, rc);
  }
  transfer = next_ended(multi);
  if (transfer == NULL) {
    transfer = end_starved(multi);
  }
  return transfer != NULL ? transfer : end_late(multi);
}

struct eq_transfer *eq_multi_wait(struct eq_multi *multi, int ms)
{
  ms = ms < 0 || ms > POLL_MS ? POLL_MS : ms;
  return eq_curl_events_wait(&multi->events, ms, multi->late_at) ||
                 multi->running == 0
             ? NULL
             : give_up(multi, CURLM_OUT_OF_MEMORY);
}

struct eq_transfer *eq_multi_arm(struct eq_multi *multi, bool now, int64_t at)
{
  at = multi->late_at < at ? multi->late_at : at;
  return eq_curl_events_arm(&multi->events, now ? 0 : at) ||
                 multi->running == 0
             ? NULL
             : give_up(multi, CURLM_OUT_OF_MEMORY);
}

struct eq_transfer *eq_multi_next(struct eq_multi *multi)
{
  for (;;) {
    struct eq_transfer *transfer = eq_multi_step(multi);
    if (transfer == NULL) {
      transfer = eq_multi_wait(multi, POLL_MS);
    }
    if (transfer != NULL) {
      return transfer;
    }
  }
}

void eq_multi_stop(struct eq_multi *multi, struct eq_transfer *transfer)
{
  if (transfer->running) {
    /* Its connection is in the middle of a response: libcurl closes it. */
    if (!transfer->parked) {
      (void)curl_multi_remove_handle(multi->multi, transfer->easy.handle);
    }
    leave(multi, transfer);
    transfer->running = false;
  }
}

void eq_multi_drop(struct eq_multi *multi, struct eq_transfer *transfer)
{
  eq_multi_stop(multi, transfer);
  eq_multi_release(multi, transfer);
}

void eq_multi_cancel(struct eq_multi *multi)
{
  while (multi->active != NULL) {
    eq_multi_drop(multi, multi->active);
  }
}
