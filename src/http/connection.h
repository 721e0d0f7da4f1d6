/*
 * connection: the connections of one pool, as our hooks in libcurl see them.
 *
 * Laws of this file:
 * - it knows what libcurl does not tell: whether bytes lie unread on a
 *   connection before it is used again, what GOAWAY said, how many there are;
 * - it closes nothing and reads nothing off: libcurl owns the sockets;
 * - a connection that it does not know is never called clean or unused.
 */
#ifndef EQ_HTTP_CONNECTION_H
#define EQ_HTTP_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include <curl/curl.h>
#include <netinet/in.h>

#include "http/readiness.h"
#include "http/request.h"

struct eq_connection {
  struct eq_connection *next; /* in the pool; open ones only */
  unsigned holders;           /* the pool, and transfers */
  curl_socket_t socket;       /* of libcurl */
  const void *opener;         /* the transfer for which it was made */
  unsigned origin;            /* see eq_connection_origin */
  int local_port;             /* 0: not known yet */
  int remote_port;
  char remote_ip[INET6_ADDRSTRLEN];
  bool shared;               /* the limit for an origin counts it */
  bool used;                 /* a request was given to it */
  bool answered;             /* so its protocol is known */
  bool multiplexed;          /* by HTTP/2: streams have numbers */
  bool going_away;           /* GOAWAY came; the number counts */
  bool broken;               /* memory ran out while it was used */
  unsigned long last_stream; /* that the server may have processed */
  int64_t idle_since;        /* on eq_now_ns: the last request was over */
  uint64_t account;          /* of the last request with one; 0: none */
};

/* One that was idle for longer is near a server's limit for idle ones: the
 * shortest are 5 seconds. */
#define EQ_CONNECTION_IDLE_NS (4 * INT64_C(1000000000))

/* Found by their local ports: a look must not cost more with more of them. */
#define EQ_POOL_BUCKETS 64

/* An origin that ends connections without saying so in the last response. */
struct eq_abrupt {
  unsigned origin;
  int64_t until; /* on eq_now_ns: so long it counts as such; 0: unused */
};
#define EQ_POOL_ABRUPT 8

struct eq_pool {
  struct eq_connection *bucket[EQ_POOL_BUCKETS]; /* owned; the open ones */
  struct eq_abrupt abrupt[EQ_POOL_ABRUPT];
  unsigned abrupt_next;           /* which one is replaced next */
  unsigned careful;               /* transfers that must not be sent twice */
  bool has_dead;                  /* those under way have to be looked at */
  struct eq_readiness *readiness; /* borrowed: of the multi handle */
};

/* A new socket. NULL: no memory. */
struct eq_connection *eq_connection_add(struct eq_pool *pool,
                                        curl_socket_t socket);

/* That socket is closed. Harmless for one that it does not know. */
void eq_connection_closed(struct eq_pool *pool, curl_socket_t socket);

/* The connection with these ends, held for the caller; or NULL. */
struct eq_connection *eq_connection_find(struct eq_pool *pool,
                                         const char *remote_ip,
                                         int remote_port, int local_port);

/* Lets a held one go. Harmless for NULL. */
void eq_connection_release(struct eq_connection *connection);

/* Whether it is open with nothing to read: one call of the system. */
bool eq_connection_is_quiet(const struct eq_connection *connection);

/* When one of that origin that is idle now was last used, on eq_now_ns; 0:
 * there is none. */
int64_t eq_connection_last_use(const struct eq_pool *pool, unsigned origin);

/*
 * Whether the server ends connections unannounced. Learned from those that
 * were closed, and from the ones that a caller noted.
 */
bool eq_connection_is_abrupt(const struct eq_pool *pool, unsigned origin);

/* To be called for one that is not quiet though it should be. */
void eq_connection_note_abrupt(struct eq_pool *pool, unsigned origin);

/*
 * Whether `limit` connections to that origin are there already, not counting
 * those of `opener`, and HTTP/2 could share them: true as long as no response
 * has shown that it can't.
 */
bool eq_connection_limit(const struct eq_pool *pool, unsigned origin,
                         const void *opener, long limit);

/* How many of `wanted` may stay open while they are idle: at most half of the
 * descriptors that this process may have, since others need some, too. */
long eq_connection_idle(long wanted);

/* Forgets all of them; libcurl has closed them. */
void eq_connection_clear(struct eq_pool *pool);

/* Whether none of them has anything to read: for a libcurl that does not tell
 * which one it takes. */
bool eq_connection_all_quiet(const struct eq_pool *pool);

/* What connections that requests may share have in common, as a hash: scheme,
 * host, port, and the identity. */
unsigned eq_connection_origin(const struct eq_request *request);

#endif
