/*
 * libcurl: the library itself, which is loaded when it is first needed.
 *
 * Laws of this file:
 * - to load libcurl and the thirty libraries behind it takes as long as all
 *   the rest of a short command, and a token that is stored takes no transfer;
 *   so where the Makefile knows its name (EQ_LIBCURL) the module is not linked
 *   with it, and libcurl.c has a function of the same name for each that is
 *   used here: it loads libcurl if that is not loaded yet, and calls it there;
 * - what can't be loaded is an error in Lua: a function that begins with
 *   libcurl says so first by eq_libcurl_require().
 */
#ifndef EQ_HTTP_LIBCURL_H
#define EQ_HTTP_LIBCURL_H

#include "base/compat.h"

/* Loads it. Raises where that fails. Cheap when it is loaded. */
void eq_libcurl_require(lua_State *L);

/* An address inside of it, for dladdr. It is loaded. */
void *eq_libcurl_address(void);

#endif
