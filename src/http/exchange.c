/*
 * exchange: the laws are in exchange.h.
 */
#include "http/exchange.h"

#include <math.h>
#include <string.h>

#include "base/object.h"
#include "http/field_syntax.h"
#include "http/libcurl.h"

#define CLASS "equinix.exchange"

#define MAX_REPLY_DEFAULT ((size_t)1024 * 1024)
#define REPLIES_MAX 1e6
#define PATH_MAX_UNIX 103 /* what every system takes */

static const char magic;

struct object {
  const void *magic; /* first; NULL until it is complete */
  struct eq_exchange exchange;
};

/* Where the table of options, a copy, is while it is read. */
#define OPTIONS 3

/* ------------------------------------------------------------------ fields */

static const char *const names[] = {
    "host",        "port",       "path",          "tls",
    "server_name", "ca_file",    "identity",      "connect_timeout",
    "client_cert", "client_key", "login",         "client_key_password_file",
    "max_idle",    "send",       "login_replies", "max_reply",
    "replies",
};

static bool is_known(const char *name)
{
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (strcmp(names[i], name) == 0) {
      return true;
    }
  }
  return false;
}

/* Pushes a copy of the table at idx, which no Lua code can reach. */
static void push_copy(lua_State *L, int idx)
{
  lua_newtable(L);
  lua_pushnil(L);
  while (lua_next(L, idx) != 0) { /* [.., copy, name, value] */
    if (lua_type(L, -2) != LUA_TSTRING || !is_known(lua_tostring(L, -2))) {
      luaL_error(L, "exchange: there is no such option as %s",
                 lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2)
                                                : luaL_typename(L, -2));
    }
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -4);
  }
}

/* Pushes an option. */
static int push_option(lua_State *L, const char *name)
{
  lua_pushstring(L, name);
  lua_rawget(L, OPTIONS);
  return lua_type(L, -1);
}

/* A string; the table keeps it. NULL: it is not given. */
static const char *read_bytes(lua_State *L, const char *name, size_t *n)
{
  int type = push_option(L, name);
  if (type != LUA_TSTRING && type != LUA_TNIL) {
    luaL_error(L, "exchange.%s: a string expected, got %s", name,
               luaL_typename(L, -1));
  }
  *n = 0;
  const char *bytes = type == LUA_TNIL ? NULL : lua_tolstring(L, -1, n);
  lua_pop(L, 1);
  return bytes;
}

/* The same for a C function: no NUL, no line break, not empty. */
static const char *read_text(lua_State *L, const char *name)
{
  size_t n;
  const char *text = read_bytes(L, name, &n);
  if (text != NULL && (n == 0 || eq_has_break(text, n))) {
    luaL_error(L, "exchange.%s: is empty or has a NUL, CR or LF", name);
  }
  return text;
}

/* A number of that range. */
static double read_number(lua_State *L, const char *name, double missing,
                          double least, double most)
{
  int type = push_option(L, name);
  double number = type == LUA_TNIL ? missing : (double)lua_tonumber(L, -1);
  if (type != LUA_TNIL && (type != LUA_TNUMBER || isnan(number))) {
    luaL_error(L, "exchange.%s: a number expected", name);
  }
  if (number < least || number > most) {
    luaL_error(L, "exchange.%s: is out of range", name);
  }
  lua_pop(L, 1);
  return number;
}

static bool is_host(const char *host)
{
  return host[strspn(host, "abcdefghijklmnopqrstuvwxyz"
                           "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:")] ==
         '\0';
}

static const char *read_host(lua_State *L, const char *name)
{
  const char *host = read_text(L, name);
  if (host != NULL && !is_host(host)) {
    luaL_error(L, "exchange.%s: has a byte that host names don't have", name);
  }
  return host;
}

/* --------------------------------------------------------------- the whole */

/* Pops a string that the options keep from now on. */
static const char *keep(lua_State *L, int number)
{
  const char *text = lua_tostring(L, -1);
  lua_rawseti(L, OPTIONS, number);
  return text;
}

/* Pushes a host as URLs have it. */
static void push_host(lua_State *L, const char *host)
{
  lua_pushfstring(L, strchr(host, ':') != NULL ? "[%s]" : "%s", host);
}

