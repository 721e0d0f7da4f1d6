/*
 * attempt: one request on one connection, and what is certain about it.
 *
 * Laws of this file:
 * - an attempt may have had an effect unless the contrary is proven: the
 *   connection was given up before the first byte, the system took no byte of
 *   it, or HTTP/2 guarantees that it was not processed (RFC 9113, 8.7);
 * - a kept connection is looked at before HTTP/1.x uses it again (RFC 9112,
 *   9.2). HTTP/2 needs no look: its responses have the number of a stream;
 * - what may have had an effect and must not be sent twice is stopped before
 *   the first byte of the next attempt;
 * - a connection on which memory ran out is not used again: libcurl and the
 *   libraries below keep what they have of it half done, and only over
 *   HTTP/1.x does libcurl close it by itself;
 * - a request that goes out once (a token request) is stricter: no guarantee
 *   of HTTP/2 lets it be sent again. It takes a kept connection only where
 *   that is idle, was in use a moment ago, and stays quiet for some
 *   milliseconds after its last response, of a server that ends none
 *   unannounced; over HTTP/1.x, where responses have no numbers, none that had
 *   a token request of another account. Else it gets a new one, at once.
 */
#ifndef EQ_HTTP_ATTEMPT_H
#define EQ_HTTP_ATTEMPT_H

#include <stdbool.h>

#include "http/connection.h"
#include "http/easy_defaults.h"

struct eq_attempt {
  struct eq_pool *pool;             /* borrowed: of the multi handle */
  struct eq_easy *easy;             /* borrowed */
  const struct eq_request *request; /* borrowed */

  /* Of the attempt under way. */
  struct eq_connection *connection; /* held; NULL: none, or not known */
  bool open;                        /* a byte may have left */
  bool reused;                      /* its connection was used before */
  bool refused;                     /* HTTP/2: it was not processed */
  unsigned long stream;             /* HTTP/2: its number; 0: not known */
  long sent_before;                 /* bytes of the attempts before */

  /* Of all attempts. */
  unsigned no_memory; /* eq_curl_memory_failures() before the first one */
  int count;
  bool effects;   /* an earlier one may have had an effect */
  bool repeated;  /* the next one was stopped, as it must not be sent twice */
  bool stale;     /* given up: something lay on its connection */
  bool full;      /* given up: its origin has as many connections as it may */
  bool early;     /* parked until the server has told its limit of streams */
  bool unlimited; /* it must not be given up for that */
};

/* Before a request is given to libcurl. */
void eq_attempt_reset(struct eq_attempt *attempt);

/* What libcurl calls; `arg` is the attempt, that of on_close the pool. */
int eq_attempt_on_socket(void *arg, curl_socket_t socket,
                         curlsocktype purpose);
int eq_attempt_on_close(void *arg, curl_socket_t socket);
int eq_attempt_on_text(CURL *handle, curl_infotype type, char *bytes, size_t n,
                       void *arg);
int eq_attempt_on_begin(void *arg, char *remote_ip, char *local_ip,
                        int remote_port, int local_port);

/*
 * How many nanoseconds its request had better wait before it is given to
 * libcurl; 0: it need not. For one that goes out once, until the connections
 * that it may get have been idle for long enough.
 */
int64_t eq_attempt_pause(const struct eq_attempt *attempt);

/* Whether the attempt under way, if any, certainly had no effect. */
bool eq_attempt_is_void(const struct eq_attempt *attempt);

/* Memory ran out: its connection is not used any more. */
void eq_attempt_breaks(struct eq_attempt *attempt);

/* Whether nothing more will come on its connection, though libcurl may wait
 * for it. Not for one that libcurl has given back. */
bool eq_attempt_is_dead(const struct eq_attempt *attempt);

/* A response came: the protocol of its connection is known now. */
void eq_attempt_answered(struct eq_attempt *attempt, bool multiplexed);

#endif
