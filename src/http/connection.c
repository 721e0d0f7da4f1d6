/*
 * connection: the laws are in connection.h.
 */
#include "http/connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/clock.h"

/* In the bucket of its local port; of port 0 as long as it is not known. */
static void insert(struct eq_pool *pool, struct eq_connection *connection)
{
  struct eq_connection **bucket =
      &pool->bucket[connection->local_port % EQ_POOL_BUCKETS];
  connection->next = *bucket;
  *bucket = connection;
}

struct eq_connection *eq_connection_add(struct eq_pool *pool,
                                        curl_socket_t socket)
{
  struct eq_connection *connection = eq_readiness_keep(pool->readiness, socket)
                                         ? calloc(1, sizeof *connection)
                                         : NULL;
  if (connection != NULL) {
    connection->socket = socket;
    connection->holders = 1;
    insert(pool, connection);
  }
  return connection;
}

void eq_connection_release(struct eq_connection *connection)
{
  if (connection != NULL && --connection->holders == 0) {
    free(connection);
  }
}

/* Takes the one that *link points to out of the pool. */
static void forget(struct eq_connection **link)
{
  struct eq_connection *connection = *link;
  *link = connection->next;
  connection->next = NULL;
  connection->socket = CURL_SOCKET_BAD;
  eq_connection_release(connection);
}

/* How long an origin is remembered that ended a connection unannounced. */
#define ABRUPT_NS (600 * EQ_NS_PER_S)

bool eq_connection_is_abrupt(const struct eq_pool *pool, unsigned origin)
{
  for (int i = 0; i < EQ_POOL_ABRUPT; i++) {
    if (pool->abrupt[i].origin == origin && pool->abrupt[i].until != 0 &&
        eq_now_ns() < pool->abrupt[i].until) {
      return true;
    }
  }
  return false;
}

void eq_connection_note_abrupt(struct eq_pool *pool, unsigned origin)
{
  unsigned i = 0;
  while (i < EQ_POOL_ABRUPT && pool->abrupt[i].origin != origin) {
    i++;
  }
  if (i == EQ_POOL_ABRUPT) {
    i = pool->abrupt_next++ % EQ_POOL_ABRUPT;
  }
  pool->abrupt[i] =
      (struct eq_abrupt){.origin = origin, .until = eq_now_ns() + ABRUPT_NS};
}

/* An idle one that libcurl closes: did the server end it, soon after a
 * response? (A limit for idle ones is no such end.) */
static void note_end(struct eq_pool *pool, const struct eq_connection *one)
{
  if (one->answered && one->holders == 1 &&
      eq_now_ns() - one->idle_since <= EQ_CONNECTION_IDLE_NS &&
      !eq_connection_is_quiet(one)) {
    eq_connection_note_abrupt(pool, one->origin);
  }
}

void eq_connection_closed(struct eq_pool *pool, curl_socket_t socket)
{
  eq_readiness_forget(pool->readiness, socket);
  for (int i = 0; i < EQ_POOL_BUCKETS; i++) {
    struct eq_connection **link = &pool->bucket[i];
    while (*link != NULL && (*link)->socket != socket) {
      link = &(*link)->next;
    }
    if (*link != NULL) {
      note_end(pool, *link);
      forget(link);
      return;
    }
  }
}

long eq_connection_idle(long wanted)
{
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0 ||
      files.rlim_cur / 2 >= (rlim_t)wanted) {
    return wanted;
  }
  return (long)(files.rlim_cur / 2);
}

void eq_connection_clear(struct eq_pool *pool)
{
  for (int i = 0; i < EQ_POOL_BUCKETS; i++) {
    while (pool->bucket[i] != NULL) {
      forget(&pool->bucket[i]);
    }
  }
}

union address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
};

/* The port of an address, and its IP as text; 0: neither. */
static int read_address(const union address *address,
                        char text[INET6_ADDRSTRLEN])
{
  bool v6 = address->any.sa_family == AF_INET6;
  const void *ip = v6 ? (const void *)&address->v6.sin6_addr
                      : (const void *)&address->v4.sin_addr;
  if ((!v6 && address->any.sa_family != AF_INET) ||
      inet_ntop(address->any.sa_family, ip, text, INET6_ADDRSTRLEN) == NULL) {
    return 0;
  }
  return ntohs(v6 ? address->v6.sin6_port : address->v4.sin_port);
}

