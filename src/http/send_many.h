/*
 * send_many: many requests on one handle, a number of them at a time.
 *
 * Laws of this file:
 * - every request is read, and found good, before the first is sent; what is
 *   needed later is copied, so that each is read once; one that comes again
 *   (the same table) costs next to nothing;
 * - an answer becomes a Lua value as soon as it is there, and its transfer
 *   takes the next request: what is in C's hands is never more than n answers.
 */
#ifndef EQ_HTTP_SEND_MANY_H
#define EQ_HTTP_SEND_MANY_H

#include "base/compat.h"

/* The arguments of eq_batch on the stack, checked by its caller. */
enum {
  EQ_BATCH_SELF = 1,
  EQ_BATCH_REQUESTS, /* a table */
  EQ_BATCH_AT_ONCE,  /* an integer of at least 1 */
  EQ_BATCH_SECONDS   /* a number: the limit for all of them */
};

/*
 * -> { {response=}|{err=}, ... } in the order of the requests. To be called
 * in protected mode: an error leaves transfers under way.
 */
int eq_batch(lua_State *L);

#endif
