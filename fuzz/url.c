/*
 * url: URLs, references against them, and escaping; libcurl is the judge.
 *
 * Input: a URL, a line break, a reference.
 */
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "fuzz.h"
#include "http/plain_url.h"

void prepare(lua_State *L)
{
  (void)L;
}

/* A part as libcurl reads it; NULL: there is none. To be freed. */
static char *part_of(CURLU *url, CURLUPart which)
{
  char *part = NULL;
  return curl_url_get(url, which, &part, CURLU_DEFAULT_PORT) == CURLUE_OK
             ? part
             : NULL;
}

static bool is_field(lua_State *L, const char *name, const char *text)
{
  lua_getfield(L, -1, name);
  const char *own = lua_tostring(L, -1);
  bool same = own != NULL && text != NULL && curl_strequal(own, text);
  lua_pop(L, 1);
  return same;
}

/* [.., parts]: what a secret's way depends on is as libcurl has it. */
static void compare(lua_State *L, const char *text)
{
  CURLU *url = curl_url();
  expect(url != NULL && curl_url_set(url, CURLUPART_URL, text,
                                     CURLU_PATH_AS_IS) == CURLUE_OK,
         "what core.url reads libcurl reads, too");
  static const struct {
    CURLUPart which;
    const char *name;
  } parts[] = {{CURLUPART_SCHEME, "scheme"},
               {CURLUPART_HOST, "host"},
               {CURLUPART_PORT, "port"},
               {CURLUPART_PATH, "path"}};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    char *part = part_of(url, parts[i].which);
    expect(is_field(L, parts[i].name, part), parts[i].name);
    curl_free(part);
  }
  char *user = part_of(url, CURLUPART_USER);
  expect(user == NULL, "a URL with user info is refused");
  curl_url_cleanup(url);
}

/* Whether core.url accepts it; then [.., parts]. */
static bool read_url(lua_State *L, const char *text, size_t len)
{
  int top = lua_gettop(L);
  push_core(L, "url");
  lua_pushlstring(L, text, len);
  expect(call(L, 1), "core.url raises for no text");
  if (lua_isnil(L, top + 1)) {
    expect(lua_type(L, top + 2) == LUA_TSTRING, "a refusal has a reason");
    lua_settop(L, top);
    return false;
  }
  compare(L, text);
  return true;
}

static void join(lua_State *L, const char *base, struct piece reference)
{
  int top = lua_gettop(L);
  push_core(L, "url_join");
  lua_pushstring(L, base);
  lua_pushlstring(L, reference.bytes, reference.len);
  expect(call(L, 2), "core.url_join raises for no text");
  if (lua_isnil(L, top + 1)) {
    return;
  }
  size_t len;
  const char *joined = lua_tolstring(L, top + 1, &len);
  expect(strchr(joined, '#') == NULL, "a joined URL has no fragment");
  (void)read_url(L, joined, len); /* a port of 0 is only noticed there */
}

/* Other schemes, hosts and ports come from the reference only. */
static void join_path(lua_State *L, const char *base, const char *origin)
{
  push_core(L, "url_join");
  lua_pushstring(L, base);
  lua_pushliteral(L, "/next?page=2");
  expect(call(L, 2) && !lua_isnil(L, -1), "a path can be joined");
  const char *joined = lua_tostring(L, -1);
  if (read_url(L, joined, strlen(joined))) {
    expect(is_field(L, "origin", origin), "a path keeps the origin");
  }
}

static void escape(lua_State *L, struct piece text)
{
  push_core(L, "escape");
  lua_pushlstring(L, text.bytes, text.len);
  expect(call(L, 1), "core.escape raises for no text");
  size_t len;
  int plain_len;
  const char *escaped = lua_tolstring(L, -1, &len);
  char *plain = curl_easy_unescape(NULL, escaped, (int)len, &plain_len);
  expect(plain != NULL && (size_t)plain_len == text.len &&
             memcmp(plain, text.bytes, text.len) == 0,
         "what was escaped is what libcurl makes of it again");
  curl_free(plain);
}

void run(lua_State *L, struct input in)
{
  struct piece url = take_until(&in, '\n');
  struct piece reference = take_until(&in, '\0');
  escape(L, reference);
  lua_settop(L, 0);
  lua_pushlstring(L, url.bytes, url.len);
  const char *base = lua_tostring(L, 1);
  if (!read_url(L, base, url.len)) {
    join(L, base, reference);
    return;
  }
  lua_getfield(L, -1, "origin"); /* [base, parts, origin] */
  join_path(L, base, lua_tostring(L, 3));
  join(L, base, reference);
}
