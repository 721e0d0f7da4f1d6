/*
 * curl_events: the laws are in curl_events.h.
 */
#include "http/curl_events.h"

#include <errno.h>

#include "base/clock.h"
#include "http/curl_memory.h"
#include "http/tls_errors.h"

/* How often the timer is served at a time: what begins has a timer of 0 for
 * each of its first steps. */
#define TIMER_ROUNDS 4

void eq_curl_events_init(struct eq_curl_events *events)
{
  *events =
      (struct eq_curl_events){.timer_at = INT64_MAX, .also_at = INT64_MAX};
  eq_readiness_init(&events->readiness);
}

/* libcurl wants to know when a socket is ready. */
static int on_socket(CURL *handle, curl_socket_t socket, int what, void *arg,
                     void *unused)
{
  struct eq_curl_events *events = arg;
  unsigned wanted = 0;
  (void)handle;
  (void)unused;
  if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) {
    wanted |= EQ_READABLE;
  }
  if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) {
    wanted |= EQ_WRITABLE;
  }
  if (eq_readiness_want(&events->readiness, socket, wanted)) {
    return 0;
  }
  eq_curl_memory_failed();
  events->broken = true;
  return -1;
}

/* libcurl wants to be called in so many milliseconds; -1: it does not. */
static int on_timer(CURLM *multi, long ms, void *arg)
{
  struct eq_curl_events *events = arg;
  (void)multi;
  events->timer_at =
      ms < 0 ? INT64_MAX : eq_tick_ns() + (int64_t)ms * EQ_NS_PER_MS;
  return 0;
}

CURLcode eq_curl_events_open(struct eq_curl_events *events, CURLM *multi)
{
  if (eq_readiness_open(&events->readiness) != 0) {
    return CURLE_FAILED_INIT;
  }
  if (curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket) !=
          CURLM_OK ||
      curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, events) != CURLM_OK ||
      curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer) != CURLM_OK ||
      curl_multi_setopt(multi, CURLMOPT_TIMERDATA, events) != CURLM_OK) {
    return CURLE_FAILED_INIT;
  }
  return CURLE_OK;
}

void eq_curl_events_close(struct eq_curl_events *events)
{
  eq_readiness_close(&events->readiness);
  eq_curl_events_init(events);
}

static int mask_of(unsigned ready)
{
  int mask = (ready & EQ_READABLE) != 0 ? CURL_CSELECT_IN : 0;
  mask |= (ready & EQ_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0;
  return mask;
}

/* Counts what libcurl does not say of OpenSSL's memory. The first error in the
 * queue now; `before` is the one before libcurl was called. */
static unsigned long count_errors(unsigned long before)
{
  unsigned long error = eq_tls_errors_first();
  if (error != before && eq_tls_errors_is_memory(error)) {
    eq_curl_memory_failed();
  }
  return error;
}

static CURLMcode serve_timer(struct eq_curl_events *events, CURLM *multi)
{
  CURLMcode rc = CURLM_OK;
  int running;
  for (int i = 0;
       i < TIMER_ROUNDS && rc == CURLM_OK && events->timer_at <= eq_tick_ns();
       i++) {
    events->timer_at = INT64_MAX;
    rc = curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
  }
  return rc;
}

CURLMcode eq_curl_events_act(struct eq_curl_events *events, CURLM *multi)
{
  CURLMcode rc = CURLM_OK;
  int running;
  int n = events->ready_n;
  unsigned long error = n > 0 ? eq_tls_errors_first() : 0;
  events->ready_n = 0;
  for (int i = 0; i < n && rc == CURLM_OK; i++) {
    rc = curl_multi_socket_action(multi, events->ready[i].fd,
                                  mask_of(events->ready[i].events), &running);
    error = count_errors(error); /* the next call may clear them */
  }
  return rc == CURLM_OK ? serve_timer(events, multi) : rc;
}

static int64_t earlier(int64_t a, int64_t b)
{
  return a < b ? a : b;
}

/* Milliseconds until then, rounded up, `ms` at most. */
static int ms_until(int64_t at, int ms)
{
  int64_t left = at == INT64_MAX ? INT64_MAX : at - eq_tick_ns();
  if (left <= 0) {
    return 0;
  }
  return left / EQ_NS_PER_MS >= ms
             ? ms
             : (int)((left + EQ_NS_PER_MS - 1) / EQ_NS_PER_MS);
}

bool eq_curl_events_wait(struct eq_curl_events *events, int ms, int64_t at)
{
  if (eq_readiness_apply(&events->readiness) != 0) {
    events->broken = true;
    return false;
  }
  at = earlier(at, events->also_at);
  ms = ms_until(earlier(at, events->timer_at), ms);
  int n = eq_readiness_wait(&events->readiness, events->ready, ms);
  events->ready_n = n < 0 ? 0 : n;
  if (n < 0 && errno != EINTR) {
    events->broken = true;
    return false;
  }
  return true;
}

bool eq_curl_events_arm(struct eq_curl_events *events, int64_t at)
{
  at = earlier(earlier(at, events->also_at), events->timer_at);
  if (eq_readiness_apply(&events->readiness) == 0 &&
      eq_readiness_arm(&events->readiness, at) == 0) {
    return true;
  }
  events->broken = true;
  return false;
}
