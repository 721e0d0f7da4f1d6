/*
 * push_response: the laws are in push_response.h.
 */
#include "http/push_response.h"

#include "http/exchange_run.h"

static void set_string(lua_State *L, const char *name, const char *value)
{
  lua_pushstring(L, value);
  lua_setfield(L, -2, name);
}

/* -> err */
static void push_error(lua_State *L, const struct eq_error *error)
{
  lua_createtable(L, 0, 5); /* [.., err] */
  set_string(L, "kind", error->kind);
  set_string(L, "code", error->code);
  set_string(L, "message", error->message);
  lua_pushboolean(L, error->sent);
  lua_setfield(L, -2, "maybe_sent");
  lua_pushboolean(L, error->retryable);
  lua_setfield(L, -2, "retryable");
}

/* "Name: value\r\n..." -> { {name, value}, ... } */
static void push_headers(lua_State *L, const char *rest)
{
  struct eq_field field;
  lua_createtable(L, 16, 0); /* [.., headers] */
  for (int i = 1; eq_response_field(&rest, &field); i++) {
    lua_createtable(L, 2, 0); /* [.., headers, pair] */
    lua_pushlstring(L, field.name, field.name_len);
    lua_rawseti(L, -2, 1);
    lua_pushlstring(L, field.value, field.value_len);
    lua_rawseti(L, -2, 2);
    lua_rawseti(L, -2, i);
  }
}

static void push_buffer(lua_State *L, const struct eq_buffer *buffer)
{
  lua_pushlstring(L, eq_buffer_text(buffer), buffer->len);
}

static void push_success(lua_State *L, const struct eq_transfer *transfer)
{
  const struct eq_response *response = &transfer->response;
  lua_createtable(L, 0, 6); /* [.., response] */
  lua_pushinteger(L, response->status);
  lua_setfield(L, -2, "status");
  push_buffer(L, &response->body);
  lua_setfield(L, -2, "body");
  lua_pushnumber(L, (lua_Number)transfer->elapsed);
  lua_setfield(L, -2, "elapsed");
  if (transfer->open_ended) {
    lua_pushboolean(L, true);
    lua_setfield(L, -2, "open_ended");
  }
  if (transfer->request.raw_headers) {
    push_buffer(L, &response->fields);
    lua_setfield(L, -2, "head");
    return;
  }
  push_headers(L, eq_buffer_text(&response->fields));
  lua_setfield(L, -2, "headers");
  set_string(L, "http_version", transfer->version);
  lua_pushinteger(L, transfer->connects);
  lua_setfield(L, -2, "connects");
}

void eq_push_response(lua_State *L, const struct eq_transfer *transfer)
{
  if (transfer->failed) {
    push_error(L, &transfer->error);
  } else {
    push_success(L, transfer);
  }
}

void eq_push_early_error(lua_State *L, CURLcode result)
{
  struct eq_error error;
  struct eq_error_facts facts = {.result = result, .detail = ""};
  eq_error_classify(&error, &facts);
  push_error(L, &error);
}

void eq_push_late_error(lua_State *L)
{
  lua_createtable(L, 0, 4); /* [.., err] */
  set_string(L, "kind", "timeout");
  set_string(L, "code", "queue");
  set_string(L, "message",
             "too many calls are in flight: this one was not "
             "begun before its deadline");
  lua_pushboolean(L, false);
  lua_setfield(L, -2, "maybe_sent");
}

static void push_exchange(lua_State *L, const struct eq_exchange_run *run)
{
  if (run->failed) {
    push_error(L, &run->error);
  } else {
    lua_createtable(L, 0, 4); /* [.., response] */
    push_buffer(L, &run->replies.bytes);
    lua_setfield(L, -2, "body");
    lua_pushnumber(L, (lua_Number)run->elapsed);
    lua_setfield(L, -2, "elapsed");
  }
  if (run->login_failed) {
    lua_pushboolean(L, true);
    lua_setfield(L, -2, "login_failed");
  }
  lua_pushboolean(L, run->kept);
  lua_setfield(L, -2, "kept");
}

/* The error of an exchange that was never begun. [.., err] */
static void as_exchange(lua_State *L, const struct eq_order *order)
{
  if (order->late) {
    set_string(L, "code", "timeout");
  }
  lua_pushboolean(L, false);
  lua_setfield(L, -2, "kept");
}

static bool has_failed(const struct eq_order *order)
{
  return order->run != NULL
             ? order->run->failed
             : order->transfer == NULL || order->transfer->failed;
}

void eq_push_result(lua_State *L, const struct eq_order *order)
{
  lua_createtable(L, 0, 2); /* [.., result] */
  lua_pushinteger(L, order->number);
  lua_setfield(L, -2, "number");
  if (order->late) {
    eq_push_late_error(L);
  } else if (order->run != NULL) {
    push_exchange(L, order->run);
  } else if (order->transfer == NULL) {
    eq_push_early_error(L, order->reason);
  } else {
    eq_push_response(L, order->transfer);
  }
  if (order->exchange != NULL && order->run == NULL) {
    as_exchange(L, order);
  }
  lua_setfield(L, -2, has_failed(order) ? "err" : "response");
}

int eq_headers(lua_State *L)
{
  push_headers(L, luaL_checkstring(L, 1));
  return 1;
}
