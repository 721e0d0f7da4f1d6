/*
 * plain_url: reads the URLs that every parser reads alike.
 *
 * Law of this file: what is read here libcurl reads to the same host and port,
 * by any version; anything else is left to libcurl. So a program that only
 * looks at an address does not load it (libcurl.h).
 */
#ifndef EQ_HTTP_PLAIN_URL_H
#define EQ_HTTP_PLAIN_URL_H

#include <stdbool.h>
#include <stddef.h>

/* Where the parts are, in a text that the caller keeps. */
struct eq_plain_url {
  const char *scheme; /* "http" or "https" */
  const char *host;   /* its bytes */
  size_t host_len;
  int port;         /* 1 to 65535 */
  const char *path; /* to the end of the text; "" where there is none */
};

/*
 * True for "http" or "https" in lower case, a name or an IPv4 address in the
 * one way that the standards write it, a port, and a path of unreserved
 * characters and slashes; no query, no fragment.
 */
bool eq_plain_url_read(const char *text, struct eq_plain_url *url);

#endif
