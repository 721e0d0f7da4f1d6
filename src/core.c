/*
 * core: the C module `equinix.core`. It composes and does nothing else: each
 * file beside it is one concept and pushes one value.
 */
#include "base/compat.h"

/* These bring plain functions, which join the module. */
static const lua_CFunction plain[] = {
    eq_open_clock,  eq_open_crowd,    eq_open_digest,  eq_open_drain,
    eq_open_ending, eq_open_exec,     eq_open_folder,  eq_open_http,
    eq_open_input,  eq_open_output,   eq_open_process, eq_open_seal,
    eq_open_url,    eq_open_versions,
};

/* Opens a part and moves its functions into the module on the stack. */
static void merge(lua_State *L, lua_CFunction open)
{
  open(L); /* [core, functions] */
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) { /* [core, functions, name, function] */
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_settable(L, -5);
  }
  lua_pop(L, 1);
}

__attribute__((visibility("default"))) int luaopen_equinix_core(lua_State *L);

int luaopen_equinix_core(lua_State *L)
{
  luaL_checkversion(L); /* some Luas would load what another one's is */
  eq_pin();
  lua_newtable(L);
  for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
    merge(L, plain[i]);
  }
  eq_open_tokens(L);
  lua_setfield(L, -2, "tokens");
  lua_pushliteral(L, EQ_VERSION);
  lua_setfield(L, -2, "_VERSION");
  return 1;
}
