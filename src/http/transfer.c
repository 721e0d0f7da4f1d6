/*
 * transfer: the laws are in transfer.h.
 */
#include "http/transfer.h"

#include <fcntl.h>
#include <stdlib.h>

#include "http/easy_options.h"

static size_t on_header(char *bytes, size_t size, size_t n, void *transfer)
{
  struct eq_response *response = &((struct eq_transfer *)transfer)->response;
  return eq_response_header(response, bytes, size * n) ? size * n : 0;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *transfer)
{
  struct eq_response *response = &((struct eq_transfer *)transfer)->response;
  return eq_response_body(response, bytes, size * n) ? size * n : 0;
}

#if EQ_EASY_WATCHES
/* There is a connection, and nothing of the request was sent on it yet. */
static int on_attempt(void *arg, char *remote_ip, char *local_ip,
                      int remote_port, int local_port)
{
  struct eq_transfer *transfer = arg;
  (void)remote_ip;
  (void)local_ip;
  (void)remote_port;
  (void)local_port;
  transfer->attempts++;
  return transfer->attempts == 1 || transfer->may_resend
             ? CURL_PREREQFUNC_OK
             : CURL_PREREQFUNC_ABORT;
}
#endif

/* A program that the host starts must not inherit an API connection. */
static int on_socket(void *arg, curl_socket_t socket, curlsocktype purpose)
{
  (void)arg;
  (void)purpose;
  return fcntl(socket, F_SETFD, FD_CLOEXEC) == -1 ? CURL_SOCKOPT_ERROR
                                                  : CURL_SOCKOPT_OK;
}

static CURLcode set_options(struct eq_transfer *transfer,
                            const struct eq_request *request, double seconds)
{
  const struct eq_easy_hooks hooks = {
    .owner = transfer,
    .error = transfer->detail,
    .header = on_header,
    .body = on_body,
#if EQ_EASY_WATCHES
    .attempt = on_attempt,
#endif
    .socket = on_socket,
  };
  return eq_easy_options_set(&transfer->easy, request,
                             eq_easy_options_ms(seconds), &hooks);
}

struct eq_transfer *eq_transfer_new(void)
{
  struct eq_transfer *transfer = calloc(1, sizeof *transfer);
  if (transfer != NULL) {
    eq_easy_init(&transfer->easy);
    eq_response_init(&transfer->response);
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
    return transfer->attempts > 0;
  }
  long bytes = 0;
  CURLcode rc =
      curl_easy_getinfo(transfer->easy.handle, CURLINFO_REQUEST_SIZE, &bytes);
  return rc != CURLE_OK || bytes > 0;
}

static void fail(struct eq_transfer *transfer, CURLcode result)
{
  struct eq_error_facts facts = {
      .cause = transfer->response.cause,
      .result = result,
      .os = transfer->response.os,
      .sent = may_have_sent(transfer),
      .head_done = transfer->response.stage == EQ_RESPONSE_DONE,
      .detail = transfer->detail,
  };
  long os = 0;
  if (facts.os == 0 && transfer->easy.handle != NULL && transfer->running &&
      curl_easy_getinfo(transfer->easy.handle, CURLINFO_OS_ERRNO, &os) ==
          CURLE_OK) {
    facts.os = (int)os;
  }
  if (result == CURLE_ABORTED_BY_CALLBACK && transfer->attempts > 1) {
    facts.cause = EQ_CAUSE_REPEAT;
  }
  transfer->failed = true;
  eq_error_classify(&transfer->error, &facts);
  /* Options that failed are half set. And old libcurl never clears its errno:
   * the next failure on this handle would get the reason of this one. */
  eq_easy_close(&transfer->easy);
}

/* Prepares everything but the handle. False: it has failed. */
static bool prepare(struct eq_transfer *transfer,
                    const struct eq_request *request)
{
  transfer->failed = false;
  transfer->may_resend = request->may_resend;
  transfer->attempts = 0;
  transfer->detail[0] = '\0';
  transfer->raw_headers = request->raw_headers;
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

bool eq_transfer_start(struct eq_transfer *transfer,
                       const struct eq_request *request, double seconds)
{
  CURLcode rc = CURLE_OPERATION_TIMEDOUT;
  if (prepare(transfer, request) && seconds > 0 &&
      request->connect_timeout > 0) {
    rc = eq_easy_open(&transfer->easy)
             ? set_options(transfer, request, seconds)
             : CURLE_OUT_OF_MEMORY;
  }
  if (rc != CURLE_OK) {
    fail(transfer, rc);
  }
  return rc == CURLE_OK;
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
  return rc != CURLE_OK || transfer->raw_headers ? rc
                                                 : read_connection(transfer);
}

void eq_transfer_finish(struct eq_transfer *transfer, CURLcode result)
{
  if (result == CURLE_OK && transfer->response.stage != EQ_RESPONSE_DONE) {
    result = CURLE_WEIRD_SERVER_REPLY; /* ended after a 1xx block */
  }
  if (result == CURLE_OK) {
    result = read_info(transfer);
  }
  if (result == CURLE_OK && !eq_response_complete(&transfer->response)) {
    result = CURLE_WRITE_ERROR;
  }
  if (result != CURLE_OK) {
    fail(transfer, result);
  }
  transfer->running = false;
}

void eq_transfer_clear(struct eq_transfer *transfer)
{
  /* The body belongs to Lua, which may collect it from now on. */
  if (transfer->easy.handle != NULL &&
      eq_easy_options_release_body(&transfer->easy) != CURLE_OK) {
    eq_easy_close(&transfer->easy);
  }
  eq_response_reset(&transfer->response, 0);
}

void eq_transfer_free(struct eq_transfer *transfer)
{
  eq_easy_close(&transfer->easy);
  eq_response_free(&transfer->response);
  free(transfer);
}
