/*
 * transfer: the laws are in transfer.h.
 */
#include "http/transfer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "http/curl_memory.h"
#include "http/easy_options.h"
#include "http/identity_files.h"

/* How often one request may go out once more. */
#define RESTARTS_MAX 10

static size_t on_header(char *bytes, size_t size, size_t n, void *arg)
{
  struct eq_transfer *transfer = arg;
  struct eq_response *response = &transfer->response;
  if (response->stage == EQ_RESPONSE_STATUS && size * n > sizeof "HTTP/") {
    eq_attempt_answered(&transfer->attempt, bytes[5] >= '2');
  }
  return eq_response_header(response, bytes, size * n) ? size * n : 0;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *transfer)
{
  struct eq_response *response = &((struct eq_transfer *)transfer)->response;
  return eq_response_body(response, bytes, size * n) ? size * n : 0;
}

static CURLcode set_options(struct eq_transfer *transfer, double seconds)
{
  const struct eq_easy_hooks hooks = {
    .owner = transfer,
    .error = transfer->detail,
    .header = on_header,
    .body = on_body,
#if EQ_EASY_WATCHES
    .attempt = eq_attempt_on_begin,
#endif
    .socket = eq_attempt_on_socket,
    .text = eq_attempt_on_text,
    .attempt_owner = &transfer->attempt,
    .close = eq_attempt_on_close,
    .close_owner = transfer->attempt.pool,
  };
  transfer->attempt.request = &transfer->request;
  transfer->request.stamp =
      eq_easy_defaults_stamp(&transfer->easy, &transfer->request);
  if (!transfer->easy.state.watched &&
      !eq_connection_all_quiet(transfer->attempt.pool)) {
    transfer->request.anew = true;
  }
  return eq_easy_options_set(&transfer->easy, &transfer->request,
                             eq_easy_options_ms(seconds), &hooks);
}

struct eq_transfer *eq_transfer_new(struct eq_pool *pool)
{
  struct eq_transfer *transfer = calloc(1, sizeof *transfer);
  if (transfer != NULL) {
    eq_easy_init(&transfer->easy);
    eq_response_init(&transfer->response);
    transfer->attempt.pool = pool;
    transfer->attempt.easy = &transfer->easy;
  }
  return transfer;
}

/* Whether a byte of the request may have left. In doubt: yes. */
static bool may_have_sent(const struct eq_transfer *transfer)
{
  if (transfer->easy.handle == NULL || !transfer->running) {
    return false;
  }
  if (transfer->easy.state.watched) {
    return transfer->attempt.effects ||
           !eq_attempt_is_void(&transfer->attempt);
  }
  long bytes = 0;
  CURLcode rc =
      curl_easy_getinfo(transfer->easy.handle, CURLINFO_REQUEST_SIZE, &bytes);
  return rc != CURLE_OK || bytes > 0;
}

/* Whether a final response over TLS did not say how long its body is. */
static bool lacks_length(const struct eq_transfer *transfer)
{
  const struct eq_response *response = &transfer->response;
  return transfer->secure && !response->framed &&
         response->stage == EQ_RESPONSE_DONE && response->status != 204 &&
         response->status != 304 && !eq_easy_options_is_head(&transfer->easy);
}

static bool is_http1(const struct eq_transfer *transfer)
{
  long version = 0;
  CURLcode rc = curl_easy_getinfo(transfer->easy.handle, CURLINFO_HTTP_VERSION,
                                  &version);
  return rc != CURLE_OK || version <= CURL_HTTP_VERSION_1_1;
}

/*
 * Whether only the end of the connection ends the body. Over TLS that is not
 * accepted: whether TLS said goodbye (close_notify) or was cut off is reported
 * by libcurl over GnuTLS, but not over OpenSSL, where both are a success.
 */
static bool is_unframed(const struct eq_transfer *transfer)
{
  return lacks_length(transfer) && is_http1(transfer);
}

/*
 * Whether a body over HTTP/2 that seems whole may have been broken off:
 * libcurl does not tell the end of a stream from RST_STREAM with NO_ERROR.
 * Compressed data has an end of its own.
 */
static bool is_open_ended(const struct eq_transfer *transfer)
{
  return lacks_length(transfer) && !is_http1(transfer) &&
         transfer->response.decoder.coding == EQ_CODING_IDENTITY;
}

/* The status of a proxy that did not connect; 0: there is none. */
static long proxy_status(const struct eq_transfer *transfer)
{
  long status = 0;
  if (transfer->easy.handle == NULL || !transfer->running ||
      curl_easy_getinfo(transfer->easy.handle, CURLINFO_HTTP_CONNECTCODE,
                        &status) != CURLE_OK) {
    return 0;
  }
  return status < 300 ? 0 : status;
}

