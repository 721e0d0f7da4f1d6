/*
 * multi: the laws are in multi.h.
 */
#include "http/multi.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/fork.h"
#include "http/curl_init.h"

/* Idle connections kept at least: a few origins, a few at a time. */
#define KEPT_MIN 16L

/* How long one wait may last: a bound, should libcurl miss its own timer. */
#define POLL_MS 1000

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
    transfer = eq_transfer_new();
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

bool eq_multi_add(struct eq_multi *multi, struct eq_transfer *transfer)
{
  CURLMcode rc = curl_multi_add_handle(multi->multi, transfer->easy.handle);
  transfer->running = rc == CURLM_OK;
  if (rc != CURLM_OK) {
    eq_transfer_finish(transfer, rc == CURLM_OUT_OF_MEMORY
                                     ? CURLE_OUT_OF_MEMORY
                                     : CURLE_FAILED_INIT);
  }
  return rc == CURLM_OK;
}

/* Takes the transfer back from libcurl; its connection goes to the pool. */
static struct eq_transfer *take_back(struct eq_multi *multi,
                                     struct eq_transfer *transfer,
                                     CURLcode result)
{
  /* Fails only for handles that aren't there. */
  (void)curl_multi_remove_handle(multi->multi, transfer->easy.handle);
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
      return take_back(multi, (struct eq_transfer *)(void *)transfer, result);
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

struct eq_transfer *eq_multi_step(struct eq_multi *multi)
{
  /* What has ended comes first: it makes room for the next one. */
  struct eq_transfer *transfer = read_ended(multi);
  if (transfer != NULL) {
    return transfer;
  }
  int running;
  CURLMcode rc = curl_multi_perform(multi->multi, &running);
  return rc == CURLM_OK ? read_ended(multi) : give_up(multi, rc);
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
    (void)curl_multi_remove_handle(multi->multi, transfer->easy.handle);
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
