/*
 * host: runs one Lua script in many threads or processes at once.
 *
 *   host [--threads N | --forks N] [--preload module] [--zombies]
 *        script.lua [arguments...]
 *
 * Each thread has a Lua state of its own. With --preload the parent requires
 * that module first, and forked children go on with the copy of its state, as
 * the workers of nginx do; else they make their own. --zombies: a killed child
 * is not reaped before the earlier ones have ended.
 *
 * The script sees the globals `worker` (1..N), `workers` (N) and `host`:
 *   host.barrier()        returns when all workers have called it; raises when
 *                         one failed, or after 30 s
 *   host.tally(i [, by])  adds to shared counter i (1..16), returns the sum;
 *                         independent of the code under test
 *   host.pid()            of this process
 *   host.worker_pid(i)    of worker i (--forks)
 *   host.kill(i, signal)  to worker i (--forks); its death is then no failure
 *   host.fork()           forks; returns true in the child (--forks)
 *   host.nap()            sleeps for about a millisecond
 *   host.cpu()            seconds of CPU this thread has used
 *   host.starve(n, f, ..) calls f in protected mode; its allocations fail from
 *                         the n-th on. Returns what pcall does
 * Exit status: 0 if every worker ended without an error.
 *
 * It needs Lua and threads, nothing else:
 *   cc -std=c11 -D_GNU_SOURCE -pthread -I<lua> -rdynamic -o host host.c
 *      -l<lua> -lm -ldl
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

enum { MAX_WORKERS = 64, TALLIES = 16, BARRIER_SECONDS = 30 };

/* Shared by all workers; forked ones inherit it. */
struct common {
  atomic_int arrived; /* at barriers, in all rounds together */
  atomic_bool failed;
  atomic_long tallies[TALLIES];
  _Atomic pid_t pids[MAX_WORKERS];
  atomic_bool doomed[MAX_WORKERS]; /* killed on purpose */
};

struct options {
  int workers;
  bool forks;
  bool zombies;
  const char *preload;
  int argc;
  char **argv; /* the script and its arguments */
};

static struct common *common;
static struct options options;

/* How many more allocations of this thread succeed; -1: all. */
static _Thread_local long rations = -1;

static _Thread_local int me;     /* index of this worker, from 0 */
static _Thread_local int passed; /* barriers that it has passed */

static void nap(void)
{
  struct timespec span = {0, 1000000};
  (void)nanosleep(&span, NULL);
}

static int host_nap(lua_State *L)
{
  (void)L;
  nap();
  return 0;
}

/* Spins, so that all start in the same microsecond. */
static int host_barrier(lua_State *L)
{
  int target = ++passed * options.workers;
  time_t limit = time(NULL) + BARRIER_SECONDS;
  atomic_fetch_add(&common->arrived, 1);
  while (atomic_load(&common->arrived) < target) {
    if (atomic_load(&common->failed)) {
      return luaL_error(L, "another worker failed");
    }
    if (time(NULL) > limit) {
      return luaL_error(L, "the others never came");
    }
    (void)sched_yield();
  }
  return 0;
}

static int host_tally(lua_State *L)
{
  lua_Integer i = luaL_checkinteger(L, 1);
  long by = (long)luaL_optinteger(L, 2, 0);
  luaL_argcheck(L, i >= 1 && i <= TALLIES, 1, "1 to 16 expected");
  lua_pushinteger(L, atomic_fetch_add(&common->tallies[i - 1], by) + by);
  return 1;
}

static int host_cpu(lua_State *L)
{
  struct timespec used = {0, 0};
  if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) != 0) {
    return luaL_error(L, "no CPU clock: %s", strerror(errno));
  }
  lua_pushnumber(L, (lua_Number)used.tv_sec + (lua_Number)used.tv_nsec / 1e9);
  return 1;
}

static int host_pid(lua_State *L)
{
  lua_pushinteger(L, getpid());
  return 1;
}

