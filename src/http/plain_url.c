/*
 * plain_url: the law is in plain_url.h.
 */
#include "http/plain_url.h"

#include <arpa/inet.h>
#include <string.h>

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

#define HOST_MAX 253 /* bytes of a name (RFC 1035) */

/* The default port of the scheme, or 0; *rest is what follows. */
static int read_scheme(const char *text, struct eq_plain_url *url,
                       const char **rest)
{
  if (strncmp(text, "https://", 8) == 0) {
    url->scheme = "https";
    *rest = text + 8;
    return 443;
  }
  if (strncmp(text, "http://", 7) == 0) {
    url->scheme = "http";
    *rest = text + 7;
    return 80;
  }
  return 0;
}

/* inet_pton() takes four decimal numbers without leading zeros only. */
static bool is_address(const char *host, size_t n)
{
  char copy[INET_ADDRSTRLEN];
  struct in_addr v4;
  if (n >= sizeof copy) {
    return false;
  }
  memcpy(copy, host, n);
  copy[n] = '\0';
  if (inet_pton(AF_INET, copy, &v4) != 1) {
    return false;
  }
  char again[INET_ADDRSTRLEN];
  return inet_ntop(AF_INET, &v4, again, sizeof again) != NULL &&
         strcmp(copy, again) == 0;
}

/* Labels of letters, digits and hyphens. The last one begins with a letter, so
 * that no part of the name is a number for anyone ("0x7f.1", "1.2"). */
static bool is_name(const char *host, size_t n)
{
  const char *label = host;
  for (size_t i = 0; i <= n; i++) {
    if (i < n && host[i] != '.') {
      continue;
    }
    if (label == host + i || *label == '-') {
      return false; /* empty, or like an option */
    }
    if (i == n) {
      return strchr(LETTERS, *label) != NULL;
    }
    label = host + i + 1;
  }
  return false;
}

/* A port as the digits of ":8443" say it, or 0. */
static int read_port(const char *digits, size_t n)
{
  int port = 0;
  if (n == 0 || n > 5 || *digits == '0') {
    return 0;
  }
  for (size_t i = 0; i < n; i++) {
    port = port * 10 + (digits[i] - '0');
  }
  return port <= 65535 ? port : 0;
}

bool eq_plain_url_read(const char *text, struct eq_plain_url *url)
{
  const char *at;
  url->port = read_scheme(text, url, &at);
  if (url->port == 0) {
    return false;
  }
  url->host = at;
  url->host_len = strspn(at, LETTERS DIGITS "-.");
  if (url->host_len > HOST_MAX ||
      (!is_name(at, url->host_len) && !is_address(at, url->host_len))) {
    return false;
  }
  at += url->host_len;
  if (*at == ':') {
    size_t n = strspn(at + 1, DIGITS);
    url->port = read_port(at + 1, n);
    at += 1 + n;
  }
  url->path = at;
  return url->port != 0 && (*at == '\0' || *at == '/') &&
         at[strspn(at, LETTERS CAPITALS DIGITS "-._~/")] == '\0';
}
