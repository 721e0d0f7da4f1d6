/*
 * attempt: the laws are in attempt.h.
 */
#include "http/attempt.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/curl_memory.h"
#include "http/tls_pending.h"

/* The largest TLS record; what is larger may have left in part. */
#define RECORD_MAX 16384

/* The lines that libcurl adds to ours: Host, Content-Length and the like. */
#define LINES_OF_LIBCURL 1024

/*
 * Servers that end a connection after a response, unannounced, do it at once.
 * What goes out once takes no connection before; to wait for that is little
 * beside the two round trips of a new one.
 */
#define SETTLE_NS (8 * EQ_NS_PER_MS)

static void let_go(struct eq_attempt *attempt)
{
  if (attempt->connection != NULL && attempt->open) {
    attempt->connection->idle_since = eq_now_ns(); /* it was used */
  }
  eq_connection_release(attempt->connection);
  attempt->connection = NULL;
  attempt->open = false;
  attempt->reused = false;
  attempt->refused = false;
  attempt->stream = 0;
}

void eq_attempt_reset(struct eq_attempt *attempt)
{
  let_go(attempt);
  attempt->no_memory = eq_curl_memory_failures();
  attempt->sent_before = 0;
  attempt->count = 0;
  attempt->effects = false;
  attempt->repeated = false;
  attempt->stale = false;
  attempt->full = false;
  attempt->early = false;
  attempt->unlimited = false;
}

/* Without TLS, to a proxy too. */
static bool is_plain(const struct eq_request *request)
{
  return strncmp(request->url, "https:", 6) != 0 &&
         (request->proxy == NULL ||
          !curl_strnequal(request->proxy, "https:", 6));
}

/* Whether a new connection would be one too many: HTTP/2 shares them. */
static bool is_one_too_many(const struct eq_attempt *attempt, unsigned origin)
{
  const struct eq_request *request = attempt->request;
  return !request->fresh_connect && !request->anew && !request->once &&
         !attempt->unlimited && !is_plain(request) &&
         eq_connection_limit(attempt->pool, origin, attempt,
                             request->connections);
}

/* A program that the host starts must not inherit an API connection. */
int eq_attempt_on_socket(void *arg, curl_socket_t socket, curlsocktype purpose)
{
  struct eq_attempt *attempt = arg;
  unsigned origin = eq_connection_origin(attempt->request);
  (void)purpose;
  if (is_one_too_many(attempt, origin)) {
    attempt->full = true;
    return CURL_SOCKOPT_ERROR;
  }
  struct eq_connection *connection =
      fcntl(socket, F_SETFD, FD_CLOEXEC) == -1
          ? NULL
          : eq_connection_add(attempt->pool, socket);
  if (connection == NULL) {
    eq_curl_memory_failed();
    return CURL_SOCKOPT_ERROR;
  }
  connection->origin = origin;
  connection->opener = attempt;
  connection->shared = !attempt->request->fresh_connect;
  return CURL_SOCKOPT_OK;
}

int eq_attempt_on_close(void *arg, curl_socket_t socket)
{
  eq_connection_closed(arg, socket);
  return close(socket);
}

/* The number after `name`; 0: it is not there. */
static unsigned long number_after(const char *text, const char *name)
{
  const char *at = strstr(text, name);
  return at == NULL ? 0 : strtoul(at + strlen(name), NULL, 10);
}

/* HTTP/2: the streams above the last one of GOAWAY were not processed. */
static void read_text(struct eq_attempt *attempt, const char *text)
{
  struct eq_connection *connection = attempt->connection;
  attempt->refused =
      attempt->refused || strstr(text, "REFUSED_STREAM, retrying") != NULL;
  if (strstr(text, "retrying") != NULL ||
      strstr(text, "Downgrades to HTTP/1.1") != NULL) {
    /* This one is over; what follows is about another connection. */
    attempt->effects = attempt->effects || !eq_attempt_is_void(attempt);
    let_go(attempt);
  } else if (connection != NULL && strstr(text, "GOAWAY, error=") != NULL &&
             strstr(text, "last_stream=") != NULL) {
    connection->going_away = true;
    connection->last_stream = number_after(text, "last_stream=");
  } else if (strstr(text, "Using Stream ID: ") != NULL) {
    attempt->stream = number_after(text, "Using Stream ID: ");
  } else if (strstr(text, "] OPENED stream for") != NULL) { /* 8.0 */
    attempt->stream = number_after(text, "[HTTP/2] [");
  }
}

