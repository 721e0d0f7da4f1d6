/*
 * prepared_request: a request that was read and checked once, to be sent
 * often.
 *
 * Laws of this file:
 * - it is what its table was then: a later change of the table changes
 *   nothing, as every string of it is kept;
 * - its header lines may hold a bearer token: they are wiped when it goes.
 */
#ifndef EQ_HTTP_PREPARED_REQUEST_H
#define EQ_HTTP_PREPARED_REQUEST_H

#include "base/compat.h"
#include "http/request.h"

/* The metatable of core.prepare's values. */
void eq_prepared_class(lua_State *L);

/* core.prepare(request) -> prepared. Raises what is wrong with the request. */
int eq_prepare(lua_State *L);

struct eq_prepared;

/* Raises unless the value at idx is one of them, and whole. */
void eq_prepared_check(lua_State *L, int idx);

/* Its request, good while the value is on the stack. */
const struct eq_request *eq_prepared_request(const struct eq_prepared *it);

#endif
