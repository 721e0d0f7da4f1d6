/*
 * fork: the law is in fork.h; the Lua side of it joins the core module.
 */
#include "base/fork.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/compat.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode result; /* these two are constant after the once */
static bool has_sigpipe;
static atomic_uint generation;

static void count_fork(void)
{
  atomic_fetch_add_explicit(&generation, 1, memory_order_relaxed);
}

static void init(void)
{
  if (pthread_atfork(NULL, NULL, count_fork) != 0) {
    result = CURLE_OUT_OF_MEMORY;
    return;
  }
  result = curl_global_init(CURL_GLOBAL_DEFAULT);
  has_sigpipe = curl_version_info(CURLVERSION_NOW)->version_num < 0x075700;
}

CURLcode eq_process_init(void)
{
  return pthread_once(&once, init) == 0 ? result : CURLE_FAILED_INIT;
}

unsigned eq_process_generation(void)
{
  return atomic_load_explicit(&generation, memory_order_relaxed);
}

bool eq_process_has_sigpipe(void)
{
  return eq_process_init() != CURLE_OK || has_sigpipe;
}

/*
 * core.pid() -> the number of this process: what was opened by another one,
 * before a fork, is not for use here.
 */
static int l_pid(lua_State *L)
{
  lua_pushinteger(L, (lua_Integer)getpid());
  return 1;
}

int eq_open_process(lua_State *L)
{
  static const luaL_Reg functions[] = {{"pid", l_pid}, {NULL, NULL}};
  eq_newlib(L, functions);
  return 1;
}