/* Learns the two ends of a socket; before it is connected there are none. */
static void read_ends(struct eq_connection *connection)
{
  union address local = {.any = {.sa_family = AF_UNSPEC}};
  union address remote = {.any = {.sa_family = AF_UNSPEC}};
  socklen_t local_len = sizeof local;
  socklen_t remote_len = sizeof remote;
  char text[INET6_ADDRSTRLEN];
  if (getpeername(connection->socket, &remote.any, &remote_len) == 0 &&
      getsockname(connection->socket, &local.any, &local_len) == 0) {
    connection->remote_port = read_address(&remote, connection->remote_ip);
    connection->local_port = read_address(&local, text);
  }
}

/* Those that were connecting the last time. */
static void read_new_ends(struct eq_pool *pool)
{
  struct eq_connection **link = &pool->bucket[0];
  while (*link != NULL) {
    struct eq_connection *one = *link;
    if (one->local_port == 0) {
      read_ends(one);
    }
    if (one->local_port % EQ_POOL_BUCKETS == 0) {
      link = &one->next;
    } else {
      *link = one->next;
      insert(pool, one);
    }
  }
}

struct eq_connection *eq_connection_find(struct eq_pool *pool,
                                         const char *remote_ip,
                                         int remote_port, int local_port)
{
  read_new_ends(pool);
  struct eq_connection *one = pool->bucket[local_port % EQ_POOL_BUCKETS];
  /* Connections to two servers may have one local port. */
  while (one != NULL &&
         (one->local_port != local_port || one->remote_port != remote_port ||
          strcmp(one->remote_ip, remote_ip) != 0)) {
    one = one->next;
  }
  if (one != NULL) {
    one->holders++;
  }
  return one;
}

bool eq_connection_is_quiet(const struct eq_connection *connection)
{
  char byte;
  ssize_t n =
      recv(connection->socket, &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT);
  return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

int64_t eq_connection_last_use(const struct eq_pool *pool, unsigned origin)
{
  int64_t last = 0;
  for (int i = 0; i < EQ_POOL_BUCKETS; i++) {
    const struct eq_connection *one = pool->bucket[i];
    for (; one != NULL; one = one->next) {
      if (one->origin == origin && one->answered && one->holders == 1 &&
          !one->going_away && one->idle_since > last) {
        last = one->idle_since;
      }
    }
  }
  return last;
}

bool eq_connection_limit(const struct eq_pool *pool, unsigned origin,
                         const void *opener, long limit)
{
  for (int i = 0; i < EQ_POOL_BUCKETS; i++) {
    const struct eq_connection *one = pool->bucket[i];
    for (; one != NULL; one = one->next) {
      if (one->origin != origin || !one->shared) {
        continue;
      }
      if (one->answered && !one->multiplexed) {
        return false;
      }
      limit -= one->opener != opener && !one->going_away;
    }
  }
  return limit <= 0;
}

bool eq_connection_all_quiet(const struct eq_pool *pool)
{
  for (int i = 0; i < EQ_POOL_BUCKETS; i++) {
    const struct eq_connection *one = pool->bucket[i];
    for (; one != NULL; one = one->next) {
      if (!eq_connection_is_quiet(one)) {
        return false;
      }
    }
  }
  return true;
}

/* FNV-1a, with the end of the text as a byte of its own. */
static unsigned add_to_hash(unsigned hash, const char *text, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    hash = (hash ^ (unsigned char)text[i]) * 16777619U;
  }
  return hash * 16777619U;
}

unsigned eq_connection_origin(const struct eq_request *request)
{
  const char *const identity[] = {request->ca_file, request->client_cert,
                                  request->client_key, request->proxy};
  const char *url = request->url;
  const char *host = strstr(url, "://");
  host = host == NULL ? url : host + 3;
  unsigned hash = add_to_hash(2166136261U, url,
                              (size_t)(host - url) + strcspn(host, "/?#"));
  for (size_t i = 0; i < sizeof identity / sizeof *identity; i++) {
    hash = identity[i] == NULL ? hash
                               : add_to_hash(hash ^ (unsigned)i, identity[i],
                                             strlen(identity[i]));
  }
  return hash ^ request->stamp; /* another version of the files */
}
