/*
 * handle: the Lua side of HTTP transfers, core.http().
 *
 * Laws of this file:
 * - an object is closed until it is complete; closing is idempotent;
 * - whatever happens, the transfers of a call are over when it returns: its
 *   body runs protected, and a Lua error is raised again after the clean-up;
 * - what is returned is plain tables (response or err), made after libcurl is
 *   done with the transfer.
 */
#include <math.h>

#include "base/clock.h"
#include "base/fork.h"
#include "base/object.h"
#include "core.h"
#include "http/libcurl.h"
#include "http/prepared_request.h"
#include "http/push_response.h"
#include "http/send_many.h"
#include "http/sigpipe.h"

#define CLASS "equinix.http"

/* More at a time would only wait for each other. */
#define AT_ONCE_MAX 1024

struct handle {
  const void *magic; /* first: tells our userdata from all others */
  bool open;
  bool busy; /* a call is under way */
  struct eq_multi multi;
  struct eq_buffer lines; /* header lines of what is being sent */
};

static const char magic;

static struct handle *check_open(lua_State *L)
{
  struct handle *handle = eq_object_at(L, 1, sizeof *handle, &magic);
  if (handle == NULL) {
    handle = luaL_checkudata(L, 1, CLASS); /* raises, with Lua's message */
  }
  if (!handle->open) {
    luaL_error(L, "attempt to use a closed " CLASS);
  }
  if (handle->busy) {
    /* Only a finalizer can call a method while a call is under way. */
    luaL_error(L, "attempt to use a busy " CLASS);
  }
  return handle;
}

static double check_seconds(lua_State *L, int idx)
{
  double seconds = (double)luaL_checknumber(L, idx);
  luaL_argcheck(L, !isnan(seconds), idx, "not a number");
  return seconds;
}

/* Whether a function forked, and this is the child: the transfer under way,
 * and its connection, belong to the parent. */
static bool is_foreign(const struct handle *handle)
{
  return handle->multi.process != eq_fork_generation();
}

/*
 * Calls `body` with the arguments of the running method, cleans up, then
 * returns body's values or raises its error.
 */
static int protect(lua_State *L, struct handle *handle, lua_CFunction body)
{
  int n = lua_gettop(L);
  luaL_checkstack(L, n + 1, CLASS);
  lua_pushcfunction(L, body);
  for (int i = 1; i <= n; i++) {
    lua_pushvalue(L, i); /* the originals keep the object alive */
  }
  struct eq_sigpipe sigpipe;
  eq_sigpipe_block(&sigpipe);
  handle->busy = true;
  int status = lua_pcall(L, n, LUA_MULTRET, 0);
  if (is_foreign(handle)) {
    eq_multi_close(&handle->multi); /* abandons it, sends nothing */
  }
  eq_multi_cancel(&handle->multi);
  handle->busy = false;
  eq_sigpipe_release(&sigpipe);
  return status == 0 ? lua_gettop(L) - n : lua_error(L);
}

/* After a Lua function was called. */
static void stay_at_home(lua_State *L)
{
  if (is_foreign(lua_touserdata(L, 1))) {
    luaL_error(L, "a transfer does not continue in a forked process");
  }
}

/* Gives what has arrived of a 2xx body to on_chunk, at 4, and drops it. */
static void pass_chunk(lua_State *L, struct eq_transfer *transfer)
{
  struct eq_buffer *body = &transfer->response.body;
  if (body->len > 0 && eq_response_succeeds(&transfer->response)) {
    lua_pushvalue(L, 4);
    lua_pushlstring(L, eq_buffer_text(body), body->len);
    eq_buffer_clear(body);
    lua_call(L, 1, 0);
    stay_at_home(L);
  }
}

/* Calls `meanwhile`, at 5, when its time has come. Milliseconds until the next
 * time, -1: there is none. */
static int call_meanwhile(lua_State *L, int64_t *next)
{
  if (lua_isnil(L, 5)) {
    return -1;
  }
  if (eq_now_ns() >= *next) {
    lua_pushvalue(L, 5);
    lua_call(L, 0, 0);
    stay_at_home(L);
    *next = eq_deadline(lua_tonumber(L, 6));
  }
  return eq_deadline_ms(*next);
}

/* Runs it to the end; functions are called between libcurl's steps. */
static struct eq_transfer *run(lua_State *L, struct handle *handle,
                               struct eq_transfer *transfer)
{
  if (lua_isnil(L, 4) && lua_isnil(L, 5)) {
    return eq_multi_next(&handle->multi);
  }
  int64_t next = eq_deadline(lua_tonumber(L, 6));
  for (;;) {
    struct eq_transfer *ended = eq_multi_step(&handle->multi);
    if (!lua_isnil(L, 4) && (ended == NULL || !ended->failed)) {
      pass_chunk(L, transfer);
    }
    if (ended == NULL) {
      ended = eq_multi_wait(&handle->multi, call_meanwhile(L, &next));
    }
    if (ended != NULL) {
      return ended;
    }
  }
}

/* The request at 2, checked by l_send; a table is read into *read. */
static const struct eq_request *request_of(lua_State *L, struct handle *handle,
                                           struct eq_request *read)
{
  if (!lua_istable(L, 2)) {
    return eq_prepared_request_get(lua_touserdata(L, 2));
  }
  if (!lua_isnil(L, 4) || !lua_isnil(L, 5)) {
    /* They may change the request while libcurl still reads its body. */
    lua_pushliteral(L, "body");
    lua_rawget(L, 2); /* [.., body] */
  }
  eq_buffer_clear(&handle->lines);
  eq_request_read(L, 2, read, &handle->lines, NULL);
  return read;
}

