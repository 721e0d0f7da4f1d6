/*
 * async: transfers that are under way between two calls, core.multi().
 *
 * Laws of this file:
 * - unlike http's, a transfer goes on until it has ended, is cancelled or the
 *   crowd is closed; it moves while somebody waits, and one OS thread waits
 *   for all of them, and for standard input and the end of the process too;
 * - what libcurl reads of a request is a prepared one's, which is kept until
 *   the outcome was told;
 * - an outcome is told once, and a Lua error while it is told loses nothing:
 *   a transfer that has ended stays with the taken ones until then;
 * - a transfer belongs to the process that began it. In a forked child there
 *   is none.
 */
#include <math.h>
#include <poll.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/fork.h"
#include "http/multi.h"
#include "http/prepared_request.h"
#include "http/push_response.h"
#include "http/sigpipe.h"
#include "program/termination.h"

#define CLASS "equinix.crowd"

static const char magic;

struct crowd {
  const void *magic; /* first: tells our userdata from all others */
  bool open;
  bool busy;      /* an outcome is being told */
  int last;       /* number of the newest transfer */
  long under_way; /* transfers that libcurl has */
  long ended;     /* transfers whose outcome was not told */
  struct eq_multi multi;
};

static struct crowd *check_open(lua_State *L)
{
  struct crowd *crowd = eq_object_at(L, 1, sizeof *crowd, &magic);
  if (crowd == NULL) {
    crowd = luaL_checkudata(L, 1, CLASS); /* raises, in Lua's own words */
  }
  if (!crowd->open) {
    luaL_error(L, "attempt to use a closed " CLASS);
  }
  if (crowd->busy) {
    /* Only a finalizer could come here meanwhile. */
    luaL_error(L, "attempt to use a busy " CLASS);
  }
  if (crowd->multi.process != eq_process_generation()) {
    eq_multi_close(&crowd->multi); /* without a goodbye, if it is a child */
    crowd->under_way = 0;
    crowd->ended = 0;
  }
  return crowd;
}

/* The crowd's table of the requests under way, by number. */
static void set_request(lua_State *L, int number)
{
  eq_getvalue(L, 1); /* [.., request or nil, requests] */
  lua_insert(L, -2);
  lua_rawseti(L, -2, number);
  lua_pop(L, 1);
}

/* Starts it. NULL: there is no transfer, *rc says why. */
static struct eq_transfer *start(struct crowd *crowd,
                                 const struct eq_request *request,
                                 double seconds, CURLcode *rc)
{
  *rc = eq_multi_enter(&crowd->multi, crowd->under_way + 1);
  if (*rc != CURLE_OK) {
    return NULL;
  }
  struct eq_transfer *transfer = eq_multi_take(&crowd->multi);
  if (transfer == NULL) {
    *rc = CURLE_OUT_OF_MEMORY;
    return NULL;
  }
  transfer->tag = (size_t)crowd->last;
  if (eq_transfer_start(transfer, request, seconds) &&
      eq_multi_add(&crowd->multi, transfer)) {
    crowd->under_way++;
  } else {
    crowd->ended++; /* told like any other */
  }
  return transfer;
}

/*
 * crowd:add(prepared, seconds) -> number | nil, err
 * Begins a transfer of a core.prepare'd request that may take that long. It
 * moves when somebody waits. A failure is told by wait, unless there is not
 * even a transfer.
 */
