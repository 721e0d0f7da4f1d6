/*
 * core: the C module `equinix.core`, composed of the rooms beside this file.
 *
 * Laws of this file:
 * - it alone knows all rooms; a room knows base/ and itself;
 * - once loaded the module is never unloaded, however it was linked. Lua
 *   unloads a C module when its state is closed; the token table, the states
 *   of other threads and libcurl's own set-up live longer than that. (Our
 *   Makefile tells the linker the same; LuaRocks can't.)
 */
#include "core.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

#include <curl/curl.h>
#include <openssl/crypto.h>

#include "base/compat.h"
#include "http/engine_object.h"
#include "http/libcurl.h"
#include "program/termination.h"

/* The other reason to end a wait for input: the process has to terminate. */
int (*const eq_engine_stop_fd)(void) = eq_termination_fd;

/* --------------------------------------------------------------- versions */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char libcurl[256];

/* Libcurl writes its version into a buffer of its own at each call, so it is
 * called once for all threads. */
static void read_libcurl_version(void)
{
  (void)snprintf(libcurl, sizeof libcurl, "%s", curl_version());
}

/* core.versions() -> {libcurl = "libcurl/7.88.1 ...", libcrypto = "..."} */
static int l_versions(lua_State *L)
{
  eq_libcurl_require(L);
  (void)pthread_once(&once, read_libcurl_version);
  lua_newtable(L);
  lua_pushstring(L, libcurl);
  lua_setfield(L, -2, "libcurl");
  lua_pushstring(L, OpenSSL_version(OPENSSL_VERSION));
  lua_setfield(L, -2, "libcrypto");
  return 1;
}

/* ------------------------------------------------------------- the module */

static void keep_loaded(void)
{
  static const char here;
  Dl_info self;
  /* The module is loaded already, so this only adds the flag. The handle is
   * leaked on purpose. If it fails, the module is unloaded as any other. */
  if (dladdr(&here, &self) != 0 && self.dli_fname != NULL) {
    (void)dlopen(self.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
  }
}

/* These bring plain functions, which join the module. */
static const lua_CFunction openers[] = {
    eq_open_child,         eq_open_clock,          eq_open_date,
    eq_open_digest,        eq_open_engine,         eq_open_exact_text,
    eq_open_exec,          eq_open_file_mode,      eq_open_fork,
    eq_open_handle,        eq_open_identity_files, eq_open_libcurl,
    eq_open_log_copy,      eq_open_private_new,    eq_open_read_file,
    eq_open_record_dir,    eq_open_seal,           eq_open_signals,
    eq_open_stdio,         eq_open_surely_valid,   eq_open_termination,
    eq_open_text,          eq_open_tree,           eq_open_url,
    eq_open_whole_numbers,
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
  luaL_checkversion(L); /* some Luas would load a module made for another */
  keep_loaded();
  lua_newtable(L);
  for (size_t i = 0; i < sizeof openers / sizeof *openers; i++) {
    merge(L, openers[i]);
  }
  lua_pushcfunction(L, l_versions);
  lua_setfield(L, -2, "versions");
  eq_open_tokens(L);
  lua_setfield(L, -2, "tokens");
  lua_pushliteral(L, EQ_VERSION);
  lua_setfield(L, -2, "_VERSION");
  return 1;
}
