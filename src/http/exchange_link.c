/*
 * exchange_link: the laws are in exchange_link.h.
 */
#include "http/exchange_link.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/curl_memory.h"
#include "http/easy_defaults.h"
#include "http/identity_files.h"

/* How often libcurl's timer is served at a time. */
#define TIMER_ROUNDS 4

/* --------------------------------------------------- what libcurl calls us */

/* libcurl wants to know when a socket is ready. */
static int on_ready(CURL *handle, curl_socket_t socket, int what, void *arg,
                    void *unused)
{
  struct eq_exchange_link *one = arg;
  unsigned wanted = 0;
  (void)handle;
  (void)unused;
  if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) {
    wanted |= EQ_READABLE;
  }
  if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) {
    wanted |= EQ_WRITABLE;
  }
  if (!eq_readiness_want(one->readiness, socket, wanted)) {
    one->unwatched = true;
    return -1;
  }
  if (wanted != 0) {
    eq_readiness_own(one->readiness, socket, one);
  }
  return 0;
}

/* libcurl wants to be called in so many milliseconds; -1: it does not. */
static int on_timer(CURLM *multi, long ms, void *arg)
{
  struct eq_exchange_link *one = arg;
  (void)multi;
  one->timer_at =
      ms < 0 ? INT64_MAX : eq_tick_ns() + (int64_t)ms * EQ_NS_PER_MS;
  return 0;
}

/* A program that the host starts must not inherit it. */
static int on_open(void *arg, curl_socket_t socket, curlsocktype purpose)
{
  struct eq_exchange_link *one = arg;
  (void)purpose;
  one->opened = socket;
  if (fcntl(socket, F_SETFD, FD_CLOEXEC) != -1 &&
      eq_readiness_keep(one->readiness, socket)) {
    return CURL_SOCKOPT_OK;
  }
  eq_curl_memory_failed();
  return CURL_SOCKOPT_ERROR;
}

static bool has_peer(curl_socket_t socket)
{
  struct sockaddr_storage peer;
  socklen_t n = sizeof peer;
  return getpeername(socket, (struct sockaddr *)(void *)&peer, &n) == 0;
}

static int on_close(void *arg, curl_socket_t socket)
{
  struct eq_exchange_link *one = arg;
  one->reached = one->reached || has_peer(socket);
  one->opened = one->opened == socket ? CURL_SOCKET_BAD : one->opened;
  eq_readiness_forget(one->readiness, socket);
  return close(socket);
}

/* Nothing comes this way. */
static size_t on_bytes(char *bytes, size_t size, size_t n, void *arg)
{
  (void)bytes;
  (void)arg;
  return size * n;
}

/* ----------------------------------------------------------------- options */

static CURLcode set_hooks(struct eq_exchange_link *one)
{
  CURL *easy = one->easy;
  CURLcode rc;
  if ((rc = curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, one->detail)) ||
      (rc = curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_open)) ||
      (rc = curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, one)) ||
      (rc = curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close)) ||
      (rc = curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, one)) ||
      (rc = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes)) ||
      (rc = curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_bytes))) {
    return rc;
  }
  CURLM *multi = one->multi;
  return curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_ready) ==
                     CURLM_OK &&
                 curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, one) ==
                     CURLM_OK &&
                 curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer) ==
                     CURLM_OK &&
                 curl_multi_setopt(multi, CURLMOPT_TIMERDATA, one) == CURLM_OK
             ? CURLE_OK
             : CURLE_FAILED_INIT;
}

/* By the address, whatever name TLS looks for. */
static CURLcode set_target(struct eq_exchange_link *one,
                           const struct eq_exchange *it)
{
  CURLcode rc = curl_easy_setopt(one->easy, CURLOPT_URL, it->files.url);
  if (rc == CURLE_OK && it->path != NULL) {
    rc = curl_easy_setopt(one->easy, CURLOPT_UNIX_SOCKET_PATH, it->path);
  }
  if (rc == CURLE_OK && it->to != NULL) {
    one->to = curl_slist_append(NULL, it->to);
    rc = one->to == NULL
             ? CURLE_OUT_OF_MEMORY
             : curl_easy_setopt(one->easy, CURLOPT_CONNECT_TO, one->to);
  }
  return rc;
}

static CURLcode set_options(struct eq_exchange_link *one,
                            const struct eq_exchange *it, long ms)
{
  CURL *easy = one->easy;
  CURLcode rc;
  if ((rc = eq_easy_defaults_fixed(easy)) != CURLE_OK ||
      (rc = set_hooks(one)) != CURLE_OK ||
      (rc = set_target(one, it)) != CURLE_OK ||
      (rc = curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L)) != CURLE_OK ||
      (rc = curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, ms)) !=
          CURLE_OK) {
    return rc;
  }
  one->files = it->files;
  if (!it->tls) {
    return CURLE_OK;
  }
  one->files.stamp = eq_identity_files_stamp(&it->files);
  one->look_at = eq_coarse_ns() + EQ_IDENTITY_FILES_NS;
  rc = eq_identity_files_set(easy, &one->files, one->detail);
  /* What is spoken has no name there. */
  return rc != CURLE_OK ? rc
                        : curl_easy_setopt(easy, CURLOPT_SSL_ENABLE_ALPN, 0L);
}

/* -------------------------------------------------------------------- life */

static bool open_handles(struct eq_exchange_link *one, const char *key)
{
  one->key = strdup(key);
  one->multi = curl_multi_init();
  one->easy = curl_easy_init();
  return one->key != NULL && one->multi != NULL && one->easy != NULL;
}

