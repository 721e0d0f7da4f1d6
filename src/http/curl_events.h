/*
 * curl_events: when libcurl's multi handle has something to do.
 *
 * Law of this file: libcurl names its sockets and its timer, and is called
 * for what is ready, for nothing else. It knows no transfers.
 */
#ifndef EQ_HTTP_CURL_EVENTS_H
#define EQ_HTTP_CURL_EVENTS_H

#include <curl/curl.h>

#include "http/readiness.h"

struct eq_curl_events {
  struct eq_readiness readiness;       /* of libcurl's sockets */
  struct eq_ready ready[EQ_READY_MAX]; /* seen by the last wait */
  int ready_n;
  bool broken;      /* libcurl does not go on: a socket can't be watched */
  int64_t timer_at; /* on eq_tick_ns: when libcurl wants to be called */
  int64_t also_at;  /* the same for what else waits here; exchange_pool.h */
};

/* Of no multi handle; allocates nothing. */
void eq_curl_events_init(struct eq_curl_events *events);

/* For this multi handle, as long as *events stays where it is. */
CURLcode eq_curl_events_open(struct eq_curl_events *events, CURLM *multi);

/* After the multi handle. Harmless where it is not open. */
void eq_curl_events_close(struct eq_curl_events *events);

/* Calls libcurl for all that the last wait has seen, and for its timer. */
CURLMcode eq_curl_events_act(struct eq_curl_events *events, CURLM *multi);

/*
 * Waits until there is something to act on, `ms` milliseconds at most, and not
 * beyond `at` (on eq_tick_ns). False: sockets can't be watched.
 */
bool eq_curl_events_wait(struct eq_curl_events *events, int ms, int64_t at);

/*
 * From now on the descriptor of `readiness` is readable when there is
 * something to act on, and at the time `at`. False as above.
 */
bool eq_curl_events_arm(struct eq_curl_events *events, int64_t at);

#endif
