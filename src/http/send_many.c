/*
 * send_many: the laws are in send_many.h.
 */
#include "http/send_many.h"

#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "http/push_response.h"

/* What one connection carries at a time by HTTP/2, at least by RFC 9113. */
#define STREAMS 100

/* The stack above the arguments. */
enum {
  SAVED = EQ_SEND_MANY_SECONDS + 1,
  RESULTS,
  BODIES,
  PREVIOUS,
  TOP = PREVIOUS
};

/* The strings of a request that are copied; a body stays in a Lua table. */
static const size_t strings[] = {
    offsetof(struct eq_request, method),
    offsetof(struct eq_request, url),
    offsetof(struct eq_request, sink),
    offsetof(struct eq_request, ca_file),
    offsetof(struct eq_request, client_cert),
    offsetof(struct eq_request, client_key),
    offsetof(struct eq_request, client_key_password_file),
    offsetof(struct eq_request, proxy),
};

#define STRINGS (sizeof strings / sizeof *strings)

/* A request that is sent later. */
struct saved {
  struct eq_request request; /* its strings dangle: see at */
  size_t at[STRINGS];        /* offset of each in the buffer + 1; 0: NULL */
};

/* The length of a list with holes may be any number. */
#define COUNT_MAX (INT_MAX / sizeof(struct saved) - 1)

struct job {
  struct eq_multi *multi;
  struct eq_buffer *lines; /* holds all strings of all requests */
  struct saved *saved;     /* a userdata on the stack */
  size_t count;            /* of requests */
  size_t started;          /* handed over so far, in order */
  size_t under_way;
  bool serial;      /* a response came by HTTP/1.x: no streams */
  bool bounded;     /* there is a deadline */
  int64_t deadline; /* on eq_now_ns */
};

static const char **string_of(struct eq_request *request, size_t i)
{
  return (const char **)(void *)((char *)request + strings[i]);
}

/* Copies what the request borrows from Lua. Raises without memory. */
static void save_strings(lua_State *L, struct eq_buffer *buffer,
                         struct saved *saved)
{
  buffer->max = SIZE_MAX / 2;
  for (size_t i = 0; i < STRINGS; i++) {
    const char *text = *string_of(&saved->request, i);
    saved->at[i] = text == NULL ? 0 : buffer->len + 1;
    if (text != NULL &&
        eq_buffer_add(buffer, text, strlen(text) + 1) != EQ_BUFFER_OK) {
      (void)eq_no_memory(L);
    }
  }
}

/* Reads the i-th request, which is on top. */
static void read_one(lua_State *L, struct job *job, size_t i)
{
  struct saved *saved = &job->saved[i];
  /* Before it is read: making a string may run a finalizer, which may change
   * the request; after that nothing does until its strings are saved. */
  lua_pushliteral(L, "body"); /* [.., request, body] */
  if (lua_istable(L, TOP + 1)) {
    lua_rawget(L, TOP + 1);
  } /* else the reader raises what it is */
  eq_request_read(L, TOP + 1, &saved->request, job->lines,
                  i == 0 ? NULL : &saved[-1].request);
  if (saved->request.body != NULL) {
    lua_rawseti(L, BODIES, (int)i + 1);
  }
  save_strings(L, job->lines, saved);
}

/* Reads all of them. Raises what is wrong with any. */
static void read_all(lua_State *L, struct job *job)
{
  eq_buffer_clear(job->lines);
  for (size_t i = 0; i < job->count; i++) {
    lua_rawgeti(L, EQ_SEND_MANY_REQUESTS, (int)i + 1); /* [.., request] */
    if (lua_rawequal(L, -1, PREVIOUS) && i > 0) {
      job->saved[i] = job->saved[i - 1];
    } else {
      read_one(L, job, i);
    }
    lua_settop(L, TOP + 1);
    lua_replace(L, PREVIOUS); /* keeps its strings and tables for the next */
  }
}

/* The saved request, with its strings: the buffer does not move any more. */
static struct eq_request restore(const struct job *job, size_t i)
{
  struct eq_request request = job->saved[i].request;
  for (size_t k = 0; k < STRINGS; k++) {
    size_t at = job->saved[i].at[k];
    *string_of(&request, k) = at == 0 ? NULL : job->lines->data + at - 1;
  }
  return request;
}

