/*
 * push_response: the result of a transfer, as Lua tables.
 *
 * Law of this file: the shapes are those of lua/equinix/transport/curl.lua,
 * plain tables without functions, so that they can cross into another Lua
 * state.
 */
#ifndef EQ_HTTP_PUSH_RESPONSE_H
#define EQ_HTTP_PUSH_RESPONSE_H

#include "base/compat.h"
#include "http/order_list.h"
#include "http/transfer.h"

/* Pushes the response of a finished transfer, or its err when it failed. */
void eq_push_response(lua_State *L, const struct eq_transfer *transfer);

/* Pushes the err of a failure before there was a transfer. */
void eq_push_early_error(lua_State *L, CURLcode result);

/* The error of a request that was never begun before its deadline. */
void eq_push_late_error(lua_State *L);

/* Pushes the result of an order that has ended: { number=, response=|err= }.
 */
void eq_push_result(lua_State *L, const struct eq_order *order);

/*
 * core.headers(head) -> { {name, value}, ... }
 * Parses the head of a response that was requested with raw_headers into the
 * headers that it would have had otherwise.
 */
int eq_headers(lua_State *L);

#endif