static int check_worker(lua_State *L)
{
  lua_Integer i = luaL_checkinteger(L, 1);
  luaL_argcheck(L, options.forks && i >= 1 && i <= options.workers, 1,
                "a forked worker expected");
  return (int)i - 1;
}

static int host_worker_pid(lua_State *L)
{
  lua_pushinteger(L, atomic_load(&common->pids[check_worker(L)]));
  return 1;
}

static int host_kill(lua_State *L)
{
  int target = check_worker(L);
  int number = (int)luaL_checkinteger(L, 2);
  atomic_store(&common->doomed[target], true);
  if (kill(atomic_load(&common->pids[target]), number) != 0) {
    return luaL_error(L, "kill: %s", strerror(errno));
  }
  return 0;
}

static int host_fork(lua_State *L)
{
  pid_t pid = options.forks ? fork() : -1; /* not among threads */
  luaL_argcheck(L, pid >= 0, 1, "can't fork");
  lua_pushboolean(L, pid == 0);
  return 1;
}

/* The allocator that luaL_newstate has set. */
static _Thread_local lua_Alloc plenty;

/* Lua tries again after a full collection, which has to fail, too. */
static void *allocate(void *ud, void *block, size_t from, size_t to)
{
  bool more = to > 0 && (block == NULL || to > from);
  if (more && rations == 0) {
    return NULL;
  }
  if (more && rations > 0) {
    rations--;
  }
  return plenty(ud, block, from, to);
}

static int host_starve(lua_State *L)
{
  long granted = (long)luaL_checkinteger(L, 1);
  luaL_checkstack(L, LUA_MINSTACK, "starving");
  lua_remove(L, 1);
  rations = granted;
  int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
  rations = -1;
  lua_pushboolean(L, status == 0);
  lua_insert(L, 1);
  return lua_gettop(L);
}

static lua_State *new_state(void)
{
  static const luaL_Reg functions[] = {
      {"barrier", host_barrier}, {"tally", host_tally},
      {"pid", host_pid},         {"worker_pid", host_worker_pid},
      {"kill", host_kill},       {"fork", host_fork},
      {"nap", host_nap},         {"starve", host_starve},
      {"cpu", host_cpu},         {NULL, NULL},
  };
  lua_State *L = luaL_newstate();
  if (L == NULL) {
    fputs("host: no memory for a Lua state\n", stderr);
    exit(EXIT_FAILURE);
  }
  void *ud = NULL;
  plenty = lua_getallocf(L, &ud);
  lua_setallocf(L, allocate, ud);
  luaL_openlibs(L);
  lua_newtable(L);
  for (const luaL_Reg *f = functions; f->name != NULL; f++) {
    lua_pushcfunction(L, f->func);
    lua_setfield(L, -2, f->name);
  }
  lua_setglobal(L, "host");
  return L;
}

static bool report(lua_State *L, int status)
{
  if (status != 0) {
    const char *message = lua_tostring(L, -1);
    fprintf(stderr, "worker %d: %s\n", me + 1,
            message != NULL ? message : "(error without a message)");
    atomic_store(&common->failed, true);
    lua_pop(L, 1);
  }
  return status == 0;
}

/* Runs the script to its end and closes the state. */
static bool work(lua_State *L, int index)
{
  me = index;
  passed = 0;
  lua_pushinteger(L, index + 1);
  lua_setglobal(L, "worker");
  lua_pushinteger(L, options.workers);
  lua_setglobal(L, "workers");
  lua_getglobal(L, "debug");
  lua_getfield(L, -1, "traceback");
  int handler = lua_gettop(L);
  bool ok = report(L, luaL_loadfile(L, options.argv[0]));
  if (ok) {
    for (int i = 1; i < options.argc; i++) {
      lua_pushstring(L, options.argv[i]);
    }
    ok = report(L, lua_pcall(L, options.argc - 1, 0, handler));
  }
  lua_close(L);
  return ok;
}

