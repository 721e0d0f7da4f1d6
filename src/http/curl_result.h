/*
 * curl_result: what libcurl's results mean, as a table.
 *
 * Laws of this file:
 * - every result has a row, and one spec goes through all that curl/curl.h
 *   has: which kind it is, and whether another attempt may succeed;
 * - what has no row, as it comes from a newer libcurl, is not retried.
 */
#ifndef EQ_HTTP_CURL_RESULT_H
#define EQ_HTTP_CURL_RESULT_H

#include <stdbool.h>

#include <curl/curl.h>

/* The kinds of errors: equinix.transport.err. */
#define EQ_CONFIG "config"
#define EQ_MEMORY "memory"
#define EQ_NETWORK "network"
#define EQ_PROTOCOL "protocol"
#define EQ_TIMEOUT "timeout"
#define EQ_TLS "tls"

/* Whether another attempt may succeed. */
#define EQ_RETRY true
#define EQ_FINAL false

struct eq_curl_result {
  CURLcode result;
  const char *kind;
  const char *code;
  const char *message;
  bool retryable;
};

/* Of that result; never NULL. */
const struct eq_curl_result *eq_curl_result(CURLcode result);

#endif
