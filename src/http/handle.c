/*
 * handle: the Lua side of HTTP transfers, core.http().
 *
 * Laws of this file:
 * - a handle is closed first and opened last; closing is idempotent;
 * - whatever happens, the transfers of a call are over when it returns: its
 *   body runs protected, and a Lua error goes on only after the cleaning up;
 * - what comes back is plain tables (response or err), built after libcurl
 *   is done with the transfer.
 */
#include "http/handle.h"

#include <math.h>

#include "base/compat.h"
#include "base/fork.h"
#include "http/prepared_request.h"
#include "http/push_response.h"
#include "http/send_many.h"
#include "http/sigpipe.h"

#define CLASS "equinix.http"

/* More at a time would only wait for each other's sockets. */
#define AT_ONCE_MAX 1024

static const char magic;

static struct eq_http *check_open(lua_State *L)
{
  struct eq_http *http = eq_object_at(L, 1, sizeof *http, &magic);
  if (http == NULL) {
    http = luaL_checkudata(L, 1, CLASS); /* raises, in Lua's own words */
  }
  if (!http->open) {
    luaL_error(L, "attempt to use a closed " CLASS);
  }
  if (http->busy) {
    /* Only a finalizer could come here while a call is under way. */
    luaL_error(L, "attempt to use a busy " CLASS);
  }
  return http;
}

static double check_seconds(lua_State *L, int idx)
{
  double seconds = (double)luaL_checknumber(L, idx);
  luaL_argcheck(L, !isnan(seconds), idx, "not a number");
  return seconds;
}

/* Whether a drain forked, and this is the child: the transfer under way, and
 * its connection, are the parent's. */
static bool is_foreign(const struct eq_http *http)
{
  return http->multi.process != eq_process_generation();
}

/*
 * Calls `body` with the arguments of the running method, then puts the
 * handle in order, then returns body's values or raises its error.
 */
static int protect(lua_State *L, struct eq_http *http, lua_CFunction body)
{
  int n = lua_gettop(L);
  luaL_checkstack(L, n + 1, CLASS);
  lua_pushcfunction(L, body);
  for (int i = 1; i <= n; i++) {
    lua_pushvalue(L, i); /* the originals keep the handle alive */
  }
  struct eq_sigpipe sigpipe;
  eq_sigpipe_hold(&sigpipe);
  http->busy = true;
  int status = lua_pcall(L, n, LUA_MULTRET, 0);
  if (is_foreign(http)) {
    eq_multi_close(&http->multi); /* without a goodbye on its socket */
  }
  eq_multi_cancel(&http->multi);
  http->busy = false;
  eq_sigpipe_release(&sigpipe);
  return status == 0 ? lua_gettop(L) - n : lua_error(L);
}

/* Gives what came of a 2xx body to the function at 4, and drops it. */
static void drain(lua_State *L, struct eq_transfer *transfer)
{
  struct eq_buffer *body = &transfer->answer.body;
  if (body->len > 0 && eq_answer_succeeds(&transfer->answer)) {
    lua_pushvalue(L, 4);
    lua_pushlstring(L, eq_buffer_text(body), body->len);
    eq_buffer_clear(body);
    lua_call(L, 1, 0);
    if (is_foreign(lua_touserdata(L, 1))) {
      luaL_error(L, "a transfer does not go on in a forked process");
    }
  }
}

/* To the end, with the drain called between libcurl's steps. */
static struct eq_transfer *run(lua_State *L, struct eq_http *http,
                               struct eq_transfer *transfer)
{
  if (lua_isnil(L, 4)) {
    return eq_multi_next(&http->multi);
  }
  for (;;) {
    struct eq_transfer *ended = eq_multi_step(&http->multi);
    if (ended == NULL || !ended->failed) {
      drain(L, transfer);
    }
    if (ended == NULL) {
      ended = eq_multi_rest(&http->multi);
    }
    if (ended != NULL) {
      return ended;
    }
  }
}

/* The request at 2, checked by l_send; a table is read into *read. */
static const struct eq_request *request_of(lua_State *L, struct eq_http *http,
                                           struct eq_request *read)
{
  if (!lua_istable(L, 2)) {
    return eq_prepared_request(lua_touserdata(L, 2));
  }
  if (!lua_isnil(L, 4)) {
    /* A drain may change the request while libcurl still reads its body. */
    lua_pushliteral(L, "body");
    lua_rawget(L, 2); /* [.., body] */
  }
  eq_buffer_clear(&http->lines);
  eq_request_read(L, 2, read, &http->lines, NULL);
  return read;
}

