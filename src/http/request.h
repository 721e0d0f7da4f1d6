/*
 * request: a Lua table, checked, in a form that C can use.
 *
 * Laws of this file:
 * - a mistake in a request is the caller's and raises, before any byte is
 *   sent; nothing is repaired silently;
 * - a request is a plain table: metatables are ignored, no Lua code runs;
 * - strings are borrowed from Lua: they live while the table is on the stack
 *   and is not changed. Until a transfer has ended only a finalizer could.
 */
#ifndef EQ_HTTP_REQUEST_H
#define EQ_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/compat.h"

struct eq_request {
  const char *method; /* a token (RFC 9110, 5.6.2) */
  const char *url;    /* 0x21-0x7e only */
  const char *body;   /* NULL: none; "" is a body of length 0 */
  size_t body_len;
  struct eq_buffer *lines; /* has, from lines_at on, lines_len bytes: */
  size_t lines_at;         /* the header lines for libcurl, each with a */
  size_t lines_len;        /* NUL */
  const void *headers;     /* the table they were read from; NULL: none */
  bool typed;              /* Content-Type is one of them */
  bool encoded;            /* so is Accept-Encoding */
  bool ranged;             /* so is Range */
  bool http1;              /* HTTP/2 is not offered */
  bool fresh_connect;      /* a connection of its own, closed afterwards */
  bool anew;               /* on a new connection, which is kept */
  bool may_resend;         /* libcurl may send it again */
  bool once;               /* its bytes go to one connection at most */
  uint64_t account;        /* the owner of its secrets, hashed; 0: none */
  bool raw_headers;        /* the response's headers as one string */
  size_t max_body;         /* bytes */
  long connections;       /* to its origin at most, where HTTP/2 shares them */
  double connect_timeout; /* seconds; infinite: no limit of its own */
  const char *sink;       /* path for the body of a 2xx; NULL: memory */
  const char *ca_file;    /* these five may be NULL */
  const char *client_cert;
  const char *client_key;
  const char *client_key_password_file;
  const char *proxy; /* or EQ_PROXY_ENVIRONMENT */
  unsigned stamp;    /* of these files, see identity_files.h; 0: no TLS */
};

/* In the place of a proxy: the one that libcurl finds in the environment. For
 * https only: what is not encrypted goes through no proxy that no one named.
 */
#define EQ_PROXY_ENVIRONMENT "environment"

/*
 * Reads the table at idx (an absolute index) into *request; its header lines
 * are added to *lines. `before` (or NULL) was read into the same lines and its
 * table is on the stack, too: a header table that both have makes its lines
 * once. Leaves the stack as it was. Raises what is wrong, at the line that
 * called into C.
 */
void eq_request_read(lua_State *L, int idx, struct eq_request *request,
                     struct eq_buffer *lines, const struct eq_request *before);

#endif
