/*
 * transfer: one request and its response on one libcurl easy handle.
 *
 * Laws of this file:
 * - a transfer is used for many requests, one after the other, and sets only
 *   the options that have changed since the last one (easy_state.h);
 * - a request that must not be sent twice is stopped before the first byte of
 *   its second attempt: libcurl sends again, unasked, when a reused connection
 *   turns out to be dead;
 * - its callbacks collect bytes and call no Lua function.
 */
#ifndef EQ_HTTP_TRANSFER_H
#define EQ_HTTP_TRANSFER_H

#include <stdbool.h>

#include <curl/curl.h>

#include "http/easy_state.h"
#include "http/error.h"
#include "http/request.h"
#include "http/response.h"

struct eq_transfer {
  struct eq_easy easy;       /* owned */
  struct eq_transfer *next;  /* in a list of eq_multi */
  struct eq_transfer **link; /* what points to it there, while it is taken */
  size_t tag;                /* the owner's: which request this is */
  bool running;              /* libcurl has it */

  /* The request under way. */
  bool may_resend;              /* may be sent more than once */
  bool raw_headers;             /* as in struct eq_request */
  int attempts;                 /* how often libcurl was about to send it */
  char detail[CURL_ERROR_SIZE]; /* libcurl's message */
  struct eq_response response;

  /* The result. */
  bool failed; /* if so the error counts, else the rest */
  struct eq_error error;
  const char *version; /* of HTTP: "1.1", "2"; static */
  long connects;       /* connections made */
  double elapsed;      /* seconds */
};

/* A transfer that has done nothing yet; NULL: no memory. */
struct eq_transfer *eq_transfer_new(void);

/*
 * Prepares the easy handle for a request that may take `seconds`; sends
 * nothing. What the request borrows must live until eq_transfer_clear.
 * False: it has failed already.
 */
bool eq_transfer_start(struct eq_transfer *transfer,
                       const struct eq_request *request, double seconds);

/* libcurl has ended it with `result`: reads the response or the error. */
void eq_transfer_finish(struct eq_transfer *transfer, CURLcode result);

/* Wipes request and response; the handle keeps its settings. */
void eq_transfer_clear(struct eq_transfer *transfer);

/* Frees it and its easy handle, which libcurl must have given back. */
void eq_transfer_free(struct eq_transfer *transfer);

#endif