static void *thread_main(void *index)
{
  int *i = index;
  return work(new_state(), *i) ? NULL : index;
}

static bool run_threads(void)
{
  pthread_t threads[MAX_WORKERS];
  int indexes[MAX_WORKERS];
  bool ok = true;
  for (int i = 0; i < options.workers; i++) {
    indexes[i] = i;
    if (pthread_create(&threads[i], NULL, thread_main, &indexes[i]) != 0) {
      fputs("host: can't start a thread\n", stderr);
      exit(EXIT_FAILURE);
    }
  }
  for (int i = 0; i < options.workers; i++) {
    void *result = NULL;
    ok = pthread_join(threads[i], &result) == 0 && result == NULL && ok;
  }
  return ok;
}

static bool ended_well(int index, int status)
{
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    return true;
  }
  if (WIFSIGNALED(status) && atomic_load(&common->doomed[index])) {
    return true;
  }
  if (WIFSIGNALED(status)) {
    fprintf(stderr, "worker %d: killed by signal %d\n", index + 1,
            WTERMSIG(status));
  }
  atomic_store(&common->failed, true);
  return false;
}

static int index_of(pid_t pid)
{
  for (int i = 0; i < options.workers; i++) {
    if (atomic_load(&common->pids[i]) == pid) {
      return i;
    }
  }
  return -1;
}

static bool reap_all(void)
{
  bool ok = true;
  for (int i = 0; i < options.workers; i++) {
    int status = 0;
    pid_t which = options.zombies ? atomic_load(&common->pids[i]) : -1;
    pid_t pid = waitpid(which, &status, 0);
    int index = index_of(pid);
    ok = index >= 0 && ended_well(index, status) && ok;
  }
  return ok;
}

static bool run_forks(lua_State *parent)
{
  for (int i = 0; i < options.workers; i++) {
    pid_t pid = fork();
    if (pid < 0) {
      perror("host: fork");
      exit(EXIT_FAILURE);
    }
    if (pid == 0) {
      atomic_store(&common->pids[i], getpid());
      lua_State *L = options.preload != NULL ? parent : new_state();
      exit(work(L, i) ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    atomic_store(&common->pids[i], pid);
  }
  return reap_all();
}

static void preload(lua_State *L)
{
  lua_getglobal(L, "require");
  lua_pushstring(L, options.preload);
  if (!report(L, lua_pcall(L, 1, 0, 0))) {
    exit(EXIT_FAILURE);
  }
}

static bool parse(int argc, char **argv)
{
  int i = 1;
  options.workers = 1;
  for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
    if (strcmp(argv[i], "--zombies") == 0) {
      options.zombies = true;
    } else if (i + 1 == argc) {
      return false;
    } else if (strcmp(argv[i], "--preload") == 0) {
      options.preload = argv[++i];
    } else if (strcmp(argv[i], "--threads") == 0 ||
               strcmp(argv[i], "--forks") == 0) {
      options.forks = argv[i][2] == 'f';
      options.workers = atoi(argv[++i]);
    } else {
      return false;
    }
  }
  options.argc = argc - i;
  options.argv = argv + i;
  return options.argc > 0 && options.workers > 0 &&
         options.workers <= MAX_WORKERS;
}

int main(int argc, char **argv)
{
  if (!parse(argc, argv)) {
    fputs("usage: host [--threads N | --forks N] [--preload module] "
          "[--zombies] script.lua [arguments...]\n",
          stderr);
    return 2;
  }
  common = mmap(NULL, sizeof *common, PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (common == MAP_FAILED) {
    perror("host: mmap");
    return EXIT_FAILURE;
  }
  lua_State *parent = NULL;
  if (options.preload != NULL) {
    parent = new_state();
    preload(parent);
  }
  bool ok = options.forks ? run_forks(parent) : run_threads();
  if (parent != NULL) {
    lua_close(parent);
  }
  return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