static int l_add(lua_State *L)
{
  struct crowd *crowd = check_open(L);
  struct eq_sigpipe sigpipe;
  CURLcode rc;
  eq_prepared_check(L, 2);
  double seconds = (double)luaL_checknumber(L, 3);
  luaL_argcheck(L, !isnan(seconds), 3, "not a number");
  lua_settop(L, 2);
  crowd->last = crowd->last < INT_MAX ? crowd->last + 1 : 1;
  int number = crowd->last;
  lua_pushvalue(L, 2);
  set_request(L, number);
  eq_sigpipe_hold(&sigpipe);
  struct eq_transfer *transfer =
      start(crowd, eq_prepared_request(lua_touserdata(L, 2)), seconds, &rc);
  eq_sigpipe_release(&sigpipe);
  if (transfer != NULL) {
    lua_pushinteger(L, number);
    return 1;
  }
  lua_pushnil(L);
  set_request(L, number);
  lua_pushnil(L);
  eq_push_early_fault(L, rc);
  return 2;
}

/* What is looked at besides the transfers: NULL files, n 0 where nothing is.
 */
struct others {
  struct pollfd files[2];
  unsigned n;
};

static void watch(struct others *others, int file)
{
  others->files[others->n++] = (struct pollfd){.fd = file, .events = POLLIN};
}

/* Waits for anything at all. NULL, or a transfer that failed by it. */
static struct eq_transfer *rest(struct crowd *crowd, struct others *others,
                                int ms)
{
  struct curl_waitfd files[2] = {{.fd = -1}, {.fd = -1}};
  if (crowd->under_way == 0) {
    /* Whether it was a file, the time or a signal: the caller looks. */
    (void)poll(others->files, others->n, ms);
    return NULL;
  }
  for (unsigned i = 0; i < others->n; i++) {
    files[i].fd = others->files[i].fd;
    files[i].events = CURL_WAIT_POLLIN;
  }
  return eq_multi_rest_among(&crowd->multi, files, others->n,
                             ms < 0 ? INT_MAX : ms);
}

/* Until a transfer has ended: true. */
static bool await(struct crowd *crowd, struct others *others, int64_t deadline)
{
  while (crowd->ended == 0) {
    struct eq_transfer *ended =
        crowd->under_way > 0 ? eq_multi_step(&crowd->multi) : NULL;
    int ms = ended == NULL ? eq_deadline_ms(deadline) : 0;
    if (ended == NULL && ms != 0) {
      ended = rest(crowd, others, ms);
    }
    if (ended != NULL) {
      crowd->under_way--;
      crowd->ended++;
    } else if (ms == 0 ||
               (others->n > 0 && poll(others->files, others->n, 0) > 0)) {
      return false;
    }
  }
  return true;
}

static struct eq_transfer *find_ended(const struct crowd *crowd)
{
  struct eq_transfer *transfer = crowd->multi.active;
  while (transfer->running) {
    transfer = transfer->next;
  }
  return transfer;
}

/* [crowd] -> number, response | number, nil, err */
static int tell(lua_State *L)
{
  const struct crowd *crowd = lua_touserdata(L, 1);
  const struct eq_transfer *transfer = find_ended(crowd);
  lua_pushinteger(L, (lua_Integer)transfer->tag);
  if (transfer->failed) {
    lua_pushnil(L);
  }
  eq_push_outcome(L, transfer);
  return transfer->failed ? 3 : 2;
}

/* The same, and forgets it: it was told. */
static int settle(lua_State *L, struct crowd *crowd)
{
  struct eq_transfer *transfer = find_ended(crowd);
  lua_settop(L, 1);
  lua_pushcfunction(L, tell);
  lua_pushvalue(L, 1);
  crowd->busy = true;
  int status = lua_pcall(L, 1, LUA_MULTRET, 0);
  crowd->busy = false;
  if (status != 0) {
    return lua_error(L);
  }
  lua_pushnil(L);
  set_request(L, (int)transfer->tag);
  crowd->ended--;
  eq_multi_release(&crowd->multi, transfer);
  return lua_gettop(L) - 1;
}

/*
 * crowd:wait([seconds [, input]]) -> number, response | number, nil, err | nil
 * The outcome of a transfer that has ended, one at a time; nil when the time
 * is over (without it: never). With `input` also nil when standard input can
 * be read, has ended or failed, or when the process was told to end
 * (core.on_term). Nil at once where there is nothing to wait for. Blocks this
 * OS thread.
 */
