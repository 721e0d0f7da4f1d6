/*
 * send_many: many requests on one multi handle, a number of them at a time.
 *
 * Laws of this file:
 * - every request is read and checked before the first is sent; what is
 *   needed later is copied, so that each is read once; the same table again
 *   costs next to nothing;
 * - a response becomes a Lua value as soon as it is complete, and its transfer
 *   takes the next request: C never holds more than n responses.
 */
#ifndef EQ_HTTP_SEND_MANY_H
#define EQ_HTTP_SEND_MANY_H

#include "base/buffer.h"
#include "base/compat.h"
#include "http/multi.h"

/* The arguments on the stack, checked by the caller; the first is its own. */
enum {
  EQ_SEND_MANY_REQUESTS = 2, /* a table */
  EQ_SEND_MANY_AT_ONCE,      /* an integer of at least 1 */
  EQ_SEND_MANY_SECONDS       /* a number: the limit for all of them */
};

/*
 * -> { {response=}|{err=}, ... } in the order of the requests. `lines` is
 * used for the strings of all of them, and outlives the call. To be called in
 * protected mode: an error leaves transfers under way.
 */
int eq_send_many(lua_State *L, struct eq_multi *multi,
                 struct eq_buffer *lines);

#endif
