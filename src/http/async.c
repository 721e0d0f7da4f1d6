/*
 * async: transfers that are under way between two calls, core.multi().
 *
 * Laws of this file:
 * - unlike those of handle.c, a transfer goes on until it has ended, is
 *   cancelled or the object is closed. It moves only during a wait, and one
 *   OS thread waits for all of them, and for standard input and the request
 *   to terminate too;
 * - what libcurl reads of a request belongs to a prepared one, which is kept
 *   until the result was returned;
 * - each result is returned once, and a Lua error meanwhile loses nothing: a
 *   transfer that has ended stays among the active ones until then;
 * - a transfer belongs to the process that began it. In a forked child there
 *   is none.
 */
#include "http/async.h"

#include <math.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fork.h"
#include "base/object.h"
#include "core.h"
#include "http/multi.h"
#include "http/prepared_request.h"
#include "http/push_response.h"
#include "http/sigpipe.h"

#define CLASS "equinix.multi"

static const char magic;

struct async {
  const void *magic; /* first: tells our userdata from all others */
  bool open;
  bool busy;      /* a result is being pushed */
  int last;       /* number of the newest transfer */
  long under_way; /* transfers that libcurl has */
  long ended;     /* transfers whose result was not returned */
  struct eq_multi multi;
};

static struct async *check_open(lua_State *L)
{
  struct async *async = eq_object_at(L, 1, sizeof *async, &magic);
  if (async == NULL) {
    async = luaL_checkudata(L, 1, CLASS); /* raises, with Lua's message */
  }
  if (!async->open) {
    luaL_error(L, "attempt to use a closed " CLASS);
  }
  if (async->busy) {
    /* Only a finalizer can call a method meanwhile. */
    luaL_error(L, "attempt to use a busy " CLASS);
  }
  if (async->multi.process != eq_fork_generation()) {
    eq_multi_close(&async->multi); /* in a child: abandons, sends nothing */
    async->under_way = 0;
    async->ended = 0;
  }
  return async;
}

/* The user value is the table of the requests under way, by number. */
static void set_request(lua_State *L, int number)
{
  eq_getvalue(L, 1); /* [.., request or nil, requests] */
  lua_insert(L, -2);
  lua_rawseti(L, -2, number);
  lua_pop(L, 1);
}

/* Starts a transfer. NULL: there is none, *rc says why. */
static struct eq_transfer *start(struct async *async,
                                 const struct eq_request *request,
                                 double seconds, CURLcode *rc)
{
  *rc = eq_multi_enter(&async->multi, async->under_way + 1);
  if (*rc != CURLE_OK) {
    return NULL;
  }
  struct eq_transfer *transfer = eq_multi_take(&async->multi);
  if (transfer == NULL) {
    *rc = CURLE_OUT_OF_MEMORY;
    return NULL;
  }
  transfer->tag = (size_t)async->last;
  if (eq_transfer_start(transfer, request, seconds) &&
      eq_multi_add(&async->multi, transfer)) {
    async->under_way++;
  } else {
    async->ended++; /* wait returns the failure like any other */
  }
  return transfer;
}

/*
 * multi:add(prepared, seconds) -> number | nil, err
 * Begins a transfer of a core.prepare'd request that may take that long. It
 * moves during a wait. Its failure is returned by wait; an err is returned
 * here only if there is not even a transfer.
 */
static int l_add(lua_State *L)
{
  struct async *async = check_open(L);
  struct eq_sigpipe sigpipe;
  CURLcode rc;
  eq_prepared_request_check(L, 2);
  double seconds = (double)luaL_checknumber(L, 3);
  luaL_argcheck(L, !isnan(seconds), 3, "not a number");
  lua_settop(L, 2);
  async->last = async->last < INT_MAX ? async->last + 1 : 1;
  int number = async->last;
  lua_pushvalue(L, 2);
  set_request(L, number);
  eq_sigpipe_block(&sigpipe);
  struct eq_transfer *transfer = start(
      async, eq_prepared_request_get(lua_touserdata(L, 2)), seconds, &rc);
  eq_sigpipe_release(&sigpipe);
  if (transfer != NULL) {
    lua_pushinteger(L, number);
    return 1;
  }
  lua_pushnil(L);
  set_request(L, number);
  lua_pushnil(L);
  eq_push_early_error(L, rc);
  return 2;
}

