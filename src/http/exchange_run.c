/*
 * exchange_run: the laws are in exchange_run.h.
 */
#include "http/exchange_run.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "http/curl_memory.h"

#define CHUNK ((size_t)16 * 1024)

static const char probe[] = "*1\r\n$4\r\nPING\r\n";

struct eq_exchange_run *eq_exchange_run_new(const struct eq_exchange *exchange,
                                            int64_t deadline)
{
  struct eq_exchange_run *run = calloc(1, sizeof *run);
  if (run != NULL) {
    run->exchange = exchange;
    run->begun = eq_tick_ns();
    run->no_memory = eq_curl_memory_failures();
    run->deadline = deadline;
    run->until = deadline;
    eq_replies_init(&run->replies, exchange->max_reply);
  }
  return run;
}

void eq_exchange_run_free(struct eq_exchange_run *run)
{
  if (run != NULL) {
    eq_replies_free(&run->replies);
    free(run);
  }
}

static void finish(struct eq_exchange_run *run)
{
  run->phase = EQ_EXCHANGE_OVER;
  run->elapsed = (double)(eq_tick_ns() - run->begun) / (double)EQ_NS_PER_S;
}

void eq_exchange_run_fail(struct eq_exchange_run *run,
                          enum eq_exchange_cause cause, CURLcode result)
{
  const struct eq_exchange_facts facts = {
      .cause = cause,
      .result = result,
      .connecting = run->phase == EQ_EXCHANGE_CONNECTS,
      .silent = !run->heard && !run->kept,
      .sent = run->maybe_sent,
      .no_memory = eq_curl_memory_was_short(
          run->no_memory, run->one != NULL ? run->one->detail : ""),
  };
  run->failed = true;
  run->reusable = false;
  eq_exchange_classify(&run->error, run->exchange, run->one, &facts);
  finish(run);
}

/* The replies that came say why nothing more is sent. */
static void finish_login(struct eq_exchange_run *run)
{
  run->login_failed = true;
  finish(run);
}

/* ------------------------------------------------------------------ phases */

static void enter(struct eq_exchange_run *run, enum eq_exchange_phase phase,
                  size_t replies)
{
  run->phase = phase;
  run->sent = 0;
  run->until = run->deadline;
  eq_replies_begin(&run->replies, replies);
}

/* What this phase sends. */
static const char *to_send(const struct eq_exchange_run *run, size_t *n)
{
  switch (run->phase) {
  case EQ_EXCHANGE_PROBES:
    *n = sizeof probe - 1;
    return probe;
  case EQ_EXCHANGE_LOGS_IN:
    *n = run->exchange->login_len;
    return run->exchange->login;
  default:
    *n = run->exchange->send_len;
    return run->exchange->send;
  }
}

/* To a PING before the login: the user, the protocol or a right is missing
 * (codes that begin with NO). Any other error is of a server that serves no
 * one now. */
static bool is_asking(const struct eq_exchange_run *run)
{
  return strncmp(eq_buffer_text(&run->replies.bytes), "-NO", 3) == 0;
}

/* All replies of this phase are there. */
static void next_phase(struct eq_exchange_run *run)
{
  const struct eq_exchange *exchange = run->exchange;
  switch (run->phase) {
  case EQ_EXCHANGE_PROBES:
    if (run->replies.has_error && !is_asking(run)) {
      finish_login(run);
      return;
    }
    enter(run, EQ_EXCHANGE_LOGS_IN, exchange->login_replies);
    return;
  case EQ_EXCHANGE_LOGS_IN:
    if (run->replies.has_error) {
      finish_login(run);
      return;
    }
    enter(run, EQ_EXCHANGE_SENDS, exchange->replies);
    return;
  default:
    run->reusable = !run->replies.aside && run->sent == exchange->send_len;
    finish(run);
    return;
  }
}

void eq_exchange_run_begin(struct eq_exchange_run *run)
{
  const struct eq_exchange *exchange = run->exchange;
  if (run->kept || exchange->login_len == 0) {
    enter(run, EQ_EXCHANGE_SENDS, exchange->replies);
  } else if (exchange->tls || exchange->path != NULL) {
    enter(run, EQ_EXCHANGE_LOGS_IN, exchange->login_replies);
  } else {
    enter(run, EQ_EXCHANGE_PROBES, 1);
  }
  eq_exchange_run_go(run);
}