int eq_attempt_on_text(CURL *handle, curl_infotype type, char *bytes, size_t n,
                       void *arg)
{
  char text[128]; /* libcurl's has no NUL in its contract */
  (void)handle;
  if (type == CURLINFO_TEXT) {
    n = n < sizeof text ? n : sizeof text - 1;
    memcpy(text, bytes, n);
    text[n] = '\0';
    read_text(arg, text);
  }
  return 0;
}

/* Bytes of the request that the system took, in all attempts; -1: unknown. */
static long bytes_sent(const struct eq_attempt *attempt)
{
  long bytes = 0;
  return curl_easy_getinfo(attempt->easy->handle, CURLINFO_REQUEST_SIZE,
                           &bytes) == CURLE_OK
             ? bytes
             : -1;
}

/*
 * Whether the system took nothing: a connection that was reset while it was
 * idle. Over TLS libcurl counts what it could send as a whole, so the request
 * has to fit into one record, of which a part is nothing to the server.
 */
static bool nothing_taken(const struct eq_attempt *attempt)
{
  const struct eq_request *request = attempt->request;
  const struct eq_connection *connection = attempt->connection;
  bool fits = strlen(request->url) + request->lines_len + request->body_len +
                  LINES_OF_LIBCURL <=
              RECORD_MAX;
  return attempt->reused && connection != NULL && connection->answered &&
         !connection->multiplexed && (is_plain(request) || fits) &&
         bytes_sent(attempt) == attempt->sent_before;
}

bool eq_attempt_is_void(const struct eq_attempt *attempt)
{
  const struct eq_connection *connection = attempt->connection;
  if (!attempt->open) {
    return true;
  }
  if (attempt->request->once) {
    return nothing_taken(attempt);
  }
  if (attempt->refused) {
    return true;
  }
  if (connection != NULL && connection->going_away && attempt->stream != 0) {
    return attempt->stream > connection->last_stream;
  }
  return nothing_taken(attempt);
}

static bool is_quiet(const struct eq_attempt *attempt)
{
  return eq_connection_is_quiet(attempt->connection) &&
         (is_plain(attempt->request) ||
          !eq_tls_pending(attempt->easy->handle));
}

/* Whether no other request is under way on its connection. */
static bool is_alone(const struct eq_attempt *attempt)
{
  return attempt->connection->holders == 2; /* the pool, and this attempt */
}

/* Whether a request that goes out once may take this kept connection. */
static bool is_fit_for_once(const struct eq_attempt *attempt)
{
  const struct eq_connection *connection = attempt->connection;
  bool same = connection->multiplexed || connection->account == 0 ||
              connection->account == attempt->request->account;
  int64_t idle = eq_now_ns() - connection->idle_since;
  if (!connection->answered || !is_alone(attempt) || !same ||
      connection->going_away || idle > EQ_CONNECTION_IDLE_NS ||
      eq_connection_is_abrupt(attempt->pool, connection->origin)) {
    return false;
  }
  if (is_quiet(attempt)) {
    return idle >= SETTLE_NS;
  }
  eq_connection_note_abrupt(attempt->pool, connection->origin);
  return false;
}

/* Whether nothing lies on the connection that HTTP/1.x would take for the
 * response. One that has not answered yet is used by others: by HTTP/2. */
static bool is_clean(const struct eq_attempt *attempt)
{
  const struct eq_connection *connection = attempt->connection;
  if (attempt->request->once) {
    return is_fit_for_once(attempt);
  }
  return !connection->answered || connection->multiplexed || is_quiet(attempt);
}

