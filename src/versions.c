/*
 * versions: which libraries this core was loaded with.
 *
 * Law of this file: libcurl writes its version into a buffer of its own each
 * time it is asked, so it is asked once for all threads.
 */
#include <pthread.h>
#include <stdio.h>

#include <curl/curl.h>
#include <openssl/crypto.h>

#include "base/compat.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char libcurl[256];

static void ask(void)
{
  (void)snprintf(libcurl, sizeof libcurl, "%s", curl_version());
}

/* core.versions() -> {libcurl = "libcurl/7.88.1 ...", libcrypto = "..."} */
static int l_versions(lua_State *L)
{
  (void)pthread_once(&once, ask);
  lua_newtable(L);
  lua_pushstring(L, libcurl);
  lua_setfield(L, -2, "libcurl");
  lua_pushstring(L, OpenSSL_version(OPENSSL_VERSION));
  lua_setfield(L, -2, "libcrypto");
  return 1;
}

int eq_open_versions(lua_State *L)
{
  static const luaL_Reg functions[] = {{"versions", l_versions}, {NULL, NULL}};
  eq_newlib(L, functions);
  return 1;
}