/* -------------------------------------------------------------- both ways */

/* The connection ended, or failed. What a server says before it closes, of
 * its own accord, may be all there is. */
static void lose(struct eq_exchange_run *run, enum eq_exchange_cause cause,
                 CURLcode result)
{
  bool before =
      run->phase == EQ_EXCHANGE_PROBES || run->phase == EQ_EXCHANGE_LOGS_IN;
  if (before && run->replies.has_error) {
    finish_login(run);
  } else {
    eq_exchange_run_fail(run, cause, result);
  }
}

/* Sends. True: all of it has left; false: it has to wait, or is over. A server
 * that broke off may have said why: that is read first. */
static bool send_rest(struct eq_exchange_run *run, CURLcode *result)
{
  size_t n;
  const char *bytes = to_send(run, &n);
  *result = CURLE_OK;
  while (run->sent < n && *result == CURLE_OK) {
    size_t sent;
    *result = eq_exchange_link_send(run->one, bytes + run->sent, n - run->sent,
                                    &sent);
    run->sent += sent;
    run->maybe_sent =
        run->maybe_sent || (run->phase == EQ_EXCHANGE_SENDS && sent > 0);
  }
  return run->sent == n;
}

/* A fatal alert, in plain: the other side wants TLS. */
static bool speaks_tls(const struct eq_exchange_run *run, const char *bytes,
                       size_t n)
{
  return !run->exchange->tls && n >= 2 && bytes[0] == 0x15 && bytes[1] == 3 &&
         run->replies.whole == 0;
}

static void take(struct eq_exchange_run *run, const char *bytes, size_t n)
{
  switch (eq_replies_add(&run->replies, bytes, n)) {
  case EQ_REPLIES_MORE:
    return;
  case EQ_REPLIES_WHOLE:
    next_phase(run);
    return;
  case EQ_REPLIES_BAD:
    eq_exchange_run_fail(run,
                         speaks_tls(run, bytes, n) ? EQ_EXCHANGE_SPEAKS_TLS
                                                   : EQ_EXCHANGE_GARBAGE,
                         CURLE_OK);
    return;
  case EQ_REPLIES_LARGE:
    eq_exchange_run_fail(run, EQ_EXCHANGE_LARGE, CURLE_OK);
    return;
  case EQ_REPLIES_NO_MEM:
    eq_exchange_run_fail(run, EQ_EXCHANGE_LIBCURL, CURLE_OUT_OF_MEMORY);
    return;
  }
}

/* Receives until a phase ends, or there is nothing more now: false. A server
 * that goes on and on holds the thread until the deadline at most. */
static bool receive(struct eq_exchange_run *run)
{
  char bytes[CHUNK];
  enum eq_exchange_phase phase = run->phase;
  while (run->phase == phase) {
    size_t n;
    CURLcode rc = eq_exchange_link_recv(run->one, bytes, sizeof bytes, &n);
    if (rc == CURLE_AGAIN) {
      return false;
    }
    if (rc != CURLE_OK) {
      lose(run, EQ_EXCHANGE_LIBCURL, rc);
    } else if (n == 0) {
      lose(run, EQ_EXCHANGE_CLOSED, CURLE_OK);
    } else {
      run->heard = true;
      take(run, bytes, n);
      eq_wipe(bytes, n);
      if (run->phase == phase && run->until <= eq_tick_ns()) {
        eq_exchange_run_fail(run, EQ_EXCHANGE_LATE, CURLE_OK);
      }
    }
  }
  return true;
}

void eq_exchange_run_go(struct eq_exchange_run *run)
{
  while (run->phase != EQ_EXCHANGE_OVER) {
    CURLcode rc;
    bool sent = send_rest(run, &rc);
    if (receive(run)) {
      continue;
    }
    if (rc != CURLE_OK && rc != CURLE_AGAIN) {
      lose(run, EQ_EXCHANGE_LIBCURL, rc);
    } else if (!eq_exchange_link_want(
                   run->one, EQ_READABLE | (sent ? 0U : EQ_WRITABLE))) {
      eq_exchange_run_fail(run, EQ_EXCHANGE_LIBCURL, CURLE_OUT_OF_MEMORY);
    } else {
      return;
    }
  }
}