/* The descriptors that end a wait, besides the transfers; n may be 0. */
struct inputs {
  struct pollfd files[2];
  unsigned n;
};

static void add_input(struct inputs *inputs, int fd)
{
  inputs->files[inputs->n++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

/* Waits until anything happens. NULL, or a transfer that failed by it. */
static struct eq_transfer *wait_once(struct async *async,
                                     struct inputs *inputs, int ms)
{
  struct curl_waitfd files[2] = {{.fd = -1}, {.fd = -1}};
  if (async->under_way == 0) {
    /* Whether it was a file, the time or a signal: the caller checks. */
    (void)poll(inputs->files, inputs->n, ms);
    return NULL;
  }
  for (unsigned i = 0; i < inputs->n; i++) {
    files[i].fd = inputs->files[i].fd;
    files[i].events = CURL_WAIT_POLLIN;
  }
  return eq_multi_wait_among(&async->multi, files, inputs->n,
                             ms < 0 ? INT_MAX : ms);
}

/* Waits until a transfer has ended: true; false: an input or the deadline. */
static bool await(struct async *async, struct inputs *inputs, int64_t deadline)
{
  while (async->ended == 0) {
    struct eq_transfer *ended =
        async->under_way > 0 ? eq_multi_step(&async->multi) : NULL;
    int ms = ended == NULL ? eq_deadline_ms(deadline) : 0;
    if (ended == NULL && ms != 0) {
      ended = wait_once(async, inputs, ms);
    }
    if (ended != NULL) {
      async->under_way--;
      async->ended++;
    } else if (ms == 0 ||
               (inputs->n > 0 && poll(inputs->files, inputs->n, 0) > 0)) {
      return false;
    }
  }
  return true;
}

static struct eq_transfer *find_ended(const struct async *async)
{
  struct eq_transfer *transfer = async->multi.active;
  while (transfer->running) {
    transfer = transfer->next;
  }
  return transfer;
}

/* [multi] -> number, response | number, nil, err */
static int push_result(lua_State *L)
{
  const struct async *async = lua_touserdata(L, 1);
  const struct eq_transfer *transfer = find_ended(async);
  lua_pushinteger(L, (lua_Integer)transfer->tag);
  if (transfer->failed) {
    lua_pushnil(L);
  }
  eq_push_response(L, transfer);
  return transfer->failed ? 3 : 2;
}

/* The same; then the transfer is idle again. */
static int return_result(lua_State *L, struct async *async)
{
  struct eq_transfer *transfer = find_ended(async);
  lua_settop(L, 1);
  lua_pushcfunction(L, push_result);
  lua_pushvalue(L, 1);
  async->busy = true;
  int status = lua_pcall(L, 1, LUA_MULTRET, 0);
  async->busy = false;
  if (status != 0) {
    return lua_error(L);
  }
  lua_pushnil(L);
  set_request(L, (int)transfer->tag);
  async->ended--;
  eq_multi_release(&async->multi, transfer);
  return lua_gettop(L) - 1;
}

/*
 * multi:wait([seconds [, input]]) -> number, response | number, nil, err | nil
 * The result of a transfer that has ended, one at a time; nil when the time
 * is over (without it: never). With `input` also nil when standard input can
 * be read, has ended or failed, or when the process was asked to terminate
 * (core.on_term). Nil at once where there is nothing to wait for. Blocks this
 * OS thread.
 */
static int l_wait(lua_State *L)
{
  struct async *async = check_open(L);
  struct inputs inputs = {.n = 0};
  struct eq_sigpipe sigpipe;
  int64_t deadline = EQ_NO_DEADLINE;
  if (!lua_isnoneornil(L, 2)) {
    double seconds = (double)luaL_checknumber(L, 2);
    luaL_argcheck(L, !isnan(seconds), 2, "not a number");
    deadline = eq_deadline(seconds);
  }
  if (lua_toboolean(L, 3)) {
    add_input(&inputs, STDIN_FILENO);
    if (eq_async_stop_fd() != -1) {
      add_input(&inputs, eq_async_stop_fd());
    }
  } else if (async->under_way == 0 && deadline == EQ_NO_DEADLINE &&
             async->ended == 0) {
    lua_pushnil(L);
    return 1;
  }
  eq_sigpipe_block(&sigpipe);
  bool ended = await(async, &inputs, deadline);
  eq_sigpipe_release(&sigpipe);
  if (ended) {
    return return_result(L, async);
  }
  lua_pushnil(L);
  return 1;
}

/*
 * multi:cancel(number) -> whether there was such a transfer
 * Cancels a transfer, or drops the result of one that has ended.
 */
static int l_cancel(lua_State *L)
{
  struct async *async = check_open(L);
  struct eq_sigpipe sigpipe;
  lua_Integer number = luaL_checkinteger(L, 2);
  struct eq_transfer *transfer = async->multi.active;
  while (transfer != NULL && (lua_Integer)transfer->tag != number) {
    transfer = transfer->next;
  }
  if (transfer == NULL) {
    lua_pushboolean(L, 0);
    return 1;
  }
  *(transfer->running ? &async->under_way : &async->ended) -= 1;
  eq_sigpipe_block(&sigpipe);
  eq_multi_drop(&async->multi, transfer);
  eq_sigpipe_release(&sigpipe);
  lua_settop(L, 1);
  lua_pushnil(L);
  set_request(L, (int)number);
  lua_pushboolean(L, 1);
  return 1;
}

/* multi:close(), __gc, __close: cancels all. Idempotent. */
static int l_close(lua_State *L)
{
  struct async *async = luaL_checkudata(L, 1, CLASS);
  if (!async->open) {
    return 0;
  }
  check_open(L); /* not while it is busy */
  struct eq_sigpipe sigpipe;
  async->open = false;
  eq_sigpipe_block(&sigpipe);
  eq_multi_close(&async->multi);
  eq_sigpipe_release(&sigpipe);
  lua_settop(L, 1);
  lua_pushnil(L);
  eq_setvalue(L, 1); /* libcurl no longer reads the requests */
  return 0;
}

static int l_tostring(lua_State *L)
{
  const struct async *async = luaL_checkudata(L, 1, CLASS);
  if (async->open) {
    lua_pushfstring(L, CLASS " (%p)", (const void *)async);
  } else {
    lua_pushliteral(L, CLASS " (closed)");
  }
  return 1;
}

/* core.multi() -> an object. Opens no socket and starts no thread. */
static int l_multi(lua_State *L)
{
  struct async *async = eq_newobject(L, sizeof *async, CLASS);
  lua_newtable(L); /* [multi, requests] */
  eq_setvalue(L, -2);
  eq_multi_init(&async->multi);
  async->magic = &magic;
  async->open = true;
  return 1;
}

int eq_open_async(lua_State *L)
{
  static const luaL_Reg methods[] = {
      {"add", l_add},   {"cancel", l_cancel}, {"close", l_close},
      {"wait", l_wait}, {NULL, NULL},
  };
  static const luaL_Reg metamethods[] = {
      {"__close", l_close},
      {"__gc", l_close},
      {"__tostring", l_tostring},
      {NULL, NULL},
  };
  static const luaL_Reg functions[] = {{"multi", l_multi}, {NULL, NULL}};
  eq_newclass(L, CLASS, methods, metamethods);
  eq_newlib(L, functions);
  return 1;
}
