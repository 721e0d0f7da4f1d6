/*
 * prepared_request: a request that was read and checked once, to be sent
 * often.
 *
 * Laws of this file:
 * - a later change of its table changes nothing, as every string of it is
 *   kept;
 * - its header lines may hold a bearer token: they are wiped when it is
 *   collected.
 */
#ifndef EQ_HTTP_PREPARED_REQUEST_H
#define EQ_HTTP_PREPARED_REQUEST_H

#include "base/compat.h"
#include "http/request.h"

/* Makes the class of core.prepare's values. */
void eq_prepared_request_class(lua_State *L);

/* core.prepare(request) -> prepared. Raises what is wrong with the request. */
int eq_prepared_request_new(lua_State *L);

struct eq_prepared_request;

/* Raises unless the value at idx is one of them, and complete. */
void eq_prepared_request_check(lua_State *L, int idx);

/* Its request, valid while the value is on the stack. */
const struct eq_request *
eq_prepared_request_get(const struct eq_prepared_request *it);

#endif
