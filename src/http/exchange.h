/*
 * exchange: what goes to a server that is no HTTP server, and how many replies
 * come back; read and checked once, core.exchange().
 *
 * Laws of this file:
 * - a mistake raises, before any byte is sent; a name that is not known here
 *   is one;
 * - a later change of the table changes nothing, as every string of it is
 *   kept;
 * - connections are shared only where the address, all that TLS checks, and
 *   the identity are equal: that is what the key says.
 */
#ifndef EQ_HTTP_EXCHANGE_H
#define EQ_HTTP_EXCHANGE_H

#include "base/compat.h"
#include "http/request.h"

struct eq_exchange {
  const char *address; /* for messages: "host:port" or a path */
  const char *path;    /* of a Unix socket; NULL: host and port */
  const char *to;      /* "name:port:host:port" for libcurl; NULL: as named */
  const char *key;     /* equal: their connections are shared */
  bool tls;
  struct eq_request files; /* its URL, and the files of TLS */
  double connect_timeout;  /* seconds; infinite: no limit of its own */
  double max_idle;         /* seconds, of a connection before its use; 0: a
                              new one, which is closed after it */
  size_t max_reply;        /* bytes */

  const char *login; /* goes first on a new connection; NULL: makes none */
  size_t login_len;
  size_t login_replies;
  const char *send;
  size_t send_len;
  size_t replies;
};

/* An idle connection is not kept for longer. */
#define EQ_EXCHANGE_IDLE 10.0 /* seconds */

/* Makes the class of core.exchange's values. */
void eq_exchange_class(lua_State *L);

/* core.exchange(options) -> exchange; core.is_exchange(value) -> boolean */
int eq_exchange_new(lua_State *L);
int eq_exchange_is(lua_State *L);

/* The one at idx, valid while it is on the stack; NULL: it is none. */
const struct eq_exchange *eq_exchange_at(lua_State *L, int idx);

#endif
