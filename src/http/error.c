/*
 * error: tables from causes to kinds. The laws are in error.h.
 */
#include "http/error.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/errno_name.h"

#define CONFIG "config"
#define MEMORY "memory"
#define NETWORK "network"
#define PROTOCOL "protocol"
#define TIMEOUT "timeout"
#define TLS "tls"

/* What each of our own causes means, by enum eq_cause. */
static const struct {
  const char *kind;
  const char *code;
  const char *message;
} causes[] = {
    [EQ_CAUSE_HEADERS] = {PROTOCOL, "headers_too_large",
                          "the response headers exceed the limit"},
    [EQ_CAUSE_BODY] = {PROTOCOL, "body_too_large",
                       "the response body exceeds max_body"},
    [EQ_CAUSE_NO_MEMORY] = {MEMORY, "ENOMEM", "out of memory"},
    [EQ_CAUSE_SINK] = {CONFIG, "EIO", "the sink file cannot be written"},
    /* Libcurl would have sent again, as the connection was dead. */
    [EQ_CAUSE_REPEAT] = {NETWORK, "CURLE_GOT_NOTHING",
                         "the connection ended before a response; "
                         "the request may have been carried out"},
};

struct row {
  CURLcode result;
  const char *kind;
  const char *code;
  const char *message;
};

#define ROW(result, kind, message)                                            \
  {                                                                           \
    result, kind, #result, message                                            \
  }

/*
 * What libcurl's results mean. A result that is missing here can't happen with
 * the options we set, or only as a failure of the connection.
 */
static const struct row rows[] = {
    ROW(CURLE_OPERATION_TIMEDOUT, TIMEOUT, "the deadline passed"),
    ROW(CURLE_COULDNT_RESOLVE_HOST, NETWORK,
        "the host name cannot be resolved"),
    ROW(CURLE_COULDNT_RESOLVE_PROXY, NETWORK,
        "the proxy's name cannot be resolved"),
    ROW(CURLE_COULDNT_CONNECT, NETWORK, "the connection failed"),
    ROW(CURLE_SEND_ERROR, NETWORK, "the connection broke while sending"),
    ROW(CURLE_RECV_ERROR, NETWORK, "the connection broke while receiving"),
    ROW(CURLE_GOT_NOTHING, NETWORK,
        "the server closed the connection without a response"),
    ROW(CURLE_PARTIAL_FILE, NETWORK, "the connection ended inside the body"),
    ROW(CURLE_HTTP2, NETWORK, "the HTTP/2 connection broke"),
    ROW(CURLE_HTTP2_STREAM, NETWORK, "the server broke off its response"),
#if LIBCURL_VERSION_NUM >= 0x074900 /* 7.73 */
    ROW(CURLE_PROXY, NETWORK, "the proxy refused"),
#endif
    ROW(CURLE_SSL_CONNECT_ERROR, TLS, "the TLS handshake failed"),
    ROW(CURLE_PEER_FAILED_VERIFICATION, TLS,
        "the server's certificate is not trusted"),
    ROW(CURLE_SSL_ISSUER_ERROR, TLS,
        "the server's certificate is not trusted"),
    ROW(CURLE_SSL_INVALIDCERTSTATUS, TLS,
        "the server's certificate is not valid"),
    ROW(CURLE_SSL_CIPHER, TLS, "no common cipher"),
    ROW(CURLE_USE_SSL_FAILED, TLS, "TLS is not available"),
#if LIBCURL_VERSION_NUM >= 0x074d00 /* 7.77 */
    ROW(CURLE_SSL_CLIENTCERT, TLS, "the server asks for a client certificate"),
#endif
    ROW(CURLE_SSL_CERTPROBLEM, CONFIG,
        "client_cert or client_key cannot be used"),
    ROW(CURLE_SSL_CACERT_BADFILE, CONFIG, "ca_file cannot be read"),
    ROW(CURLE_SSL_CRL_BADFILE, CONFIG, "a revocation list cannot be read"),
    ROW(CURLE_URL_MALFORMAT, CONFIG, "the URL is malformed"),
    ROW(CURLE_LOGIN_DENIED, CONFIG, "the URL holds a user name"),
    ROW(CURLE_UNSUPPORTED_PROTOCOL, CONFIG, "the URL's scheme is not allowed"),
    ROW(CURLE_UNKNOWN_OPTION, CONFIG, "libcurl lacks an option"),
    ROW(CURLE_NOT_BUILT_IN, CONFIG, "libcurl lacks a feature"),
    ROW(CURLE_BAD_FUNCTION_ARGUMENT, CONFIG, "libcurl refuses an option"),
    ROW(CURLE_FAILED_INIT, CONFIG, "libcurl cannot be initialized"),
    ROW(CURLE_WEIRD_SERVER_REPLY, PROTOCOL, "the response is not valid HTTP"),
    ROW(CURLE_BAD_CONTENT_ENCODING, PROTOCOL,
        "the response body cannot be decompressed"),
    ROW(CURLE_OUT_OF_MEMORY, MEMORY, "out of memory"),
};

