/*
 * exchange_error: the laws are in exchange_error.h.
 */
#include "http/exchange_error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/errno_name.h"
#include "http/curl_result.h"
#include "http/identity_files.h"

/* What is the same for every address; the message follows it. */
struct words {
  const char *kind;
  const char *code;
  const char *message;
  bool retryable;
};

static const struct words causes[] = {
    [EQ_EXCHANGE_CLOSED] = {EQ_NETWORK, "closed", "closed the connection",
                            EQ_RETRY},
    [EQ_EXCHANGE_LATE] = {EQ_TIMEOUT, "timeout",
                          "did not answer before the deadline", EQ_RETRY},
    [EQ_EXCHANGE_GARBAGE] = {EQ_PROTOCOL, "garbage",
                             "does not answer as Redis does (RESP)", EQ_FINAL},
    [EQ_EXCHANGE_SPEAKS_TLS] = {EQ_PROTOCOL, "garbage",
                                "speaks TLS, and this connection does not: "
                                "set tls",
                                EQ_FINAL},
    [EQ_EXCHANGE_LARGE] = {EQ_PROTOCOL, "garbage",
                           "sends a reply that is larger than max_reply",
                           EQ_FINAL},
    [EQ_EXCHANGE_NO_CONNECTION] = {EQ_NETWORK, "no_connection",
                                   "has no connection that could be used "
                                   "again",
                                   EQ_RETRY},
};

static const struct words refused = {
    EQ_NETWORK, "refused",
    "refused the connection: is the server running, and is this its address?",
    EQ_RETRY};
static const struct words unresolved = {
    EQ_NETWORK, "unresolved", "has a name that cannot be resolved", EQ_RETRY};
static const struct words slow = {
    EQ_TIMEOUT, "timeout", "did not accept the connection in time", EQ_RETRY};
static const struct words slow_tls = {
    EQ_TIMEOUT, "timeout",
    "did not complete the TLS handshake in time: does this port speak TLS?",
    EQ_RETRY};
static const struct words broke_tls = {
    EQ_NETWORK, "closed", "closed the connection during the TLS handshake",
    EQ_RETRY};

/* Before it said anything: why many servers do that, without a word. (A TLS
 * alert says why; what follows it may destroy it before it is read.) */
static const struct words closed_at_once[] = {
    {EQ_NETWORK, "closed",
     "closed the connection before it said anything: if this port speaks TLS, "
     "set tls",
     EQ_RETRY},
    {EQ_NETWORK, "closed",
     "closed the connection before it said anything: it may want a client "
     "certificate",
     EQ_RETRY},
    {EQ_NETWORK, "closed",
     "closed the connection before it said anything: it may not accept the "
     "client certificate",
     EQ_RETRY},
};

/* The other side ended it. */
static const struct words *closed(const struct eq_exchange *exchange,
                                  const struct eq_exchange_facts *facts)
{
  if (!facts->silent || (!exchange->tls && exchange->path != NULL)) {
    return &causes[EQ_EXCHANGE_CLOSED];
  }
  int with_cert = exchange->files.client_cert != NULL ? 2 : 1;
  return &closed_at_once[exchange->tls ? with_cert : 0];
}

static void fill(struct eq_error *error, const struct eq_exchange *exchange,
                 const struct words *words)
{
  error->kind = words->kind;
  error->retryable = words->retryable;
  (void)snprintf(error->code, sizeof error->code, "%s", words->code);
  (void)snprintf(error->message, sizeof error->message, "%s %s",
                 exchange->address, words->message);
}

static int os_of(struct eq_exchange_link *one)
{
  long os = 0;
  return curl_easy_getinfo(one->easy, CURLINFO_OS_ERRNO, &os) == CURLE_OK
             ? (int)os
             : 0;
}

/* It was not connected: by the system's reason. */
static void fill_unconnected(struct eq_error *error,
                             const struct eq_exchange *exchange, int os)
{
  const char *name = eq_errno_name(os);
  /* No right to a Unix socket: that does not pass by itself. */
  bool forbidden = os == EACCES && exchange->path != NULL;
  if (os == ECONNREFUSED) {
    fill(error, exchange, &refused);
    return;
  }
  const struct words words = {
      forbidden ? EQ_CONFIG : EQ_NETWORK, forbidden ? "EACCES" : "unreachable",
      forbidden ? "may not be opened by this user (EACCES)"
                : "cannot be reached",
      forbidden ? EQ_FINAL : EQ_RETRY};
  fill(error, exchange, &words);
  if (!forbidden && name != NULL) {
    (void)snprintf(error->message, sizeof error->message, "%s %s (%s)",
                   exchange->address, words.message, name);
  }
}

/* TLS, files and the like have their words already: the address goes first. */
static void add_address(struct eq_error *error,
                        const struct eq_exchange *exchange)
{
  char message[sizeof error->message];
  (void)snprintf(message, sizeof message, "%s", error->message);
  (void)snprintf(error->message, sizeof error->message, "%.280s: %.*s",
                 exchange->address, (int)(sizeof message - 300), message);
}

static void classify_libcurl(struct eq_error *error,
                             const struct eq_exchange *exchange,
                             struct eq_exchange_link *one,
                             const struct eq_exchange_facts *facts)
{
  CURLcode result = facts->result;
  eq_identity_files_explain(&one->files, &result, one->detail);
  const struct eq_error_facts common = {
      .result = result,
      .os = os_of(one),
      .detail = one->detail,
      .coding = "",
      .own_ca = exchange->files.ca_file != NULL,
  };
  eq_error_classify(error, &common);
  if (result == CURLE_COULDNT_RESOLVE_HOST) {
    fill(error, exchange, &unresolved);
  } else if (result == CURLE_COULDNT_CONNECT) {
    fill_unconnected(error, exchange, common.os);
  } else if (result == CURLE_OPERATION_TIMEDOUT) {
    fill(error, exchange,
         exchange->tls && eq_exchange_link_was_reached(one) ? &slow_tls
                                                            : &slow);
  } else if (strcmp(error->kind, EQ_NETWORK) == 0) {
    fill(error, exchange,
         facts->connecting ? &broke_tls : closed(exchange, facts));
  } else {
    add_address(error, exchange);
  }
}

void eq_exchange_classify(struct eq_error *error,
                          const struct eq_exchange *exchange,
                          struct eq_exchange_link *one,
                          const struct eq_exchange_facts *facts)
{
  bool unmade = facts->cause == EQ_EXCHANGE_LIBCURL && one == NULL;
  if (unmade || facts->no_memory) {
    const struct eq_error_facts common = {
        .result = facts->no_memory ? CURLE_OUT_OF_MEMORY : facts->result,
        .detail = ""};
    eq_error_classify(error, &common);
  } else if (facts->cause != EQ_EXCHANGE_LIBCURL) {
    bool slow_start = facts->cause == EQ_EXCHANGE_LATE && facts->connecting;
    const struct words *words = &causes[facts->cause];
    if (facts->cause == EQ_EXCHANGE_CLOSED) {
      words = closed(exchange, facts);
    } else if (slow_start) {
      words = exchange->tls && one != NULL && eq_exchange_link_was_reached(one)
                  ? &slow_tls
                  : &slow;
    }
    fill(error, exchange, words);
  } else {
    classify_libcurl(error, exchange, one, facts);
  }
  error->sent = facts->sent;
}
