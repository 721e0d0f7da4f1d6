/*
 * transfer: one request and its answer on one libcurl easy handle.
 *
 * Laws of this file:
 * - a transfer is used again and again, and tells libcurl only what has
 *   changed since its last request (easy_state.h);
 * - a request that may not be repeated is stopped before the first byte of
 *   its second attempt: libcurl would send it again, unasked, when a reused
 *   connection turns out to be dead;
 * - its callbacks collect bytes and call nothing of Lua.
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
  CURL *easy;                /* owned; NULL: made at the next start */
  struct eq_transfer *next;  /* in a list of eq_multi */
  struct eq_transfer **link; /* what points to it there, while it is taken */
  size_t tag;                /* the owner's: which request this is */
  bool running;              /* libcurl has it */
  struct eq_told told;

  /* The request under way. */
  bool may_resend;             /* may be sent more than once */
  bool raw_headers;            /* as in struct eq_request */
  int attempts;                /* how often libcurl was about to send it */
  char error[CURL_ERROR_SIZE]; /* libcurl's words */
  struct eq_answer answer;

  /* What came of it. */
  bool failed; /* if so the fault counts, else the rest */
  struct eq_fault fault;
  const char *version; /* of HTTP: "1.1", "2"; static */
  long connects;       /* connections made */
  double elapsed;      /* seconds */
};

/* A transfer that has done nothing yet; NULL: no memory. */
struct eq_transfer *eq_transfer_new(void);

/*
 * Readies the easy handle for a request that may take `seconds`; sends
 * nothing. What the request borrows must live until eq_transfer_clear.
 * False: it has failed already.
 */
bool eq_transfer_start(struct eq_transfer *transfer,
                       const struct eq_request *request, double seconds);

/* libcurl is done with it and says `result`: reads off what came of it. */
void eq_transfer_finish(struct eq_transfer *transfer, CURLcode result);

/* Wipes request and answer; the handle keeps its settings. */
void eq_transfer_clear(struct eq_transfer *transfer);

/* Frees it and its easy handle, which libcurl must have given back. */
void eq_transfer_free(struct eq_transfer *transfer);

#endif
