/*
 * fork: the laws are in fork.h; core.pid joins the core module.
 */
#include "base/fork.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/compat.h"
#include "core.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool noticed; /* under the lock */
static atomic_uint generation;

static void count_fork(void)
{
  atomic_fetch_add_explicit(&generation, 1, memory_order_relaxed);
}

int eq_fork_init(void)
{
  int failure = pthread_mutex_lock(&lock);
  if (failure != 0) {
    return failure;
  }
  failure = noticed ? 0 : pthread_atfork(NULL, NULL, count_fork);
  noticed = failure == 0;
  (void)pthread_mutex_unlock(&lock);
  return failure;
}

unsigned eq_fork_generation(void)
{
  return atomic_load_explicit(&generation, memory_order_relaxed);
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

int eq_open_fork(lua_State *L)
{
  static const luaL_Reg functions[] = {{"pid", l_pid}, {NULL, NULL}};
  eq_newlib(L, functions);
  return 1;
}
