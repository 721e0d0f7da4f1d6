/*
 * transfer: one request and its response on one libcurl easy handle.
 *
 * Laws of this file:
 * - a transfer is used for many requests, one after the other, and sets only
 *   the options that have changed since the last one (easy_state.h);
 * - a request goes out once more, on a new connection, where the attempt on a
 *   kept one certainly had no effect (attempt.h), and where the response to it
 *   is 408: a server that gives up an idle connection says that (but for one
 *   that goes out once, see attempt.h);
 * - its deadline is kept here too, whatever libcurl does;
 * - a response counts as whole only if its end was marked: where it ends
 *   with its connection, over TLS, that may have been cut off;
 * - its callbacks collect bytes and call no Lua function.
 */
#ifndef EQ_HTTP_TRANSFER_H
#define EQ_HTTP_TRANSFER_H

#include <stdbool.h>

#include <curl/curl.h>

#include <stdint.h>

#include "http/attempt.h"
#include "http/easy_state.h"
#include "http/error.h"
#include "http/request.h"
#include "http/response.h"

struct eq_transfer {
  struct eq_easy easy;       /* owned */
  struct eq_transfer *next;  /* in a list of eq_multi */
  struct eq_transfer **link; /* what points to it there, while it is taken */
  size_t tag;                /* of send_many: which request this is */
  struct eq_order *order;    /* of an engine */
  bool running;              /* it was added and has not ended */
  bool parked;        /* running, but not with libcurl: multi_parked.h */
  int64_t held_until; /* on eq_tick_ns: it is parked at least so long */

  /* The request under way. */
  struct eq_request request; /* what it borrows lives until it is cleared */
  struct eq_attempt attempt;
  bool secure;                  /* its URL is https */
  bool careful;                 /* counted in its pool as such */
  int restarts;                 /* how often it went out once more */
  int64_t deadline;             /* on eq_coarse_ns; INT64_MAX: none */
  unsigned no_memory;           /* eq_curl_memory_failures() at its begin */
  char detail[CURL_ERROR_SIZE]; /* libcurl's message */
  struct eq_response response;

  /* The result. */
  bool failed; /* if so the error counts, else the rest */
  struct eq_error error;
  const char *version; /* of HTTP: "1.1", "2"; static */
  bool open_ended;     /* the body's length was not given: see transfer.c */
  bool multiplexed;    /* by HTTP/2, as far as known */
  long connects;       /* connections made */
  double elapsed;      /* seconds */
};

/* A transfer that has done nothing yet; NULL: no memory. The pool outlives
 * the connections that it makes. */
struct eq_transfer *eq_transfer_new(struct eq_pool *pool);

/*
 * Prepares the easy handle for a request that may take `seconds`; sends
 * nothing. What the request borrows must live until eq_transfer_clear.
 * False: it has failed already.
 */
bool eq_transfer_start(struct eq_transfer *transfer,
                       const struct eq_request *request, double seconds);

/* What libcurl's end of a transfer means. */
enum eq_transfer_next {
  EQ_TRANSFER_ENDS,
  EQ_TRANSFER_AGAIN, /* prepared to be given to libcurl once more */
  EQ_TRANSFER_PARKS  /* the same, when another one has ended */
};

/* libcurl has ended it with *result and has given it back. Where it ends for
 * another reason, *result says so. */
enum eq_transfer_next eq_transfer_next(struct eq_transfer *transfer,
                                       CURLcode *result);

/* Lets libcurl say what it does: HTTP/2 needs it, see attempt.h. */
void eq_transfer_listen(struct eq_transfer *transfer);

/* libcurl has ended it with `result`: reads the response or the error. */
void eq_transfer_finish(struct eq_transfer *transfer, CURLcode result);

/* Wipes request and response; the handle keeps its settings. */
void eq_transfer_clear(struct eq_transfer *transfer);

/* Frees it and its easy handle, which libcurl must have given back. */
void eq_transfer_free(struct eq_transfer *transfer);

#endif
