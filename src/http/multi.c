/*
 * multi: the laws are in multi.h.
 */
#include "http/multi.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fork.h"
#include "http/curl_init.h"

/* Idle connections kept at least: a few origins, a few at a time. */
#define KEPT_MIN 16L

/* How long one wait may last: a bound, should libcurl miss its own timer. */
#define POLL_MS 1000

/* How often deadlines are checked, and how much later than libcurl itself. */
#define CHECK_NS (EQ_NS_PER_S / 4)

void eq_multi_init(struct eq_multi *multi)
{
  *multi = (struct eq_multi){.process = 0};
}

/*
 * What belongs to a parent process. It is kept in a list, so that leak
 * checkers see that it is never freed on purpose.
 */
struct abandoned {
  struct eq_multi multi;
  struct abandoned *next;
};

static struct abandoned *_Atomic abandoned;

static void abandon(const struct eq_multi *multi)
{
  struct abandoned *entry = malloc(sizeof *entry);
  if (entry == NULL) {
    return; /* then a leak checker complains, and that is all */
  }
  entry->multi = *multi;
  entry->next = atomic_load(&abandoned);
  while (!atomic_compare_exchange_weak(&abandoned, &entry->next, entry)) {
  }
}

static void free_list(struct eq_transfer *list)
{
  while (list != NULL) {
    struct eq_transfer *next = list->next;
    eq_transfer_free(list);
    list = next;
  }
}

void eq_multi_close(struct eq_multi *multi)
{
  if (multi->multi != NULL && multi->process != eq_fork_generation()) {
    abandon(multi);
  } else if (multi->multi != NULL) {
    eq_multi_cancel(multi);
    free_list(multi->idle);
    /* Fails only for handles that are no multi handles. */
    (void)curl_multi_cleanup(multi->multi);
    eq_connection_clear(&multi->pool);
  }
  eq_multi_init(multi);
}

/*
 * By default libcurl keeps four idle connections for each transfer that is
 * under way: at the end of many transfers it would keep nearly none.
 */
static CURLcode keep(struct eq_multi *multi, long n)
{
  if (n <= multi->kept) {
    return CURLE_OK;
  }
  multi->kept = n > KEPT_MIN ? n : KEPT_MIN;
  CURLMcode rc =
      curl_multi_setopt(multi->multi, CURLMOPT_MAXCONNECTS, multi->kept);
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
  return multi->multi != NULL ? CURLE_OK : CURLE_OUT_OF_MEMORY;
}

CURLcode eq_multi_enter(struct eq_multi *multi, long n)
{
  if (multi->process != eq_fork_generation()) {
    eq_multi_close(multi); /* abandons what belongs to the parent */
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
    multi->idle = transfer->next;
  } else {
    transfer = eq_transfer_new(&multi->pool);
    if (transfer == NULL) {
      return NULL;
    }
  }
  transfer->next = multi->active;
  transfer->link = &multi->active;
  if (transfer->next != NULL) {
    transfer->next->link = &transfer->next;
  }
  multi->active = transfer;
  return transfer;
}

