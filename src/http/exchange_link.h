/*
 * exchange_link: a connection that carries bytes as they are, made by libcurl.
 *
 * Laws of this file:
 * - it is libcurl's connection (CURLOPT_CONNECT_ONLY): resolved, connected and
 *   verified by the rules of the API's requests, never over a proxy. It is
 *   connected only when TLS has verified the server;
 * - each has a multi handle of its own: of a common one libcurl closes the
 *   connections that are old, dead or too many, each version by rules of its
 *   own, and to it these are idle while a reply is awaited;
 * - one thread at a time uses it, inside of eq_sigpipe_block.
 */
#ifndef EQ_HTTP_EXCHANGE_LINK_H
#define EQ_HTTP_EXCHANGE_LINK_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "http/exchange.h"
#include "http/readiness.h"

struct eq_exchange_run;

struct eq_exchange_link {
  struct eq_exchange_link *next;  /* among the idle ones */
  struct eq_exchange_run *run;    /* that uses it; NULL: it is idle */
  struct eq_readiness *readiness; /* borrowed */
  CURLM *multi;                   /* owned */
  CURL *easy;                     /* owned */
  struct curl_slist *to;          /* owned */
  char *key;                      /* owned; of its exchange */
  bool tls;
  bool added;              /* to the multi handle */
  bool unwatched;          /* a socket can't be watched */
  bool reached;            /* the server accepted, whatever came then */
  curl_socket_t opened;    /* the newest, while it connects */
  curl_socket_t socket;    /* of libcurl; bad until it is connected */
  int64_t timer_at;        /* on eq_tick_ns: when libcurl wants to be called */
  int64_t idle_since;      /* on eq_now_ns */
  struct eq_request files; /* borrowed strings, of the exchange that uses it */
  int64_t look_at;         /* on eq_coarse_ns: when to look at the files */
  char detail[CURL_ERROR_SIZE]; /* libcurl's message */
};

/*
 * Begins to connect: that may take `ms` milliseconds (0: no limit). NULL: no
 * memory. Unless *reason is CURLE_OK it has failed, and is there to be closed.
 */
struct eq_exchange_link *eq_exchange_link_new(struct eq_readiness *readiness,
                                              const struct eq_exchange *it,
                                              long ms, CURLcode *reason);

/*
 * Goes on connecting: a socket is ready (CURL_CSELECT_*), or the time has come
 * (CURL_SOCKET_TIMEOUT, 0). True: it has ended, with *result.
 */
bool eq_exchange_link_step(struct eq_exchange_link *one, curl_socket_t ready,
                           int events, CURLcode *result);

/* As curl_easy_send and curl_easy_recv: CURLE_AGAIN is to wait. */
CURLcode eq_exchange_link_send(struct eq_exchange_link *one, const char *bytes,
                               size_t n, size_t *sent);
CURLcode eq_exchange_link_recv(struct eq_exchange_link *one, char *bytes,
                               size_t size, size_t *n);

/* Whether the server has accepted the connection at all, before TLS. */
bool eq_exchange_link_was_reached(const struct eq_exchange_link *one);

/* Watches the socket of a connected one; 0 no longer. False: it can't be. */
bool eq_exchange_link_want(struct eq_exchange_link *one, unsigned events);

/* Whether an idle one may be used for that exchange: same key, same files,
 * open, with nothing to read. If it is sound it borrows from that exchange
 * from now on: the one that it was made for may be gone. */
bool eq_exchange_link_fits(const struct eq_exchange_link *one,
                           const struct eq_exchange *it);
bool eq_exchange_link_is_sound(struct eq_exchange_link *one,
                               const struct eq_exchange *it);

/* Closes and frees it. Harmless for NULL. */
void eq_exchange_link_close(struct eq_exchange_link *one);

#endif
