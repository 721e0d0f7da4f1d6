/*
 * error: tables from causes to kinds. The laws are in error.h.
 */
#include "http/error.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/errno_name.h"
#include "http/curl_result.h"
#include "http/decoder.h"

#define CONFIG EQ_CONFIG
#define MEMORY EQ_MEMORY
#define NETWORK EQ_NETWORK
#define PROTOCOL EQ_PROTOCOL
#define TLS EQ_TLS
#define RETRY EQ_RETRY
#define FINAL EQ_FINAL

/* What each of our own causes means, by enum eq_cause. */
static const struct {
  const char *kind;
  const char *code;
  const char *message;
  bool retryable;
} causes[] = {
    [EQ_CAUSE_HEADERS] = {PROTOCOL, "headers_too_large",
                          "the response headers exceed the limit", FINAL},
    [EQ_CAUSE_BODY] = {PROTOCOL, "body_too_large",
                       "the response body exceeds max_body", FINAL},
    [EQ_CAUSE_CODING] = {PROTOCOL, "unsupported_coding",
                         "the response body has a coding that was not asked "
                         "for: only " EQ_DECODER_CODINGS " can be undone",
                         FINAL},
    [EQ_CAUSE_CORRUPT] = {PROTOCOL, "CURLE_BAD_CONTENT_ENCODING",
                          "the response body cannot be decompressed", FINAL},
    [EQ_CAUSE_TRAILING] = {PROTOCOL, "trailing_bytes",
                           "bytes follow the compressed data of the response "
                           "body",
                           FINAL},
    [EQ_CAUSE_CUT] = {PROTOCOL, "body_cut",
                      "the response body ends before its compressed data does",
                      FINAL},
    [EQ_CAUSE_END] = {PROTOCOL, "body_end_unknown",
                      "the connection ended, and nothing says whether the "
                      "response body did",
                      FINAL},
    [EQ_CAUSE_NO_MEMORY] = {MEMORY, "ENOMEM", "out of memory", FINAL},
    [EQ_CAUSE_SINK] = {CONFIG, "EIO", "the sink file cannot be written",
                       FINAL},
    /* Libcurl would have sent again, as the connection was dead. */
    [EQ_CAUSE_REPEAT] = {NETWORK, "CURLE_GOT_NOTHING",
                         "the connection ended before a response; "
                         "the request may have been carried out",
                         RETRY},
};

/*
 * What only libcurl's message says. With TLS 1.3 a server refuses the client's
 * certificate when the client has finished its handshake already; GnuTLS
 * reports a file that can't be read as a failed handshake; and where libcurl
 * has no file of authorities, GnuTLS finds the system's, or silently none.
 */
static const struct {
  CURLcode result;
  const char *part; /* of libcurl's message */
  struct eq_curl_result row;
} finer_rows[] = {
    {CURLE_RECV_ERROR,
     " alert ",
     {CURLE_RECV_ERROR, TLS, "CURLE_RECV_ERROR",
      "the server broke off with a TLS alert; "
      "it may want a client certificate",
      FINAL}},
    {CURLE_SEND_ERROR,
     " alert ",
     {CURLE_SEND_ERROR, TLS, "CURLE_SEND_ERROR",
      "the server broke off with a TLS alert; "
      "it may want a client certificate",
      FINAL}},
    {CURLE_PEER_FAILED_VERIFICATION,
     "CAfile: none",
     {CURLE_PEER_FAILED_VERIFICATION, TLS, "CURLE_PEER_FAILED_VERIFICATION",
      "the server's certificate is not trusted; if this system has no list of "
      "certificate authorities, install the package ca-certificates, or give "
      "ca_file",
      FINAL}},
    {CURLE_SSL_CONNECT_ERROR,
     "error reading X.509",
     {CURLE_SSL_CERTPROBLEM, CONFIG, "CURLE_SSL_CERTPROBLEM",
      "client_cert or client_key cannot be used", FINAL}},
};