/* Why libcurl failed, beyond what it says. */
static void add_facts(struct eq_transfer *transfer,
                      struct eq_error_facts *facts, char *proxy, size_t n)
{
  long os = 0;
  if (facts->os == 0 && transfer->easy.handle != NULL && transfer->running &&
      curl_easy_getinfo(transfer->easy.handle, CURLINFO_OS_ERRNO, &os) ==
          CURLE_OK) {
    facts->os = (int)os;
  }
  if (facts->result == CURLE_ABORTED_BY_CALLBACK &&
      transfer->attempt.repeated) {
    facts->cause = EQ_CAUSE_REPEAT;
  }
  facts->unframed = transfer->running && is_unframed(transfer);
  facts->proxy_status = proxy_status(transfer);
  if (facts->cause == EQ_CAUSE_NONE && facts->proxy_status != 0 &&
      facts->result != CURLE_OPERATION_TIMEDOUT) {
    facts->cause = EQ_CAUSE_PROXY;
    eq_easy_options_proxy(&transfer->easy, proxy, n);
  }
}

static void fail(struct eq_transfer *transfer, CURLcode result)
{
  char proxy[EQ_PROXY_NAME_MAX];
  eq_identity_files_explain(&transfer->request, &result, transfer->detail);
  struct eq_error_facts facts = {
      .cause = transfer->response.cause,
      .result = result,
      .os = transfer->response.os,
      .sent = may_have_sent(transfer),
      .head_done = transfer->response.stage == EQ_RESPONSE_DONE,
      .detail = transfer->detail,
      .coding = eq_decoder_name(transfer->response.decoder.coding),
      .own_ca = transfer->request.ca_file != NULL,
      .proxy = proxy,
      .no_memory =
          eq_curl_memory_was_short(transfer->no_memory, transfer->detail),
  };
  add_facts(transfer, &facts, proxy, sizeof proxy);
  if (facts.no_memory) {
    eq_attempt_breaks(&transfer->attempt);
  }
  transfer->failed = true;
  eq_error_classify(&transfer->error, &facts);
  /* Options that failed are half set. And old libcurl never clears its errno:
   * the next failure on this handle would get the reason of this one. */
  eq_easy_close(&transfer->easy);
}

/* Prepares everything but the handle. False: it has failed. */
static bool prepare(struct eq_transfer *transfer)
{
  const struct eq_request *request = &transfer->request;
  transfer->failed = false;
  transfer->detail[0] = '\0';
  transfer->secure = strncmp(request->url, "https:", 6) == 0;
  eq_response_reset(&transfer->response, request->max_body);
  if (request->sink == NULL) {
    return true;
  }
  int reason = eq_file_sink_open(&transfer->response.sink, request->sink);
  if (reason != 0) {
    transfer->response.cause = EQ_CAUSE_SINK;
    transfer->response.os = reason;
  }
  return reason == 0;
}

static CURLcode start(struct eq_transfer *transfer, double seconds)
{
  if (!prepare(transfer) || !(seconds > 0) ||
      !(transfer->request.connect_timeout > 0)) {
    return CURLE_OPERATION_TIMEDOUT;
  }
  return eq_easy_open(&transfer->easy) ? set_options(transfer, seconds)
                                       : CURLE_OUT_OF_MEMORY;
}

bool eq_transfer_start(struct eq_transfer *transfer,
                       const struct eq_request *request, double seconds)
{
  transfer->request = *request;
  transfer->restarts = 0;
  transfer->no_memory = eq_curl_memory_failures();
  transfer->deadline =
      seconds < EQ_DEADLINE_MAX
          ? eq_coarse_ns() + (int64_t)(seconds * (double)EQ_NS_PER_S)
          : INT64_MAX;
  eq_attempt_reset(&transfer->attempt);
  CURLcode rc = start(transfer, seconds);
  if (rc != CURLE_OK) {
    fail(transfer, rc);
  }
  return rc == CURLE_OK;
}

void eq_transfer_listen(struct eq_transfer *transfer)
{
  struct eq_easy_state *state = &transfer->easy.state;
  if (!state->verbose && transfer->easy.handle != NULL) {
    state->verbose = curl_easy_setopt(transfer->easy.handle, CURLOPT_VERBOSE,
                                      1L) == CURLE_OK;
  }
}

/* 408 from a server that gave up waiting for a request on this connection. By
 * HTTP/2 it belongs to a stream, so it is the response. */
static bool is_late_408(const struct eq_transfer *transfer, CURLcode result)
{
  const struct eq_response *response = &transfer->response;
  const struct eq_connection *connection = transfer->attempt.connection;
  long connects = 0;
  return result == CURLE_OK && response->stage == EQ_RESPONSE_DONE &&
         response->status == 408 && !transfer->request.anew &&
         !transfer->request.once &&
         !(connection != NULL && connection->multiplexed) &&
         curl_easy_getinfo(transfer->easy.handle, CURLINFO_NUM_CONNECTS,
                           &connects) == CURLE_OK &&
         connects == 0;
}

/* Whether it failed on a kept connection, certainly without an effect. */
static bool is_void(const struct eq_transfer *transfer, CURLcode result)
{
  const struct eq_attempt *attempt = &transfer->attempt;
  return result != CURLE_OK && result != CURLE_OPERATION_TIMEDOUT &&
         transfer->response.cause == EQ_CAUSE_NONE && !attempt->effects &&
         !attempt->repeated && attempt->open && eq_attempt_is_void(attempt);
}