/*
 * What only libcurl's message says. With TLS 1.3 a server refuses the client's
 * certificate when the client has finished its handshake already; and GnuTLS
 * reports a file that can't be read as a failed handshake.
 */
static const struct {
  CURLcode result;
  const char *part; /* of libcurl's message */
  struct row row;
} finer_rows[] = {
    {CURLE_RECV_ERROR, " alert ",
     ROW(CURLE_RECV_ERROR, TLS,
         "the server broke off with a TLS alert; "
         "it may want a client certificate")},
    {CURLE_SEND_ERROR, " alert ",
     ROW(CURLE_SEND_ERROR, TLS,
         "the server broke off with a TLS alert; "
         "it may want a client certificate")},
    {CURLE_SSL_CONNECT_ERROR, "error reading X.509",
     ROW(CURLE_SSL_CERTPROBLEM, CONFIG,
         "client_cert or client_key cannot be used")},
};

static const struct row unknown = {CURLE_OK, NETWORK, "CURLE_OTHER",
                                   "the transfer failed"};

/*
 * What libcurl reports as wrong configuration after the request has left (no
 * status line: an unknown protocol) is an error of the server, not ours.
 */
static const struct row bad_answer = {CURLE_WEIRD_SERVER_REPLY, PROTOCOL,
                                      "CURLE_WEIRD_SERVER_REPLY",
                                      "the response is not valid HTTP"};

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

static const struct row *finer_row_of(const struct eq_error_facts *facts)
{
  for (size_t i = 0; i < COUNT(finer_rows); i++) {
    if (finer_rows[i].result == facts->result &&
        strstr(facts->detail, finer_rows[i].part) != NULL) {
      return &finer_rows[i].row;
    }
  }
  return NULL;
}

static const struct row *row_of(const struct eq_error_facts *facts)
{
  for (size_t i = 0; i < COUNT(rows); i++) {
    if (rows[i].result == facts->result) {
      bool ours = strcmp(rows[i].kind, CONFIG) == 0;
      return ours && facts->sent ? &bad_answer : &rows[i];
    }
  }
  return &unknown;
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
  /*
   * A line longer than libcurl's own limit: 8.6 reports "too large", older
   * ones "out of memory". Before the end of the header block nothing else
   * from the server could fill the memory.
   */
  bool in_head = facts->sent && !facts->head_done;
#if LIBCURL_VERSION_NUM >= 0x080600
  if (facts->result == CURLE_TOO_LARGE && in_head) {
    return EQ_CAUSE_HEADERS;
  }
#endif
  if (facts->result == CURLE_OUT_OF_MEMORY && in_head) {
    return EQ_CAUSE_HEADERS;
  }
  return EQ_CAUSE_NONE;
}

void eq_error_classify(struct eq_error *error,
                       const struct eq_error_facts *facts)
{
  enum eq_cause cause = cause_of(facts);
  error->sent = facts->sent;
  if (cause == EQ_CAUSE_SINK) {
    const char *name = eq_errno_name(facts->os);
    fill(error, causes[cause].kind, name != NULL ? name : causes[cause].code,
         causes[cause].message, "");
    return;
  }
  if (cause != EQ_CAUSE_NONE) {
    fill(error, causes[cause].kind, causes[cause].code, causes[cause].message,
         "");
    return;
  }
  const struct row *row = finer_row_of(facts);
  if (row != NULL) { /* this says more than the errno value */
    fill(error, row->kind, row->code, row->message, facts->detail);
    return;
  }
  row = row_of(facts);
  const char *os = connection_errno(facts);
  /* A handshake that the network cut says nothing about trust. */
  bool cut = os != NULL && facts->result == CURLE_SSL_CONNECT_ERROR;
  fill(error, cut ? NETWORK : row->kind, os != NULL ? os : row->code,
       row->message, facts->detail);
}
