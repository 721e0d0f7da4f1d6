/*
 * engine_object: the Lua side of an engine, core.engine().
 *
 * Laws of this file:
 * - what libcurl reads of a request belongs to a prepared one, which is kept
 *   until the result was returned;
 * - each result is returned once, and a Lua error meanwhile loses nothing:
 *   what was read before it is returned by the next call;
 * - no function blocks but engine:wait and core.drive.
 */
#include "http/engine_object.h"

#include <limits.h>
#include <math.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/object.h"
#include "core.h"
#include "http/engine.h"
#include "http/engine_wait.h"
#include "http/libcurl.h"
#include "http/prepared_request.h"
#include "http/push_response.h"
#include "http/sigpipe.h"

#define CLASS "equinix.engine"

/* The user value is a table: [number] is a request in use, [-number] holds its
 * order, [0] the list of results that were read and not returned yet. */
#define RESULTS 0

static const char magic;

struct object {
  const void *magic;        /* first: tells our userdata from all others */
  struct eq_engine *engine; /* NULL: closed */
  bool busy;                /* a result is being pushed */
  int last;                 /* number of the newest order */
};

static struct object *check_open(lua_State *L)
{
  struct object *object = eq_object_at(L, 1, sizeof *object, &magic);
  if (object == NULL) {
    object = luaL_checkudata(L, 1, CLASS); /* raises, with Lua's message */
  }
  if (object->engine == NULL) {
    luaL_error(L, "attempt to use a closed " CLASS);
  }
  if (object->busy) {
    /* Only a finalizer can call a method meanwhile. */
    luaL_error(L, "attempt to use a busy " CLASS);
  }
  if (eq_engine_check_fork(object->engine)) {
    lua_newtable(L); /* the orders are gone */
    eq_setvalue(L, 1);
  }
  return object;
}

static double check_seconds(lua_State *L, int idx)
{
  double seconds = (double)luaL_checknumber(L, idx);
  luaL_argcheck(L, !isnan(seconds), idx, "not a number");
  return seconds;
}

/* Forgets the request and the order of that number. [.., table] */
static void forget(lua_State *L, int number)
{
  lua_pushnil(L);
  lua_rawseti(L, -2, number);
  lua_pushnil(L);
  lua_rawseti(L, -2, -number);
}

/*
 * engine:start(prepared, seconds) -> number | nil, err
 * A transfer of a core.prepare'd request, or an exchange of core.exchange,
 * that may take that long, waiting in the queue included. It begins in a step.
 * Its failure is a result like any other; an err is returned here only without
 * memory.
 */
static int l_start(lua_State *L)
{
  struct object *object = check_open(L);
  struct eq_task task = {.exchange = eq_exchange_at(L, 2)};
  if (task.exchange == NULL) {
    eq_prepared_request_check(L, 2);
    task.request = eq_prepared_request_get(lua_touserdata(L, 2));
  }
  double seconds = check_seconds(L, 3);
  lua_settop(L, 2);
  object->last = object->last < INT_MAX ? object->last + 1 : 1;
  int number = object->last;
  eq_getvalue(L, 1); /* [engine, prepared, table] */
  lua_pushvalue(L, 2);
  lua_rawseti(L, 3, number);
  /* Nothing below may fail: the order would run, and without a number. */
  struct eq_order **order = lua_newuserdata(L, sizeof(struct eq_order *));
  *order = NULL;
  lua_rawseti(L, 3, -number);
  *order = eq_engine_start(object->engine, number, task, seconds);
  if (*order == NULL) {
    forget(L, number);
    lua_pushnil(L);
    eq_push_early_error(L, CURLE_OUT_OF_MEMORY);
    return 2;
  }
  lua_pushinteger(L, number);
  return 1;
}

/* [engine, limit] -> list: reads so many that have ended (0: all). Protected
 * by its caller. */
static int read_results(lua_State *L)
{
  const struct object *object = lua_touserdata(L, 1);
  const int limit = (int)lua_tointeger(L, 2);
  struct eq_order *order;
  lua_settop(L, 1);
  eq_getvalue(L, 1); /* [engine, table] */
  lua_rawgeti(L, 2, RESULTS);
  if (lua_isnil(L, 3)) {
    lua_newtable(L);
    lua_replace(L, 3); /* [engine, table, list] */
    lua_pushvalue(L, 3);
    lua_rawseti(L, 2, RESULTS);
  }
  int n = 0;
  while ((limit == 0 || n < limit) &&
         (order = eq_engine_ended(object->engine)) != NULL) {
    if (!order->cancelled) {
      eq_push_result(L, order); /* [.., list, result] */
      n = (int)lua_rawlen(L, 3) + 1;
      lua_rawseti(L, 3, n);
    }
    lua_settop(L, 3);
    lua_pushvalue(L, 2);
    forget(L, order->number);
    eq_engine_taken(object->engine, order);
  }
  lua_pushnil(L);
  lua_rawseti(L, 2, RESULTS);
  lua_settop(L, 3);
  return 1;
}