static double seconds_left(const struct eq_transfer *transfer)
{
  return transfer->deadline == INT64_MAX
             ? HUGE_VAL
             : (double)(transfer->deadline - eq_coarse_ns()) /
                   (double)EQ_NS_PER_S;
}

/* Prepares it once more; an effect that it may have had is not forgotten. */
static CURLcode restart(struct eq_transfer *transfer, bool anew)
{
  bool effects = transfer->attempt.effects;
  transfer->request.anew = transfer->request.anew || anew;
  eq_attempt_reset(&transfer->attempt);
  transfer->attempt.effects = effects;
  return start(transfer, seconds_left(transfer));
}

enum eq_transfer_next eq_transfer_next(struct eq_transfer *transfer,
                                       CURLcode *result)
{
  const struct eq_attempt *attempt = &transfer->attempt;
  bool full = attempt->full && *result != CURLE_OK;
  bool early = attempt->early;
  bool stale = attempt->stale && *result == CURLE_ABORTED_BY_CALLBACK;
  if (!full) {
    if (!stale && !is_late_408(transfer, *result) &&
        !is_void(transfer, *result)) {
      return EQ_TRANSFER_ENDS;
    }
    if (transfer->restarts++ == RESTARTS_MAX) {
      return EQ_TRANSFER_ENDS;
    }
  }
  /* By HTTP/2 all that were refused may share the next connection. */
  bool multiplexed =
      attempt->connection != NULL && attempt->connection->multiplexed;
  *result = restart(transfer, !full && (stale || !multiplexed));
  if (*result != CURLE_OK) {
    return EQ_TRANSFER_ENDS;
  }
  transfer->attempt.early = full && early;
  return full ? EQ_TRANSFER_PARKS : EQ_TRANSFER_AGAIN;
}

static const char *version_name(long version)
{
  switch (version) {
  case CURL_HTTP_VERSION_1_0:
    return "1.0";
  case CURL_HTTP_VERSION_1_1:
    return "1.1";
  case CURL_HTTP_VERSION_2_0:
    return "2";
  default: /* 3, whose number old headers don't have */
    return "3";
  }
}

/* Which HTTP it was, and whether its connection was a new one. */
static CURLcode read_connection(struct eq_transfer *transfer)
{
  long version = 0;
  CURLcode rc = curl_easy_getinfo(transfer->easy.handle, CURLINFO_HTTP_VERSION,
                                  &version);
  transfer->version = version_name(version);
  return rc != CURLE_OK
             ? rc
             : curl_easy_getinfo(transfer->easy.handle, CURLINFO_NUM_CONNECTS,
                                 &transfer->connects);
}

/* The numbers of a finished transfer; with raw headers only the time. */
static CURLcode read_info(struct eq_transfer *transfer)
{
  curl_off_t microseconds = 0;
  CURLcode rc = curl_easy_getinfo(transfer->easy.handle, CURLINFO_TOTAL_TIME_T,
                                  &microseconds);
  transfer->elapsed = (double)microseconds / 1e6;
  return rc != CURLE_OK || transfer->request.raw_headers
             ? rc
             : read_connection(transfer);
}

void eq_transfer_finish(struct eq_transfer *transfer, CURLcode result)
{
  if (result == CURLE_OK && eq_curl_memory_failures() != transfer->no_memory) {
    result = CURLE_OUT_OF_MEMORY;
  }
  if (result == CURLE_OK && transfer->response.stage != EQ_RESPONSE_DONE) {
    result = CURLE_WEIRD_SERVER_REPLY; /* ended after a 1xx block */
  }
  if (result == CURLE_OK) {
    result = read_info(transfer);
  }
  transfer->open_ended = result == CURLE_OK && is_open_ended(transfer);
  if (result == CURLE_OK && is_unframed(transfer)) {
    transfer->response.cause = EQ_CAUSE_END;
    result = CURLE_WRITE_ERROR;
  }
  if (result == CURLE_OK && !eq_response_complete(&transfer->response)) {
    result = CURLE_WRITE_ERROR;
  }
  if (result != CURLE_OK) {
    fail(transfer, result);
  }
  transfer->multiplexed = transfer->attempt.connection != NULL &&
                          transfer->attempt.connection->multiplexed;
  eq_attempt_reset(&transfer->attempt);
  transfer->running = false;
}

void eq_transfer_clear(struct eq_transfer *transfer)
{
  /* The body belongs to Lua, which may collect it from now on. */
  if (transfer->easy.handle != NULL &&
      eq_easy_options_release_body(&transfer->easy) != CURLE_OK) {
    eq_easy_close(&transfer->easy);
  }
  eq_attempt_reset(&transfer->attempt); /* where it was cancelled */
  eq_response_reset(&transfer->response, 0);
}

void eq_transfer_free(struct eq_transfer *transfer)
{
  eq_attempt_reset(&transfer->attempt);
  eq_easy_close(&transfer->easy);
  eq_response_free(&transfer->response);
  free(transfer);
}