/*
 * What libcurl reports as wrong configuration after the request has left (no
 * status line: an unknown protocol) is an error of the server, not ours.
 */
static const struct eq_curl_result bad_answer = {
    CURLE_WEIRD_SERVER_REPLY, PROTOCOL, "CURLE_WEIRD_SERVER_REPLY",
    "the response is not valid HTTP", FINAL};

/* The authorities that libcurl trusts by itself are in a package that small
 * systems leave out; the user has named no file. */
static const struct eq_curl_result no_system_ca = {
    CURLE_SSL_CACERT_BADFILE, CONFIG, "CURLE_SSL_CACERT_BADFILE",
    "the system's list of certificate authorities cannot be read: install the "
    "package ca-certificates, or give ca_file",
    FINAL};

/*
 * Errno values of a connection, and whether they belong to the time before it
 * was established. Libcurl never forgets one: after a failed attempt over IPv6
 * and a good one over IPv4 it still reports the ECONNREFUSED of the first,
 * whatever failed later.
 */
static const struct {
  int os;
  bool connecting;
} numbers[] = {
    {ECONNREFUSED, true},  {ENETUNREACH, true},  {EHOSTUNREACH, true},
    {EADDRNOTAVAIL, true}, {EAFNOSUPPORT, true}, {EMFILE, true},
    {ENFILE, true},        {EACCES, true},       {EPERM, true},
    {ETIMEDOUT, false},    {ENETDOWN, false},    {ECONNRESET, false},
    {ECONNABORTED, false}, {EPIPE, false},       {ENOBUFS, false},
    {ENOMEM, false},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The errno symbol for the end of a connection; NULL: there is none. */
static const char *connection_errno(const struct eq_error_facts *facts)
{
  bool connecting = facts->result == CURLE_COULDNT_CONNECT;
  if (!connecting && facts->result != CURLE_SEND_ERROR &&
      facts->result != CURLE_RECV_ERROR &&
      facts->result != CURLE_SSL_CONNECT_ERROR) {
    return NULL;
  }
  for (size_t i = 0; i < COUNT(numbers); i++) {
    if (numbers[i].os == facts->os && (connecting || !numbers[i].connecting)) {
      return eq_errno_name(facts->os);
    }
  }
  return NULL;
}

static const struct eq_curl_result *
finer_row_of(const struct eq_error_facts *facts)
{
  for (size_t i = 0; i < COUNT(finer_rows); i++) {
    if (finer_rows[i].result == facts->result &&
        strstr(facts->detail, finer_rows[i].part) != NULL) {
      return &finer_rows[i].row;
    }
  }
  return NULL;
}

static const struct eq_curl_result *row_of(const struct eq_error_facts *facts)
{
  const struct eq_curl_result *row = eq_curl_result(facts->result);
  bool ours = strcmp(row->kind, CONFIG) == 0;
  if (facts->result == CURLE_SSL_CACERT_BADFILE && !facts->own_ca) {
    return &no_system_ca;
  }
  return ours && facts->sent ? &bad_answer : row;
}

/*
 * Libcurl's message name hosts, ports and reasons. Where they quote a URL it
 * may be that of a proxy with its password: those are state by '@' (a user)
 * and '?' (a query). Control bytes could only come from the other side.
 */
static bool is_harmless(const char *detail)
{
  for (const char *c = detail; *c != '\0'; c++) {
    if (*c < ' ' || *c > '~' || *c == '@' || *c == '?') {
      return false;
    }
  }
  return *detail != '\0';
}

static void fill(struct eq_error *error, const char *kind, const char *code,
                 const char *message, const char *detail)
{
  error->kind = kind;
  (void)snprintf(error->code, sizeof error->code, "%s", code);
  if (is_harmless(detail)) {
    (void)snprintf(error->message, sizeof error->message, "%s (%s)", message,
                   detail);
  } else {
    (void)snprintf(error->message, sizeof error->message, "%s", message);
  }
}

/* Our own reason, which goes before libcurl's. */
static enum eq_cause cause_of(const struct eq_error_facts *facts)
{
  if (facts->cause != EQ_CAUSE_NONE) {
    return facts->cause;
  }
  if (facts->no_memory) { /* whatever libcurl made of it */
    return EQ_CAUSE_NO_MEMORY;
  }
  /*
   * A line longer than libcurl's own limit: 8.6 reports "too large", older
   * ones "out of memory", without a message. Before the end of the header
   * block nothing else from the server could fill the memory; where TLS or
   * HTTP/2 got none for a new connection, there is a message.
   */
  bool in_head = facts->sent && !facts->head_done;
#if LIBCURL_VERSION_NUM >= 0x080600
  if (facts->result == CURLE_TOO_LARGE && in_head) {
    return EQ_CAUSE_HEADERS;
  }
#endif
  if (facts->result == CURLE_OUT_OF_MEMORY && in_head &&
      facts->detail[0] == '\0') {
    return EQ_CAUSE_HEADERS;
  }
  /* An end without close_notify, over GnuTLS. */
  if (facts->unframed && facts->result == CURLE_RECV_ERROR &&
      connection_errno(facts) == NULL) {
    return EQ_CAUSE_END;
  }
  return EQ_CAUSE_NONE;
}

static bool is_about_coding(enum eq_cause cause)
{
  return cause == EQ_CAUSE_CORRUPT || cause == EQ_CAUSE_TRAILING ||
         cause == EQ_CAUSE_CUT;
}

static void fill_cause(struct eq_error *error,
                       const struct eq_error_facts *facts, enum eq_cause cause)
{
  const char *code = causes[cause].code;
  if (cause == EQ_CAUSE_SINK) {
    const char *name = eq_errno_name(facts->os);
    code = name != NULL ? name : code;
  }
  error->retryable = causes[cause].retryable;
  fill(error, causes[cause].kind, code, causes[cause].message,
       is_about_coding(cause) ? facts->coding : "");
}

/* The proxy has answered, and did not connect. It would answer alike again. */
static void fill_proxy(struct eq_error *error,
                       const struct eq_error_facts *facts)
{
  const char *remedy = "it does not connect to this host for us";
  if (facts->proxy_status == 407) {
    remedy = "it wants a user name and a password, or others";
  } else if (facts->proxy_status >= 500) {
    remedy = "it cannot connect to this host";
  }
  error->kind = NETWORK;
  error->retryable = FINAL;
  (void)snprintf(error->code, sizeof error->code, "PROXY_REFUSED");
  (void)snprintf(error->message, sizeof error->message,
                 "the proxy %s answered CONNECT with %ld: %s", facts->proxy,
                 facts->proxy_status, remedy);
}

void eq_error_classify(struct eq_error *error,
                       const struct eq_error_facts *facts)
{
  enum eq_cause cause = cause_of(facts);
  error->sent = facts->sent;
  if (cause == EQ_CAUSE_PROXY) {
    fill_proxy(error, facts);
    return;
  }
  if (cause != EQ_CAUSE_NONE) {
    fill_cause(error, facts, cause);
    return;
  }
  const struct eq_curl_result *row = finer_row_of(facts);
  if (row != NULL) { /* this says more than the errno value */
    error->retryable = row->retryable;
    fill(error, row->kind, row->code, row->message, facts->detail);
    return;
  }
  row = row_of(facts);
  const char *os = connection_errno(facts);
  /* A handshake that the network cut says nothing about trust. */
  bool cut = os != NULL && facts->result == CURLE_SSL_CONNECT_ERROR;
  error->retryable = cut || row->retryable;
  fill(error, cut ? NETWORK : row->kind, os != NULL ? os : row->code,
       row->message, facts->detail);
}