/* [engine, ..] -> list of `limit` at most (0: all), which may be empty */
static int return_results(lua_State *L, struct object *object, int limit)
{
  lua_settop(L, 1);
  lua_pushcfunction(L, read_results);
  lua_pushvalue(L, 1);
  lua_pushinteger(L, limit);
  object->busy = true;
  int status = lua_pcall(L, 2, 1, 0);
  object->busy = false;
  return status == 0 ? 1 : lua_error(L);
}

/*
 * engine:step([limit]) -> { {number=, response=|err=}, ... }
 * What has ended. Begins `limit` transfers at most (16), sends and receives
 * what is possible, and blocks never. From now on engine:fd() is readable when
 * there is something to do. Where another thread drives, only the results.
 */
static int l_step(lua_State *L)
{
  struct object *object = check_open(L);
  struct eq_sigpipe sigpipe;
  lua_Integer limit = luaL_optinteger(L, 2, EQ_ENGINE_PACE);
  luaL_argcheck(L, limit >= 0, 2, "0 or more expected");
  eq_sigpipe_block(&sigpipe);
  (void)eq_engine_step(object->engine, (size_t)limit, true);
  eq_sigpipe_release(&sigpipe);
  return return_results(L, object, 0);
}

/* engine:results([limit]) -> the same list, of so many at most (of all); what
 * is left is for the next call. Drives nothing. */
static int l_results(lua_State *L)
{
  struct object *object = check_open(L);
  lua_Integer limit = luaL_optinteger(L, 2, 0);
  luaL_argcheck(L, limit >= 0 && limit <= INT_MAX, 2, "0 or more expected");
  return return_results(L, object, (int)limit);
}

/*
 * engine:wait([seconds [, input]]) -> { {number=, response=|err=}, ... }
 * Waits for the next results; an empty list when the time is over (without
 * it: never), or at once where nothing is under way. With `input` also when
 * standard input can be read, has ended or failed, or when the process was
 * asked to terminate (core.on_term). Blocks this OS thread.
 */
static int l_wait(lua_State *L)
{
  struct object *object = check_open(L);
  struct eq_sigpipe sigpipe;
  int64_t deadline = EQ_NO_DEADLINE;
  if (!lua_isnoneornil(L, 2)) {
    deadline = eq_deadline(check_seconds(L, 2));
  }
  eq_sigpipe_block(&sigpipe);
  if (lua_toboolean(L, 3)) {
    eq_engine_wait_among(object->engine, deadline, eq_engine_stop_fd());
  } else {
    eq_engine_wait(object->engine, deadline);
  }
  eq_sigpipe_release(&sigpipe);
  return return_results(L, object, 0);
}

/*
 * engine:cancel(number) -> whether there was such a transfer, and whether it
 * was begun
 * Cancels a transfer, or drops the result of one that has ended.
 */
static int l_cancel(lua_State *L)
{
  const struct object *object = check_open(L);
  struct eq_sigpipe sigpipe;
  lua_Integer number = luaL_checkinteger(L, 2);
  luaL_argcheck(L, number > 0 && number <= INT_MAX, 2, "not a number of one");
  lua_settop(L, 1);
  eq_getvalue(L, 1); /* [engine, table] */
  lua_rawgeti(L, 2, -(int)number);
  struct eq_order **known = lua_touserdata(L, 3);
  struct eq_order *order = known != NULL ? *known : NULL;
  if (order == NULL || order->cancelled) {
    lua_pushboolean(L, 0);
    return 1;
  }
  lua_settop(L, 2);
  eq_sigpipe_block(&sigpipe);
  bool begun;
  bool gone = eq_engine_cancel(object->engine, order, &begun);
  eq_sigpipe_release(&sigpipe);
  if (gone) {
    forget(L, (int)number);
  }
  lua_pushboolean(L, 1);
  lua_pushboolean(L, begun);
  return 2;
}