static int l_wait(lua_State *L)
{
  struct crowd *crowd = check_open(L);
  struct others others = {.n = 0};
  struct eq_sigpipe sigpipe;
  int64_t deadline = EQ_NO_DEADLINE;
  if (!lua_isnoneornil(L, 2)) {
    double seconds = (double)luaL_checknumber(L, 2);
    luaL_argcheck(L, !isnan(seconds), 2, "not a number");
    deadline = eq_deadline(seconds);
  }
  if (lua_toboolean(L, 3)) {
    watch(&others, STDIN_FILENO);
    if (eq_ending_file() != -1) {
      watch(&others, eq_ending_file());
    }
  } else if (crowd->under_way == 0 && deadline == EQ_NO_DEADLINE &&
             crowd->ended == 0) {
    lua_pushnil(L);
    return 1;
  }
  eq_sigpipe_hold(&sigpipe);
  bool ended = await(crowd, &others, deadline);
  eq_sigpipe_release(&sigpipe);
  if (ended) {
    return settle(L, crowd);
  }
  lua_pushnil(L);
  return 1;
}

/*
 * crowd:cancel(number) -> whether there was such a transfer
 * Breaks a transfer off, or drops the outcome of one that has ended.
 */
static int l_cancel(lua_State *L)
{
  struct crowd *crowd = check_open(L);
  struct eq_sigpipe sigpipe;
  lua_Integer number = luaL_checkinteger(L, 2);
  struct eq_transfer *transfer = crowd->multi.active;
  while (transfer != NULL && (lua_Integer)transfer->tag != number) {
    transfer = transfer->next;
  }
  if (transfer == NULL) {
    lua_pushboolean(L, 0);
    return 1;
  }
  *(transfer->running ? &crowd->under_way : &crowd->ended) -= 1;
  eq_sigpipe_hold(&sigpipe);
  eq_multi_drop(&crowd->multi, transfer);
  eq_sigpipe_release(&sigpipe);
  lua_settop(L, 1);
  lua_pushnil(L);
  set_request(L, (int)number);
  lua_pushboolean(L, 1);
  return 1;
}

/* crowd:close(), __gc, __close: breaks all off. Idempotent. */
static int l_close(lua_State *L)
{
  struct crowd *crowd = luaL_checkudata(L, 1, CLASS);
  if (!crowd->open) {
    return 0;
  }
  check_open(L); /* not while it is busy */
  struct eq_sigpipe sigpipe;
  crowd->open = false;
  eq_sigpipe_hold(&sigpipe);
  eq_multi_close(&crowd->multi);
  eq_sigpipe_release(&sigpipe);
  lua_settop(L, 1);
  lua_pushnil(L);
  eq_setvalue(L, 1); /* nobody reads the requests any more */
  return 0;
}

static int l_tostring(lua_State *L)
{
  const struct crowd *crowd = luaL_checkudata(L, 1, CLASS);
  if (crowd->open) {
    lua_pushfstring(L, CLASS " (%p)", (const void *)crowd);
  } else {
    lua_pushliteral(L, CLASS " (closed)");
  }
  return 1;
}

/* core.multi() -> a crowd. Opens no socket and starts no thread. */
static int l_crowd(lua_State *L)
{
  struct crowd *crowd = eq_newobject(L, sizeof *crowd, CLASS);
  lua_newtable(L); /* [crowd, requests] */
  eq_setvalue(L, -2);
  eq_multi_init(&crowd->multi);
  crowd->magic = &magic;
  crowd->open = true;
  return 1;
}

int eq_open_crowd(lua_State *L)
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
  static const luaL_Reg functions[] = {{"multi", l_crowd}, {NULL, NULL}};
  eq_newclass(L, CLASS, methods, metamethods);
  eq_newlib(L, functions);
  return 1;
}