/* Where it goes, and what TLS has to find there. */
static void read_address(lua_State *L, struct eq_exchange *exchange)
{
  const char *host = read_host(L, "host");
  const char *server_name = read_host(L, "server_name");
  int port = (int)read_number(L, "port", host != NULL ? 0 : 1, 1, 65535);
  exchange->path = read_text(L, "path");
  if ((host == NULL) == (exchange->path == NULL)) {
    luaL_error(L, "exchange: either host and port, or path expected");
  }
  if (exchange->path != NULL && strlen(exchange->path) > PATH_MAX_UNIX) {
    luaL_error(L, "exchange.path: is longer than %d bytes", PATH_MAX_UNIX);
  }
  const char *name = server_name;
  if (name == NULL || !exchange->tls) {
    name = host != NULL ? host : "localhost";
  }
  push_host(L, name);
  const char *in_url = keep(L, 1);
  lua_pushfstring(L, "%s://%s:%d/", exchange->tls ? "https" : "http", in_url,
                  port);
  exchange->files.url = keep(L, 2);
  exchange->address = exchange->path;
  if (host != NULL) {
    push_host(L, host);
    const char *target = keep(L, 3);
    lua_pushfstring(L, "%s:%d", target, port);
    exchange->address = keep(L, 4);
    if (strcmp(name, host) != 0) {
      lua_pushfstring(L, "%s:%d:%s:%d", in_url, port, target, port);
      exchange->to = keep(L, 5);
    }
  }
}

static const char *or_empty(const char *text)
{
  return text == NULL ? "" : text;
}

static void make_key(lua_State *L, struct eq_exchange *exchange)
{
  const struct eq_request *files = &exchange->files;
  lua_pushfstring(L, "%s\n%s\n%s\n%s\n", exchange->address, files->url,
                  or_empty(files->ca_file), or_empty(files->client_cert));
  lua_pushfstring(L, "%s\n%s\n%s", or_empty(files->client_key),
                  or_empty(files->client_key_password_file),
                  or_empty(read_text(L, "identity")));
  lua_concat(L, 2);
  exchange->key = keep(L, 6);
}

static void read_files(lua_State *L, struct eq_exchange *exchange)
{
  struct eq_request *files = &exchange->files;
  push_option(L, "tls");
  exchange->tls = lua_toboolean(L, -1) != 0;
  lua_pop(L, 1);
  files->method = "GET";
  files->ca_file = read_text(L, "ca_file");
  files->client_cert = read_text(L, "client_cert");
  files->client_key = read_text(L, "client_key");
  files->client_key_password_file = read_text(L, "client_key_password_file");
}

static void read_options(lua_State *L, struct eq_exchange *exchange)
{
  read_files(L, exchange);
  read_address(L, exchange);
  make_key(L, exchange);
  exchange->connect_timeout =
      read_number(L, "connect_timeout", HUGE_VAL, 0, HUGE_VAL);
  exchange->max_idle =
      read_number(L, "max_idle", EQ_EXCHANGE_IDLE, 0, EQ_EXCHANGE_IDLE);
  double max =
      read_number(L, "max_reply", (double)MAX_REPLY_DEFAULT, 1, HUGE_VAL);
  exchange->max_reply =
      max >= (double)(SIZE_MAX / 4) ? SIZE_MAX / 4 : (size_t)max;
  exchange->login = read_bytes(L, "login", &exchange->login_len);
  exchange->login_replies =
      (size_t)read_number(L, "login_replies", exchange->login_len > 0 ? 1 : 0,
                          exchange->login_len > 0 ? 1 : 0, REPLIES_MAX);
  exchange->send = read_bytes(L, "send", &exchange->send_len);
  if (exchange->send_len == 0) {
    luaL_error(L, "exchange.send: bytes expected");
  }
  exchange->replies = (size_t)read_number(L, "replies", 1, 1, REPLIES_MAX);
  if (exchange->login_len == 0) {
    exchange->login_replies = 0;
  }
}

/* core.exchange(options) -> exchange. Raises what is wrong with them. */
int eq_exchange_new(lua_State *L)
{
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  eq_libcurl_require(L);
  struct object *object = eq_newobject(L, sizeof *object, CLASS);
  push_copy(L, 1); /* [table, object, options] */
  read_options(L, &object->exchange);
  eq_setvalue(L, 2); /* keeps what it borrows */
  object->magic = &magic;
  return 1;
}

const struct eq_exchange *eq_exchange_at(lua_State *L, int idx)
{
  const struct object *object =
      eq_object_at(L, idx, sizeof(struct object), &magic);
  return object == NULL ? NULL : &object->exchange;
}

/* core.is_exchange(value) -> whether it is one of core.exchange */
int eq_exchange_is(lua_State *L)
{
  luaL_checkany(L, 1);
  lua_pushboolean(L, eq_exchange_at(L, 1) != NULL);
  return 1;
}

static int l_gc(lua_State *L)
{
  struct object *object = luaL_checkudata(L, 1, CLASS);
  object->magic = NULL; /* a finalizer may still try to send it */
  return 0;
}

void eq_exchange_class(lua_State *L)
{
  static const luaL_Reg none[] = {{NULL, NULL}};
  static const luaL_Reg metamethods[] = {{"__gc", l_gc}, {NULL, NULL}};
  eq_newclass(L, CLASS, none, metamethods);
}