/* engine:fd() -> the descriptor that a loop watches | nil */
static int l_fd(lua_State *L)
{
  int fd = eq_engine_fd(check_open(L)->engine);
  if (fd == -1) {
    lua_pushnil(L);
  } else {
    lua_pushinteger(L, fd);
  }
  return 1;
}

/* engine:busy() -> whether there are transfers whose results were not read */
static int l_busy(lua_State *L)
{
  lua_pushboolean(L, eq_engine_is_busy(check_open(L)->engine));
  return 1;
}

/* engine:limit(n): so many under way at once; others wait in the queue. */
static int l_limit(lua_State *L)
{
  const struct object *object = check_open(L);
  lua_Integer n = luaL_checkinteger(L, 2);
  luaL_argcheck(L, n >= 1, 2, "at least 1 expected");
  eq_engine_limit(object->engine, (size_t)n);
  return 0;
}

/* engine:id() -> a number for core.drive, in any thread | nil */
static int l_id(lua_State *L)
{
  unsigned id = eq_engine_publish(check_open(L)->engine);
  if (id == 0) {
    lua_pushnil(L);
  } else {
    lua_pushinteger(L, (lua_Integer)id);
  }
  return 1;
}

/* engine:close(), __gc, __close: cancels all. Idempotent. */
static int l_close(lua_State *L)
{
  struct object *object = luaL_checkudata(L, 1, CLASS);
  if (object->engine == NULL) {
    return 0;
  }
  check_open(L); /* not while it is busy */
  struct eq_sigpipe sigpipe;
  eq_sigpipe_block(&sigpipe);
  eq_engine_close(object->engine);
  eq_engine_leave(object->engine);
  eq_sigpipe_release(&sigpipe);
  object->engine = NULL;
  lua_settop(L, 1);
  lua_pushnil(L);
  eq_setvalue(L, 1); /* libcurl no longer reads the requests */
  return 0;
}

static int l_tostring(lua_State *L)
{
  const struct object *object = luaL_checkudata(L, 1, CLASS);
  if (object->engine != NULL) {
    lua_pushfstring(L, CLASS " (%p)", (const void *)object);
  } else {
    lua_pushliteral(L, CLASS " (closed)");
  }
  return 1;
}

/* core.engine() -> an engine. Opens no socket and starts no thread. */
static int l_engine(lua_State *L)
{
  eq_libcurl_require(L);
  struct object *object = eq_newobject(L, sizeof *object, CLASS);
  lua_newtable(L); /* [engine, table] */
  eq_setvalue(L, -2);
  object->magic = &magic;
  object->engine = eq_engine_new();
  return object->engine != NULL ? 1 : eq_no_memory(L);
}

/*
 * core.drive(id, seconds) -> true | false: there is no such engine, or another
 * thread drives it
 * Drives an engine of this process until it has results, nothing is under
 * way, or the time is over. Blocks this OS thread.
 */
static int l_drive(lua_State *L)
{
  lua_Integer id = luaL_checkinteger(L, 1);
  double seconds = check_seconds(L, 2);
  struct eq_engine *engine =
      id > 0 && id <= UINT_MAX ? eq_engine_find((unsigned)id) : NULL;
  bool driven = false;
  if (engine != NULL) {
    struct eq_sigpipe sigpipe;
    eq_sigpipe_block(&sigpipe);
    driven = eq_engine_drive(engine, eq_deadline_ms(eq_deadline(seconds)));
    eq_engine_leave(engine);
    eq_sigpipe_release(&sigpipe);
  }
  lua_pushboolean(L, driven);
  return 1;
}

int eq_open_engine(lua_State *L)
{
  static const luaL_Reg methods[] = {
      {"busy", l_busy},       {"cancel", l_cancel}, {"close", l_close},
      {"fd", l_fd},           {"id", l_id},         {"limit", l_limit},
      {"results", l_results}, {"start", l_start},   {"step", l_step},
      {"wait", l_wait},       {NULL, NULL},
  };
  static const luaL_Reg metamethods[] = {
      {"__close", l_close},
      {"__gc", l_close},
      {"__tostring", l_tostring},
      {NULL, NULL},
  };
  static const luaL_Reg functions[] = {
      {"drive", l_drive},
      {"engine", l_engine},
      {"exchange", eq_exchange_new},
      {"is_exchange", eq_exchange_is},
      {NULL, NULL},
  };
  eq_exchange_class(L);
  eq_newclass(L, CLASS, methods, metamethods);
  eq_newlib(L, functions);
  return 1;
}