/* [self, request, seconds, drain | nil] -> response | nil, err */
static int send_body(lua_State *L)
{
  struct eq_http *http = lua_touserdata(L, 1);
  CURLcode rc = eq_multi_enter(&http->multi, 1);
  struct eq_transfer *transfer =
      rc == CURLE_OK ? eq_multi_take(&http->multi) : NULL;
  if (transfer == NULL) {
    lua_pushnil(L);
    eq_push_early_fault(L, rc == CURLE_OK ? CURLE_OUT_OF_MEMORY : rc);
    return 2;
  }
  struct eq_request read;
  const struct eq_request *request = request_of(L, http, &read);
  if (eq_transfer_start(transfer, request, lua_tonumber(L, 3)) &&
      eq_multi_add(&http->multi, transfer)) {
    transfer = run(L, http, transfer);
  }
  if (transfer->failed) {
    lua_pushnil(L);
  }
  eq_push_outcome(L, transfer);
  return transfer->failed ? 2 : 1;
}

/*
 * handle:send(request, seconds [, drain]) -> response | nil, err
 * The tables are described in transport/curl.lua; a request may be one of
 * core.prepare's. Blocks the OS thread, at most that long. Raises what is
 * wrong with the request. The body of a 2xx answer goes to drain(chunk), which
 * may raise but neither yield nor use this handle; max_body bounds what comes
 * between two calls of it.
 */
static int l_send(lua_State *L)
{
  struct eq_http *http = check_open(L);
  if (!lua_istable(L, 2)) {
    eq_prepared_check(L, 2);
  }
  check_seconds(L, 3);
  lua_settop(L, 4);
  if (!lua_isnil(L, 4)) {
    luaL_checktype(L, 4, LUA_TFUNCTION);
  }
  return protect(L, http, send_body);
}

/*
 * handle:send_many(requests, n, seconds) -> { {response=}|{err=}, ... }
 * In the order of the requests, n at a time, all inside the seconds. Raises
 * what is wrong with any of them, before the first byte.
 */
static int l_send_many(lua_State *L)
{
  struct eq_http *http = check_open(L);
  luaL_checktype(L, EQ_BATCH_REQUESTS, LUA_TTABLE);
  lua_Integer at_once = luaL_checkinteger(L, EQ_BATCH_AT_ONCE);
  luaL_argcheck(L, at_once >= 1, EQ_BATCH_AT_ONCE, "at least 1 expected");
  check_seconds(L, EQ_BATCH_SECONDS);
  lua_settop(L, EQ_BATCH_SECONDS);
  if (at_once > AT_ONCE_MAX) {
    lua_pushinteger(L, AT_ONCE_MAX);
    lua_replace(L, EQ_BATCH_AT_ONCE);
  }
  return protect(L, http, eq_batch);
}

/* handle:close(), __gc, __close: closes the connections. Idempotent. */
static int l_close(lua_State *L)
{
  struct eq_http *http = luaL_checkudata(L, 1, CLASS);
  if (!http->open) {
    return 0;
  }
  check_open(L); /* not while it is busy */
  struct eq_sigpipe sigpipe;
  http->open = false;
  eq_sigpipe_hold(&sigpipe);
  eq_multi_close(&http->multi);
  eq_sigpipe_release(&sigpipe);
  eq_buffer_free(&http->lines);
  return 0;
}

static int l_tostring(lua_State *L)
{
  const struct eq_http *http = luaL_checkudata(L, 1, CLASS);
  if (http->open) {
    lua_pushfstring(L, CLASS " (%p)", (const void *)http);
  } else {
    lua_pushliteral(L, CLASS " (closed)");
  }
  return 1;
}

/* core.http() -> a handle. Opens no socket and starts no thread. */
static int l_http(lua_State *L)
{
  struct eq_http *http = eq_newobject(L, sizeof *http, CLASS);
  eq_multi_init(&http->multi);
  eq_buffer_init(&http->lines, 0);
  http->magic = &magic;
  http->open = true;
  return 1;
}

int eq_open_http(lua_State *L)
{
  static const luaL_Reg methods[] = {
      {"close", l_close},
      {"send", l_send},
      {"send_many", l_send_many},
      {NULL, NULL},
  };
  static const luaL_Reg metamethods[] = {
      {"__close", l_close},
      {"__gc", l_close},
      {"__tostring", l_tostring},
      {NULL, NULL},
  };
  static const luaL_Reg functions[] = {
      {"headers", eq_headers},
      {"http", l_http},
      {"prepare", eq_prepare},
      {NULL, NULL},
  };
  eq_prepared_class(L);
  eq_newclass(L, CLASS, methods, metamethods);
  eq_newlib(L, functions);
  return 1;
}