struct eq_exchange_link *eq_exchange_link_new(struct eq_readiness *readiness,
                                              const struct eq_exchange *it,
                                              long ms, CURLcode *reason)
{
  struct eq_exchange_link *one = calloc(1, sizeof *one);
  *reason = CURLE_OUT_OF_MEMORY;
  if (one == NULL) {
    return NULL;
  }
  one->readiness = readiness;
  one->opened = CURL_SOCKET_BAD;
  one->socket = CURL_SOCKET_BAD;
  one->timer_at = INT64_MAX;
  one->tls = it->tls;
  if (!open_handles(one, it->key)) {
    eq_exchange_link_close(one);
    return NULL;
  }
  *reason = set_options(one, it, ms);
  if (*reason == CURLE_OK) {
    CURLMcode rc = curl_multi_add_handle(one->multi, one->easy);
    one->added = rc == CURLM_OK;
    *reason = one->added ? CURLE_OK : CURLE_FAILED_INIT;
  }
  return one;
}

void eq_exchange_link_close(struct eq_exchange_link *one)
{
  if (one == NULL) {
    return;
  }
  if (one->added) { /* fails only for handles that aren't there */
    (void)curl_multi_remove_handle(one->multi, one->easy);
  }
  if (one->easy != NULL) {
    curl_easy_cleanup(one->easy);
  }
  if (one->multi != NULL) {
    (void)curl_multi_cleanup(one->multi);
  }
  curl_slist_free_all(one->to);
  free(one->key);
  free(one);
}

/* --------------------------------------------------------------- connecting
 */

/* What libcurl says of the end. */
static bool read_end(struct eq_exchange_link *one, CURLcode *result)
{
  const CURLMsg *message;
  int left;
  bool ended = false;
  while ((message = curl_multi_info_read(one->multi, &left)) != NULL) {
    ended = ended || message->msg == CURLMSG_DONE;
    *result = message->data.result;
  }
  if (!ended || *result != CURLE_OK) {
    return ended;
  }
  *result = curl_easy_getinfo(one->easy, CURLINFO_ACTIVESOCKET, &one->socket);
  if (*result == CURLE_OK && one->socket == CURL_SOCKET_BAD) {
    *result = CURLE_COULDNT_CONNECT; /* it was closed at once */
  }
  one->timer_at = INT64_MAX;
  return true;
}

bool eq_exchange_link_step(struct eq_exchange_link *one, curl_socket_t ready,
                           int events, CURLcode *result)
{
  int running;
  CURLMcode rc = CURLM_OK;
  if (ready != CURL_SOCKET_TIMEOUT) {
    rc = curl_multi_socket_action(one->multi, ready, events, &running);
  }
  for (int i = 0;
       i < TIMER_ROUNDS && rc == CURLM_OK && one->timer_at <= eq_tick_ns();
       i++) {
    one->timer_at = INT64_MAX;
    rc =
        curl_multi_socket_action(one->multi, CURL_SOCKET_TIMEOUT, 0, &running);
  }
  if (read_end(one, result)) {
    return true;
  }
  if (rc != CURLM_OK || one->unwatched) {
    *result = rc == CURLM_OUT_OF_MEMORY || one->unwatched ? CURLE_OUT_OF_MEMORY
                                                          : CURLE_FAILED_INIT;
    return true;
  }
  return false;
}

bool eq_exchange_link_was_reached(const struct eq_exchange_link *one)
{
  return one->reached ||
         (one->opened != CURL_SOCKET_BAD && has_peer(one->opened));
}

/* --------------------------------------------------------------- connected */

CURLcode eq_exchange_link_send(struct eq_exchange_link *one, const char *bytes,
                               size_t n, size_t *sent)
{
  *sent = 0;
  return curl_easy_send(one->easy, bytes, n, sent);
}

CURLcode eq_exchange_link_recv(struct eq_exchange_link *one, char *bytes,
                               size_t size, size_t *n)
{
  *n = 0;
  return curl_easy_recv(one->easy, bytes, size, n);
}

bool eq_exchange_link_want(struct eq_exchange_link *one, unsigned events)
{
  if (!eq_readiness_want(one->readiness, one->socket, events)) {
    return false;
  }
  eq_readiness_own(one->readiness, one->socket, events != 0 ? one : NULL);
  return true;
}

bool eq_exchange_link_fits(const struct eq_exchange_link *one,
                           const struct eq_exchange *it)
{
  return strcmp(one->key, it->key) == 0;
}

/* Whether the files of TLS are those that it was made with. */
static bool has_same_files(struct eq_exchange_link *one,
                           const struct eq_exchange *it)
{
  int64_t now = eq_coarse_ns();
  if (!one->tls || now < one->look_at) {
    return true;
  }
  one->look_at = now + EQ_IDENTITY_FILES_NS;
  return eq_identity_files_stamp(&it->files) == one->files.stamp;
}

/* To read is the only look that is right for TLS: what came may have been a
 * session ticket, which is no reply, and what is there may lie in the TLS
 * library already. */
bool eq_exchange_link_is_sound(struct eq_exchange_link *one,
                               const struct eq_exchange *it)
{
  char byte;
  size_t n;
  unsigned stamp = one->files.stamp;
  if (!has_same_files(one, it) ||
      eq_exchange_link_recv(one, &byte, sizeof byte, &n) != CURLE_AGAIN) {
    return false;
  }
  one->files = it->files;
  one->files.stamp = stamp;
  return true;
}
