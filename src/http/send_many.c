/*
 * send_many: the laws are in send_many.h.
 */
#include "http/send_many.h"

#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "http/handle.h"
#include "http/push_response.h"

/* The stack goes on after the arguments. */
enum { KEPT = EQ_BATCH_SECONDS + 1, RESULTS, BODIES, LAST, TOP = LAST };

/* The strings of a request that have to be copied; bodies are anchored. */
static const size_t strings[] = {
    offsetof(struct eq_request, method),
    offsetof(struct eq_request, url),
    offsetof(struct eq_request, sink),
    offsetof(struct eq_request, ca_file),
    offsetof(struct eq_request, client_cert),
    offsetof(struct eq_request, client_key),
    offsetof(struct eq_request, proxy),
};

#define STRINGS (sizeof strings / sizeof *strings)

/* A request that waits for its turn. */
struct kept {
  struct eq_request request; /* its strings are dangling: see at */
  size_t at[STRINGS];        /* place of each in the buffer + 1; 0: NULL */
};

/* What Lua calls the length of a list with holes may be any number. */
#define COUNT_MAX (INT_MAX / sizeof(struct kept) - 1)

struct batch {
  struct eq_http *http; /* its lines hold all strings of all requests */
  struct kept *kept;    /* a userdata on the stack */
  size_t count;         /* of requests */
  size_t started;       /* handed over so far, in order */
  size_t under_way;
  bool bounded;     /* there is a deadline */
  int64_t deadline; /* on eq_now_ns */
};

static const char **string_of(struct eq_request *request, size_t i)
{
  return (const char **)(void *)((char *)request + strings[i]);
}

/* Copies what the request borrows from Lua. Raises without memory. */
static void keep(lua_State *L, struct eq_buffer *buffer, struct kept *kept)
{
  buffer->max = SIZE_MAX / 2;
  for (size_t i = 0; i < STRINGS; i++) {
    const char *text = *string_of(&kept->request, i);
    kept->at[i] = text == NULL ? 0 : buffer->len + 1;
    if (text != NULL &&
        eq_buffer_add(buffer, text, strlen(text) + 1) != EQ_BUFFER_OK) {
      luaL_error(L, "not enough memory");
    }
  }
}

/* Reads the i-th request, which is on top. */
static void read_one(lua_State *L, struct batch *batch, size_t i)
{
  struct eq_buffer *lines = &batch->http->lines;
  struct kept *kept = &batch->kept[i];
  /* Before it is read: to make a string may run a finalizer, which may change
   * the request; after that nothing does until its strings are kept. */
  lua_pushliteral(L, "body"); /* [.., request, body] */
  if (lua_istable(L, TOP + 1)) {
    lua_rawget(L, TOP + 1);
  } /* else the reader says what it is */
  eq_request_read(L, TOP + 1, &kept->request, lines,
                  i == 0 ? NULL : &kept[-1].request);
  if (kept->request.body != NULL) {
    lua_rawseti(L, BODIES, (int)i + 1);
  }
  keep(L, lines, kept);
}

/* Reads all of them. Raises what is wrong with any. */
static void read_all(lua_State *L, struct batch *batch)
{
  eq_buffer_clear(&batch->http->lines);
  for (size_t i = 0; i < batch->count; i++) {
    lua_rawgeti(L, EQ_BATCH_REQUESTS, (int)i + 1); /* [.., request] */
    if (lua_rawequal(L, -1, LAST) && i > 0) {
      batch->kept[i] = batch->kept[i - 1];
    } else {
      read_one(L, batch, i);
    }
    lua_settop(L, TOP + 1);
    lua_replace(L, LAST); /* its strings and tables are there for the next */
  }
}

/* The kept request, whole again: the buffer has come to rest. */
static struct eq_request recall(const struct batch *batch, size_t i)
{
  struct eq_request request = batch->kept[i].request;
  for (size_t k = 0; k < STRINGS; k++) {
    size_t at = batch->kept[i].at[k];
    *string_of(&request, k) =
        at == 0 ? NULL : batch->http->lines.data + at - 1;
  }
  return request;
}

static double seconds_left(const struct batch *batch)
{
  return batch->bounded
             ? (double)(batch->deadline - eq_now_ns()) / (double)EQ_NS_PER_S
             : HUGE_VAL;
}

/* Puts {response=} or {err=} into its place; the transfer is idle again. */
static void settle(lua_State *L, struct batch *batch,
                   struct eq_transfer *transfer)
{
  lua_createtable(L, 0, 1); /* [.., result] */
  eq_push_outcome(L, transfer);
  lua_setfield(L, -2, transfer->failed ? "err" : "response");
  lua_rawseti(L, RESULTS, (int)transfer->tag);
  eq_multi_release(&batch->http->multi, transfer);
}

/* The same for a request that has no transfer. */
static void settle_early(lua_State *L, size_t i, CURLcode result)
{
  lua_createtable(L, 0, 1); /* [.., result] */
  eq_push_early_fault(L, result);
  lua_setfield(L, -2, "err");
  lua_rawseti(L, RESULTS, (int)i + 1);
}

/* Starts the next request; settles it at once where that fails. */
static void start_next(lua_State *L, struct batch *batch)
{
  size_t i = batch->started++;
  struct eq_transfer *transfer = eq_multi_take(&batch->http->multi);
  if (transfer == NULL) {
    settle_early(L, i, CURLE_OUT_OF_MEMORY);
    return;
  }
  struct eq_request request = recall(batch, i);
  transfer->tag = i + 1;
  if (eq_transfer_start(transfer, &request, seconds_left(batch)) &&
      eq_multi_add(&batch->http->multi, transfer)) {
    batch->under_way++;
  } else {
    settle(L, batch, transfer);
  }
}

static void run(lua_State *L, struct batch *batch, size_t at_once)
{
  while (batch->started < batch->count || batch->under_way > 0) {
    while (batch->started < batch->count && batch->under_way < at_once) {
      start_next(L, batch);
    }
    if (batch->under_way > 0) {
      struct eq_transfer *transfer = eq_multi_next(&batch->http->multi);
      batch->under_way--;
      settle(L, batch, transfer);
    }
  }
}

int eq_batch(lua_State *L)
{
  double seconds = (double)lua_tonumber(L, EQ_BATCH_SECONDS);
  size_t at_once = (size_t)lua_tointeger(L, EQ_BATCH_AT_ONCE);
  size_t count = lua_rawlen(L, EQ_BATCH_REQUESTS);
  if (count > COUNT_MAX) {
    return luaL_error(L, "too many requests");
  }
  struct batch batch = {
      .http = lua_touserdata(L, EQ_BATCH_SELF),
      .count = count,
      .bounded = seconds < 1e9, /* else no end that an int64_t could hold */
  };
  if (batch.bounded) {
    batch.deadline =
        eq_now_ns() + (int64_t)(fmax(seconds, -1) * (double)EQ_NS_PER_S);
  }
  batch.kept = lua_newuserdata(L, (count + 1) * sizeof *batch.kept); /* KEPT */
  lua_createtable(L, (int)count, 0); /* RESULTS */
  lua_newtable(L);                   /* BODIES */
  lua_pushnil(L);                    /* LAST */
  luaL_checkstack(L, LUA_MINSTACK, "batch");
  read_all(L, &batch);
  CURLcode rc = eq_multi_enter(&batch.http->multi, (long)at_once);
  if (rc == CURLE_OK) {
    run(L, &batch, at_once);
  }
  while (batch.started < count) {
    settle_early(L, batch.started++, rc);
  }
  lua_pushvalue(L, RESULTS);
  return 1;
}
