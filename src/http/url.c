/*
 * url: parses, joins and escapes URLs: core.url, core.url_join, core.escape.
 *
 * Laws of this file:
 * - a secret goes to the host that libcurl connects to, so libcurl's own
 *   parser reads host and port, except where all parsers agree
 *   (plain_url.h);
 * - what two parsers could read differently is refused, not repaired:
 *   user info, backslashes, control characters, spaces, bytes beyond ASCII,
 *   an escaped host, "https:host" and "https:///host";
 * - the path stays as it was given, since that is what is sent.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "base/memory.h"
#include "base/object.h"
#include "core.h"
#include "http/curl_memory.h"
#include "http/libcurl.h"
#include "http/plain_url.h"

/* The parsed URL. Belongs to a userdata, so that a Lua error frees it. */
struct url {
  CURLU *handle;
  char *part; /* of the handle, while it is copied */
};

#define CLASS "equinix.url"

static void drop_part(struct url *url)
{
  curl_free(url->part);
  url->part = NULL;
}

/* Frees now what the collector would free later: pages need many URLs. */
static void end_url(struct url *url)
{
  drop_part(url);
  curl_url_cleanup(url->handle);
  url->handle = NULL;
}

static int l_gc(lua_State *L)
{
  end_url(luaL_checkudata(L, 1, CLASS));
  return 0;
}

/* Pushes an empty URL. Raises without memory. */
static struct url *new_url(lua_State *L)
{
  struct url *url = eq_newobject(L, sizeof *url, CLASS);
  url->handle = curl_url();
  if (url->handle == NULL) {
    (void)eq_no_memory(L);
  }
  return url;
}

/* Why these bytes can't be part of a URL, or NULL. */
static const char *check_bytes(const char *text, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c == '\\') {
      return "has a backslash";
    }
    if (c <= ' ' || c == 0x7f) {
      return "has a space or control character";
    }
    if (c > 0x7f) {
      return "has a byte beyond ASCII; percent-encode it";
    }
  }
  return NULL;
}

/* Where the authority of an http(s) URL starts, or NULL. */
static const char *find_authority(const char *text)
{
  if (curl_strnequal(text, "https://", 8)) {
    return text + 8;
  }
  return curl_strnequal(text, "http://", 7) ? text + 7 : NULL;
}

/*
 * Why this authority is refused, or NULL. Libcurl would look for a missing
 * host further on, decode an escaped one and send user info.
 */
static const char *check_authority(const char *authority)
{
  size_t n = strcspn(authority, "/?#");
  if (memchr(authority, '@', n) != NULL) {
    return "has user info";
  }
  if (n == 0 || *authority == ':') {
    return "has no host";
  }
  if (memchr(authority, '%', n) != NULL) {
    return "has an escaped host";
  }
  return NULL;
}

/* Why this is refused as an absolute URL, or NULL. */
static const char *check_absolute(const char *text)
{
  const char *authority = find_authority(text);
  return authority == NULL ? "does not start with https:// or http://"
                           : check_authority(authority);
}

/* nil, "the URL " .. reason; never the URL itself, which may hold secrets. */
static int refuse(lua_State *L, const char *reason)
{
  lua_pushnil(L);
  lua_pushfstring(L, "the URL %s", reason);
  return 2;
}

/* Whether it was done. Raises without memory, in whatever words libcurl says
 * it: that says nothing about the URL. */
static bool is_done(lua_State *L, CURLUcode rc, unsigned before)
{
  if (rc != CURLUE_OK &&
      (rc == CURLUE_OUT_OF_MEMORY || eq_curl_memory_failures() != before)) {
    (void)eq_no_memory(L);
  }
  return rc == CURLUE_OK;
}

static bool set_part(lua_State *L, struct url *url, CURLUPart which,
                     const char *text, unsigned flags)
{
  unsigned before = eq_curl_memory_failures();
  return is_done(L, curl_url_set(url->handle, which, text, flags), before);
}

/* url->part becomes this part; NULL and false where there is none. */
static bool get_part(lua_State *L, struct url *url, CURLUPart which,
                     unsigned flags)
{
  drop_part(url);
  unsigned before = eq_curl_memory_failures();
  CURLUcode rc = curl_url_get(url->handle, which, &url->part, flags);
  if (rc != CURLUE_OK) {
    url->part = NULL;
  }
  return is_done(L, rc, before);
}

