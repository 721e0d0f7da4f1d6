/*
 * field_syntax: the law is in field_syntax.h.
 */
#include "http/field_syntax.h"

#include <string.h>

#include <curl/curl.h>

bool eq_is_token(const char *text, size_t n)
{
  static const char marks[] = "!#$%&'*+-.^_`|~";
  for (size_t i = 0; i < n; i++) {
    char c = text[i];
    bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                 (c >= 'a' && c <= 'z');
    if (!alnum && (c == '\0' || strchr(marks, c) == NULL)) {
      return false;
    }
  }
  return n > 0;
}

bool eq_has_break(const char *text, size_t n)
{
  return memchr(text, '\0', n) != NULL || memchr(text, '\r', n) != NULL ||
         memchr(text, '\n', n) != NULL;
}

bool eq_is_visible_ascii(const char *text, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    if (text[i] <= ' ' || text[i] > '~') {
      return false;
    }
  }
  return true;
}

bool eq_is_framing(const char *name, size_t n)
{
  switch (n) {
  case sizeof "Expect" - 1:
    return curl_strequal(name, "Expect");
  case sizeof "Content-Length" - 1:
    return curl_strequal(name, "Content-Length");
  case sizeof "Transfer-Encoding" - 1:
    return curl_strequal(name, "Transfer-Encoding");
  default:
    return false;
  }
}