void eq_attempt_breaks(struct eq_attempt *attempt)
{
  if (attempt->connection != NULL) {
    attempt->connection->broken = true;
    attempt->pool->has_dead = true;
  }
}

bool eq_attempt_is_dead(const struct eq_attempt *attempt)
{
  return (attempt->connection != NULL && attempt->connection->broken) ||
         (!is_plain(attempt->request) &&
          eq_tls_is_dead(attempt->easy->handle));
}

/* libcurl closes the connection when no other request is on it; if one is, it
 * is dead, too. The next set of options takes this one back. */
static void discard(struct eq_attempt *attempt)
{
  attempt->easy->state.forbid_reuse =
      curl_easy_setopt(attempt->easy->handle, CURLOPT_FORBID_REUSE, 1L) ==
      CURLE_OK;
  attempt->pool->has_dead = true;
}

/* The look at a kept connection. False: it is not used for this request. */
static bool may_take(struct eq_attempt *attempt)
{
  const struct eq_request *request = attempt->request;
  if (eq_attempt_is_dead(attempt)) {
    discard(attempt);
    attempt->stale = true;
    return false;
  }
  if (!attempt->connection->answered && !attempt->unlimited &&
      !request->may_resend && !request->once) {
    /* libcurl would send more than the server takes, and not say later that
     * the server refused it. */
    attempt->early = attempt->full = true;
    return false;
  }
  attempt->stale = !is_clean(attempt);
  return !attempt->stale;
}

int64_t eq_attempt_pause(const struct eq_attempt *attempt)
{
  const struct eq_request *request = attempt->request;
  if (!request->once || request->fresh_connect || request->anew) {
    return 0;
  }
  unsigned origin = eq_connection_origin(request);
  if (eq_connection_is_abrupt(attempt->pool, origin)) {
    return 0;
  }
  int64_t used = eq_connection_last_use(attempt->pool, origin);
  int64_t pause = used + SETTLE_NS - eq_now_ns();
  return used != 0 && pause > 0 ? pause : 0;
}

/* There is a connection, and nothing of the request was sent on it yet. */
int eq_attempt_on_begin(void *arg, char *remote_ip, char *local_ip,
                        int remote_port, int local_port)
{
  struct eq_attempt *attempt = arg;
  (void)local_ip;
  if (attempt->open && attempt->reused && attempt->connection != NULL) {
    /* It has died under the attempt before. */
    eq_connection_note_abrupt(attempt->pool, attempt->connection->origin);
  }
  attempt->effects = attempt->effects || !eq_attempt_is_void(attempt);
  let_go(attempt);
  if (eq_curl_memory_failures() != attempt->no_memory) {
    return CURL_PREREQFUNC_ABORT; /* it may not be what was asked for */
  }
  if (attempt->effects && !attempt->request->may_resend) {
    attempt->repeated = true;
    return CURL_PREREQFUNC_ABORT;
  }
  attempt->sent_before = attempt->count > 0 ? bytes_sent(attempt) : 0;
  attempt->count++;
  struct eq_connection *connection =
      eq_connection_find(attempt->pool, remote_ip, remote_port, local_port);
  if (connection != NULL) {
    attempt->connection = connection;
    attempt->reused = connection->used;
    connection->used = true;
    connection->opener = NULL;
    if (attempt->reused && !may_take(attempt)) {
      return CURL_PREREQFUNC_ABORT;
    }
    if (attempt->request->account != 0) {
      connection->account = attempt->request->account;
    }
  } else if (attempt->request->once && !attempt->request->anew &&
             !attempt->request->fresh_connect) {
    attempt->stale = true; /* it may be a kept one */
    return CURL_PREREQFUNC_ABORT;
  }
  attempt->open = true;
  return CURL_PREREQFUNC_OK;
}

void eq_attempt_answered(struct eq_attempt *attempt, bool multiplexed)
{
  if (attempt->connection != NULL) {
    attempt->connection->answered = true;
    attempt->connection->multiplexed = multiplexed;
  }
}