static double seconds_left(const struct job *job)
{
  return job->bounded
             ? (double)(job->deadline - eq_now_ns()) / (double)EQ_NS_PER_S
             : HUGE_VAL;
}

/* Stores {response=} or {err=} in the results; the transfer is idle again. */
static void store_result(lua_State *L, struct job *job,
                         struct eq_transfer *transfer)
{
  job->serial = job->serial || (!transfer->failed && !transfer->multiplexed);
  lua_createtable(L, 0, 1); /* [.., result] */
  eq_push_response(L, transfer);
  lua_setfield(L, -2, transfer->failed ? "err" : "response");
  lua_rawseti(L, RESULTS, (int)transfer->tag);
  eq_multi_release(job->multi, transfer);
}

/* The same for a request that has no transfer. */
static void store_early_error(lua_State *L, size_t i, CURLcode result)
{
  lua_createtable(L, 0, 1); /* [.., result] */
  eq_push_early_error(L, result);
  lua_setfield(L, -2, "err");
  lua_rawseti(L, RESULTS, (int)i + 1);
}

/* Starts the next request; stores its error at once where that fails. */
static void start_next(lua_State *L, struct job *job)
{
  size_t i = job->started++;
  struct eq_transfer *transfer = eq_multi_take(job->multi);
  if (transfer == NULL) {
    store_early_error(L, i, CURLE_OUT_OF_MEMORY);
    return;
  }
  struct eq_request request = restore(job, i);
  transfer->tag = i + 1;
  if (eq_transfer_start(transfer, &request, seconds_left(job)) &&
      eq_multi_add(job->multi, transfer)) {
    job->under_way++;
  } else {
    store_result(L, job, transfer);
  }
}

/* Whether the next one may start; more than HTTP/2 carries would only wait. */
static bool has_room(const struct job *job, size_t at_once)
{
  if (job->started == job->count || job->under_way >= at_once ||
      eq_multi_is_full(job->multi)) {
    return false;
  }
  const struct eq_request next = restore(job, job->started);
  return job->serial || strncmp(next.url, "https:", 6) != 0 ||
         job->under_way < (size_t)next.connections * STREAMS;
}

static void run(lua_State *L, struct job *job, size_t at_once)
{
  while (job->started < job->count || job->under_way > 0) {
    while (has_room(job, at_once)) {
      start_next(L, job);
    }
    if (job->under_way > 0) {
      struct eq_transfer *transfer = eq_multi_next(job->multi);
      job->under_way--;
      store_result(L, job, transfer);
    }
  }
}

int eq_send_many(lua_State *L, struct eq_multi *multi, struct eq_buffer *lines)
{
  double seconds = (double)lua_tonumber(L, EQ_SEND_MANY_SECONDS);
  size_t at_once = (size_t)lua_tointeger(L, EQ_SEND_MANY_AT_ONCE);
  size_t count = lua_rawlen(L, EQ_SEND_MANY_REQUESTS);
  if (count > COUNT_MAX) {
    return luaL_error(L, "too many requests");
  }
  struct job job = {
      .multi = multi,
      .lines = lines,
      .count = count,
      .bounded =
          seconds < 1e9, /* else no deadline that an int64_t could hold */
  };
  if (job.bounded) {
    job.deadline =
        eq_now_ns() + (int64_t)(fmax(seconds, -1) * (double)EQ_NS_PER_S);
  }
  job.saved = lua_newuserdata(L, (count + 1) * sizeof *job.saved); /* SAVED */
  lua_createtable(L, (int)count, 0); /* RESULTS */
  lua_newtable(L);                   /* BODIES */
  lua_pushnil(L);                    /* PREVIOUS */
  luaL_checkstack(L, LUA_MINSTACK, "send_many");
  read_all(L, &job);
  CURLcode rc = eq_multi_enter(multi, (long)at_once);
  if (rc == CURLE_OK) {
    run(L, &job, at_once);
  }
  while (job.started < count) {
    store_early_error(L, job.started++, rc);
  }
  lua_pushvalue(L, RESULTS);
  return 1;
}