static void lower(char *text)
{
  for (; *text != '\0'; text++) {
    if (*text >= 'A' && *text <= 'Z') {
      *text = (char)(*text - 'A' + 'a');
    }
  }
}

/*
 * Names and addresses that never leave this machine (RFC 6761, 6.3 and RFC
 * 1122, 3.2.1.3). Other spellings only where libcurl has normalized them: it
 * connects to what is compared here.
 */
static bool is_loopback(const char *host)
{
  struct in_addr v4;
  if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0) {
    return true;
  }
  return inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

/* [.., result]: scheme, host, port, loopback, origin. */
static const char *set_origin(lua_State *L, struct url *url)
{
  if (!get_part(L, url, CURLUPART_SCHEME, 0)) {
    return "has no scheme";
  }
  lower(url->part);
  lua_pushstring(L, url->part); /* [.., result, scheme] */
  if (!get_part(L, url, CURLUPART_HOST, 0) || *url->part == '\0') {
    return "has no host";
  }
  lower(url->part);
  lua_pushboolean(L, is_loopback(url->part));
  lua_setfield(L, -3, "loopback");
  lua_pushstring(L, url->part); /* [.., result, scheme, host] */
  if (!get_part(L, url, CURLUPART_PORT, CURLU_DEFAULT_PORT)) {
    return "has no port";
  }
  long port = strtol(url->part, NULL, 10); /* digits, as libcurl checked */
  if (port < 1 || port > 65535) {
    return "has a port that does not exist";
  }
  lua_pushfstring(L, "%s://%s:%d", lua_tostring(L, -2), lua_tostring(L, -1),
                  (int)port);
  lua_setfield(L, -4, "origin");
  lua_pushinteger(L, port);
  lua_setfield(L, -4, "port");
  lua_setfield(L, -3, "host");
  lua_setfield(L, -2, "scheme");
  return NULL;
}

/* [..] -> [.., parts] */
static void push_plain(lua_State *L, const struct eq_plain_url *url)
{
  lua_createtable(L, 0, 6); /* [.., parts] */
  lua_pushstring(L, url->scheme);
  lua_pushlstring(L, url->host, url->host_len);
  lua_pushboolean(L, is_loopback(lua_tostring(L, -1)));
  lua_setfield(L, -4, "loopback"); /* [.., parts, scheme, host] */
  lua_pushfstring(L, "%s://%s:%d", url->scheme, lua_tostring(L, -1),
                  url->port);
  lua_setfield(L, -4, "origin");
  lua_setfield(L, -3, "host");
  lua_setfield(L, -2, "scheme");
  lua_pushinteger(L, url->port);
  lua_setfield(L, -2, "port");
  lua_pushstring(L, *url->path == '\0' ? "/" : url->path);
  lua_setfield(L, -2, "path");
}

/*
 * core.url(string) -> parts | nil, reason
 * parts: scheme, host (IPv6 in brackets), port (a number), path (as given, at
 * least "/"), query (without "?", or nil), origin ("https://host:port", in
 * lower case, port always there), loopback (boolean). A fragment is dropped.
 */
static int l_url(lua_State *L)
{
  size_t n;
  const char *text = luaL_checklstring(L, 1, &n);
  const char *reason = check_bytes(text, n);
  struct eq_plain_url plain;
  if (reason == NULL && eq_plain_url_read(text, &plain)) {
    push_plain(L, &plain);
    return 1;
  }
  eq_libcurl_require(L);
  if (reason == NULL) {
    reason = check_absolute(text);
  }
  if (reason != NULL) {
    return refuse(L, reason);
  }
  struct url *url = new_url(L); /* [text, url] */
  if (!set_part(L, url, CURLUPART_URL, text,
                CURLU_PATH_AS_IS | CURLU_DISALLOW_USER)) {
    return refuse(L, "is malformed");
  }
  lua_createtable(L, 0, 7); /* [text, url, parts] */
  reason = set_origin(L, url);
  if (reason != NULL) {
    return refuse(L, reason);
  }
  if (!get_part(L, url, CURLUPART_PATH, 0)) {
    return refuse(L, "has no path");
  }
  lua_pushstring(L, url->part);
  lua_setfield(L, -2, "path");
  /* Libcurl's versions differ about a "?" alone: here it is no query. */
  if (get_part(L, url, CURLUPART_QUERY, 0) && *url->part != '\0') {
    lua_pushstring(L, url->part);
    lua_setfield(L, -2, "query");
  }
  end_url(url);
  return 1;
}