/* [self, request, seconds, on_chunk | nil, meanwhile | nil, every]
 * -> response | nil, err */
static int send_body(lua_State *L)
{
  struct handle *handle = lua_touserdata(L, 1);
  CURLcode rc = eq_multi_enter(&handle->multi, 1);
  struct eq_transfer *transfer =
      rc == CURLE_OK ? eq_multi_take(&handle->multi) : NULL;
  if (transfer == NULL) {
    lua_pushnil(L);
    eq_push_early_error(L, rc == CURLE_OK ? CURLE_OUT_OF_MEMORY : rc);
    return 2;
  }
  struct eq_request read;
  const struct eq_request *request = request_of(L, handle, &read);
  if (eq_transfer_start(transfer, request, lua_tonumber(L, 3)) &&
      eq_multi_add(&handle->multi, transfer)) {
    transfer = run(L, handle, transfer);
  }
  if (transfer->failed) {
    lua_pushnil(L);
  }
  eq_push_response(L, transfer);
  return transfer->failed ? 2 : 1;
}

/*
 * handle:send(request, seconds [, on_chunk [, meanwhile, every]])
 *     -> response | nil, err
 * The tables are described in transport/curl.lua; a request may be one of
 * core.prepare's. Blocks the OS thread, at most that long. Raises what is
 * wrong with the request. The body of a 2xx response goes to
 * on_chunk(chunk), which may raise but neither yield nor use this handle;
 * max_body bounds what comes between two calls of it. meanwhile() is called
 * each `every` seconds until then, and has to end soon, since nothing is sent
 * or received meanwhile; it may raise, but neither yield nor use this handle.
 */
static int l_send(lua_State *L)
{
  struct handle *handle = check_open(L);
  if (!lua_istable(L, 2)) {
    eq_prepared_request_check(L, 2);
  }
  check_seconds(L, 3);
  lua_settop(L, 6);
  if (!lua_isnil(L, 4)) {
    luaL_checktype(L, 4, LUA_TFUNCTION);
  }
  if (!lua_isnil(L, 5)) {
    luaL_checktype(L, 5, LUA_TFUNCTION);
    luaL_argcheck(L, check_seconds(L, 6) > 0, 6, "not a positive number");
  }
  return protect(L, handle, send_body);
}

/* [self, requests, n, seconds] -> results */
static int send_many_body(lua_State *L)
{
  struct handle *handle = lua_touserdata(L, 1);
  return eq_send_many(L, &handle->multi, &handle->lines);
}

/*
 * handle:send_many(requests, n, seconds) -> { {response=}|{err=}, ... }
 * In the order of the requests, n at a time, the seconds for all together.
 * Raises what is wrong with any of them, before the first byte is sent.
 */
static int l_send_many(lua_State *L)
{
  struct handle *handle = check_open(L);
  luaL_checktype(L, EQ_SEND_MANY_REQUESTS, LUA_TTABLE);
  lua_Integer at_once = luaL_checkinteger(L, EQ_SEND_MANY_AT_ONCE);
  luaL_argcheck(L, at_once >= 1, EQ_SEND_MANY_AT_ONCE, "at least 1 expected");
  check_seconds(L, EQ_SEND_MANY_SECONDS);
  lua_settop(L, EQ_SEND_MANY_SECONDS);
  if (at_once > AT_ONCE_MAX) {
    lua_pushinteger(L, AT_ONCE_MAX);
    lua_replace(L, EQ_SEND_MANY_AT_ONCE);
  }
  return protect(L, handle, send_many_body);
}

/* handle:close(), __gc, __close: closes the connections. Idempotent. */
static int l_close(lua_State *L)
{
  struct handle *handle = luaL_checkudata(L, 1, CLASS);
  if (!handle->open) {
    return 0;
  }
  check_open(L); /* not while it is busy */
  struct eq_sigpipe sigpipe;
  handle->open = false;
  eq_sigpipe_block(&sigpipe);
  eq_multi_close(&handle->multi);
  eq_sigpipe_release(&sigpipe);
  eq_buffer_free(&handle->lines);
  return 0;
}

static int l_tostring(lua_State *L)
{
  const struct handle *handle = luaL_checkudata(L, 1, CLASS);
  if (handle->open) {
    lua_pushfstring(L, CLASS " (%p)", (const void *)handle);
  } else {
    lua_pushliteral(L, CLASS " (closed)");
  }
  return 1;
}

/* core.http() -> a handle. Opens no socket and starts no thread. */
static int l_http(lua_State *L)
{
  eq_libcurl_require(L);
  struct handle *handle = eq_newobject(L, sizeof *handle, CLASS);
  eq_multi_init(&handle->multi);
  eq_buffer_init(&handle->lines, 0);
  handle->magic = &magic;
  handle->open = true;
  return 1;
}

int eq_open_handle(lua_State *L)
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
      {"prepare", eq_prepared_request_new},
      {NULL, NULL},
  };
  eq_prepared_request_class(L);
  eq_newclass(L, CLASS, methods, metamethods);
  eq_newlib(L, functions);
  return 1;
}