void eq_multi_release(struct eq_multi *multi, struct eq_transfer *transfer)
{
  /* Not searched for: that would touch the memory of all the others. */
  *transfer->link = transfer->next;
  if (transfer->next != NULL) {
    transfer->next->link = transfer->link;
  }
  eq_transfer_clear(transfer);
  transfer->next = multi->idle;
  multi->idle = transfer;
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

static CURLcode hand_over(struct eq_multi *multi, struct eq_transfer *transfer)
{
  CURLMcode rc = curl_multi_add_handle(multi->multi, transfer->easy.handle);
  if (rc == CURLM_OK) {
    return CURLE_OK;
  }
  return rc == CURLM_OUT_OF_MEMORY ? CURLE_OUT_OF_MEMORY : CURLE_FAILED_INIT;
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

bool eq_multi_add(struct eq_multi *multi, struct eq_transfer *transfer)
{
  listen_for(multi, transfer);
  CURLcode rc = hand_over(multi, transfer);
  transfer->running = rc == CURLE_OK;
  multi->running++;
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

/*
 * Gives what is parked to libcurl again: one whose origin is that of *room, or
 * (NULL) all. What libcurl can't take stays here until its deadline.
 */
static void unpark(struct eq_multi *multi, const unsigned *room)
{
  struct eq_transfer *transfer = multi->parked > 0 ? multi->active : NULL;
  for (; transfer != NULL; transfer = transfer->next) {
    if (!transfer->parked ||
        (room != NULL && *room != eq_connection_origin(&transfer->request))) {
      continue;
    }
    /* The last one of all would wait for ever. */
    transfer->attempt.unlimited = multi->running == multi->parked;
    if (hand_over(multi, transfer) == CURLE_OK) {
      transfer->parked = false;
      multi->parked--;
    }
    bool early = transfer->attempt.early;
    transfer->attempt.early = false;
    if (room != NULL && !early) {
      return;
    }
  }
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
    transfer->parked = true;
    multi->parked++;
    return NULL;
  }
  if (next != EQ_TRANSFER_ENDS) {
    transfer->attempt.unlimited = next == EQ_TRANSFER_PARKS;
    if (multi->pool.careful > 0) {
      eq_transfer_listen(transfer);
    }
    result = hand_over(multi, transfer);
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

/* One whose deadline is over, which libcurl has not noticed; or NULL. */
static struct eq_transfer *end_late(struct eq_multi *multi)
{
  int64_t now = eq_coarse_ns();
  if (now < multi->check_at) {
    return NULL;
  }
  multi->check_at = now + CHECK_NS;
  struct eq_transfer *transfer = multi->active;
  for (; transfer != NULL; transfer = transfer->next) {
    if (transfer->running && transfer->deadline < now - CHECK_NS) {
      multi->check_at = now; /* there may be more */
      return take_back(multi, transfer, CURLE_OPERATION_TIMEDOUT);
    }
  }
  unpark(multi, NULL);
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
  unpark(multi, transfer->multiplexed ? &origin : NULL);
  return transfer;
}

struct eq_transfer *eq_multi_step(struct eq_multi *multi)
{
  /* What has ended comes first: it makes room for the next one. */
  struct eq_transfer *transfer = next_ended(multi);
  if (transfer != NULL) {
    return transfer;
  }
  int running;
  CURLMcode rc = curl_multi_perform(multi->multi, &running);
  if (rc != CURLM_OK) {
    return give_up(multi, rc);
  }
  transfer = next_ended(multi);
  return transfer != NULL ? transfer : end_late(multi);
}

struct eq_transfer *eq_multi_wait_among(struct eq_multi *multi,
                                        struct curl_waitfd *files, unsigned n,
                                        int ms)
{
  if (ms > POLL_MS) {
    ms = POLL_MS;
  }
  CURLMcode rc = curl_multi_poll(multi->multi, files, n, ms, NULL);
  return rc == CURLM_OK ? NULL : give_up(multi, rc);
}

struct eq_transfer *eq_multi_wait(struct eq_multi *multi)
{
  return eq_multi_wait_among(multi, NULL, 0, POLL_MS);
}

struct eq_transfer *eq_multi_next(struct eq_multi *multi)
{
  for (;;) {
    struct eq_transfer *transfer = eq_multi_step(multi);
    if (transfer == NULL) {
      transfer = eq_multi_wait(multi);
    }
    if (transfer != NULL) {
      return transfer;
    }
  }
}

void eq_multi_drop(struct eq_multi *multi, struct eq_transfer *transfer)
{
  if (transfer->running) {
    /* Its connection is in the middle of a response: libcurl closes it. */
    if (!transfer->parked) {
      (void)curl_multi_remove_handle(multi->multi, transfer->easy.handle);
    }
    leave(multi, transfer);
    transfer->running = false;
  }
  eq_multi_release(multi, transfer);
}

void eq_multi_cancel(struct eq_multi *multi)
{
  while (multi->active != NULL) {
    eq_multi_drop(multi, multi->active);
  }
}