/* True if the text starts with a scheme (RFC 3986, 3.1) and a colon. */
static bool has_scheme(const char *text)
{
  size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz"
                          "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");
  return n > 0 && text[n] == ':';
}

/* Why this is refused as a reference, or NULL. */
static const char *check_reference(const char *text)
{
  if (has_scheme(text)) {
    return check_absolute(text); /* libcurl would take "a:b" for a path */
  }
  return strncmp(text, "//", 2) == 0 ? check_authority(text + 2) : NULL;
}

/*
 * The reference against the base that url holds; a reason or NULL. A fragment
 * of the base goes first: libcurl looks for "/" and "?" in it, too.
 */
static const char *resolve(lua_State *L, struct url *url,
                           const char *reference)
{
  if (!set_part(L, url, CURLUPART_FRAGMENT, NULL, 0)) {
    return "is malformed";
  }
  if (*reference != '\0' && *reference != '#' &&
      !set_part(L, url, CURLUPART_URL, reference, 0)) {
    return "is malformed";
  }
  if (!set_part(L, url, CURLUPART_FRAGMENT, NULL, 0) ||
      !get_part(L, url, CURLUPART_URL, 0)) {
    return "is malformed";
  }
  return check_absolute(url->part);
}

/*
 * core.url_join(base, reference) -> absolute URL | nil, reason
 * RFC 3986, 5.2: for Location headers and links to a next page. Dot segments
 * are resolved, the fragment is dropped, other schemes are refused.
 */
static int l_url_join(lua_State *L)
{
  size_t base_len;
  size_t n;
  const char *base = luaL_checklstring(L, 1, &base_len);
  const char *reference = luaL_checklstring(L, 2, &n);
  eq_libcurl_require(L);
  const char *reason = check_bytes(base, base_len);
  if (reason == NULL) {
    reason = check_absolute(base);
  }
  if (reason == NULL) {
    reason = check_bytes(reference, n);
  }
  if (reason == NULL) {
    reason = check_reference(reference);
  }
  if (reason != NULL) {
    return refuse(L, reason);
  }
  struct url *url = new_url(L); /* [base, reference, url] */
  if (!set_part(L, url, CURLUPART_URL, base, CURLU_PATH_AS_IS)) {
    return refuse(L, "is malformed");
  }
  reason = resolve(L, url, reference);
  if (reason != NULL) {
    return refuse(L, reason);
  }
  lua_pushstring(L, url->part);
  end_url(url);
  return 1;
}

static bool is_unreserved(unsigned char c)
{
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
         (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_' ||
         c == '~';
}

/* core.escape(string) -> string: all but unreserved bytes (RFC 3986, 2.3)
 * become %XX. */
static int l_escape(lua_State *L)
{
  static const char hex[] = "0123456789ABCDEF";
  size_t n;
  const char *text = luaL_checklstring(L, 1, &n);
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)text[i];
    if (is_unreserved(c)) {
      luaL_addchar(&buffer, (char)c);
    } else {
      luaL_addchar(&buffer, '%');
      luaL_addchar(&buffer, hex[c >> 4]);
      luaL_addchar(&buffer, hex[c & 15]);
    }
  }
  luaL_pushresult(&buffer);
  return 1;
}

int eq_open_url(lua_State *L)
{
  static const luaL_Reg functions[] = {
      {"escape", l_escape},
      {"url", l_url},
      {"url_join", l_url_join},
      {NULL, NULL},
  };
  static const luaL_Reg methods[] = {{NULL, NULL}};
  static const luaL_Reg metamethods[] = {{"__gc", l_gc}, {NULL, NULL}};
  eq_newclass(L, CLASS, methods, metamethods);
  eq_newlib(L, functions);
  return 1;
}
