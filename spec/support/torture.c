/*
 * torture: runs one call of a Lua script again and again; in the n-th run the
 * n-th allocation fails.
 *
 *   torture lua|c|/NAME once|on FIRST STEP script.lua [arguments...]
 *
 *   lua    allocations of Lua's; else those of the C library in this process,
 *          of all (c) or those that one library asks for (/libssl)
 *   once   that one fails; else all from there on, until the call has ended
 *   FIRST  n begins there and grows by STEP, until no allocation failed
 *
 * The script returns a table of functions. Two states run it, before anything
 * fails; in each run a forked child goes on with the copies of both:
 *   ready(n)   in both; may prepare the call
 *   call(n)    in the first one: this is what has too little memory. It
 *              returns a value, or nil and an error, or raises
 *   check(n)   then in the first one, in a forked child in the other, and, in
 *              some runs, in the other itself and in a state made afterwards;
 *              raises where something does not work
 * What a run may end with: a value, or an error of the kind "memory" (or Lua's
 * own). All else is a fault: another error, a check that fails or waits for a
 * lock, a signal, an end that does not come, and a block that the module or
 * libcurl still has when both states are closed.
 *
 * With TRACE in the environment it shows where the allocation was asked for.
 * It prints one line: tried, memory, values, faults; and the faults before.
 * What libcurl, the libraries for TLS and LuaJIT do is counted apart
 * ("outside"): that they crash; that libcrypto or libssl can't be used any
 * more, as what they prepare once is not tried again; over TLS only, that the
 * connection failed, which is what OpenSSL makes of it, and that the heap is
 * damaged: libcurl 7.88 frees the name of a host twice when it has no memory
 * to keep a TLS session.
 */
#include <errno.h>
#include <execinfo.h>
#include <signal.h>
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

#include "torture_memory.h"

/* SECONDS: a run that takes longer hangs. HELD: a check that takes longer has
 * waited for a lock. OTHER, NEW_STATE: every so many runs. */
enum { SECONDS = 120, HELD = 8, OTHER = 8, NEW_STATE = 61, MOST_FAULTS = 40 };

/* What a run ends with. */
enum { DONE, MEMORY, VALUE, FAULT, OUTSIDE, KINDS };

static struct {
  struct torture_faults faults;
  long first, step;
  const char *script;
  int argc;
  char **argv;
  bool is_tls; /* one of the arguments is an https URL */
} options;

/* -------------------------------------------------------------------- runs */

struct shared {
  long live;       /* blocks that a run without a fault leaves */
  char fault[512]; /* of the last run */
};
static struct shared *shared;

static int fault(const char *what, const char *message)
{
  (void)snprintf(shared->fault, sizeof shared->fault, "%s: %s", what,
                 message != NULL ? message : "(no message)");
  return FAULT;
}

static lua_State *new_state(void)
{
  lua_State *L = luaL_newstate();
  if (L == NULL) {
    fputs("torture: no Lua state\n", stderr);
    exit(2);
  }
  torture_take_over(L);
  luaL_openlibs(L);
  if (luaL_loadfile(L, options.script) != 0) {
    fprintf(stderr, "torture: %s\n", lua_tostring(L, -1));
    exit(2);
  }
  for (int i = 0; i < options.argc; i++) {
    lua_pushstring(L, options.argv[i]);
  }
  if (lua_pcall(L, options.argc, 1, 0) != 0 || !lua_istable(L, -1)) {
    fprintf(stderr, "torture: %s\n", lua_tostring(L, -1));
    exit(2);
  }
  return L; /* [script] */
}

/* Calls a function of the script. -> pcall's status, with two results. */
static int call(lua_State *L, const char *name, long n)
{
  lua_settop(L, 1);
  lua_getfield(L, 1, name);
  lua_pushinteger(L, (lua_Integer)n);
  return lua_pcall(L, 1, 2, 0);
}

static const char *text_of(lua_State *L, int idx)
{
  if (luaL_callmeta(L, idx, "__tostring")) {
    return lua_tostring(L, -1);
  }
  return lua_isstring(L, idx) ? lua_tostring(L, idx) : luaL_typename(L, idx);
}

static bool has_one_of(const char *text, const char *const *words)
{
  while (*words != NULL && strstr(text, *words) == NULL) {
    words++;
  }
  return *words != NULL;
}

/* What libraries say where their own first allocations fail: libcrypto never
 * recovers from it, and TLS has many words for it. */
static bool is_outside(lua_State *L, int idx)
{
  static const char *const crypto[] = {"libcrypto can't compute", NULL};
  static const char *const tls[] = {
      "the TLS handshake failed", "is not trusted", "connection broke",
      "the connection ended before a response", "couldn't create a context",
      /* the same in the service's words */
      "certificate could not be verified", "Equinix could not be reached",
      NULL};
  if (options.faults.lua) {
    return false;
  }
  const char *text = text_of(L, idx);
  return has_one_of(text, crypto) || (options.is_tls && has_one_of(text, tls));
}

static bool is_memory(lua_State *L, int idx)
{
  if (options.faults.trace) {
    fprintf(stderr, "    %s\n", text_of(L, idx));
  }
  if (lua_type(L, idx) == LUA_TSTRING) {
    return strstr(lua_tostring(L, idx), "not enough memory") != NULL;
  }
  if (!lua_istable(L, idx)) {
    return false;
  }
  lua_getfield(L, idx, "kind");
  const char *kind = lua_tostring(L, -1);
  lua_pop(L, 1);
  return kind != NULL && strcmp(kind, "memory") == 0;
}

/* The call with too little memory. */
static int tortured(lua_State *L, long n)
{
  lua_settop(L, 1);
  luaL_checkstack(L, 40, "torture");
  lua_getfield(L, 1, "call");
  lua_pushinteger(L, (lua_Integer)n);
  torture_arm(L, &options.faults, n);
  int status = lua_pcall(L, 1, 2, 0);
  bool has_failed = torture_disarm();
  if (status != 0) {
    return is_memory(L, 2)    ? MEMORY
           : is_outside(L, 2) ? OUTSIDE
                              : fault("it raised", text_of(L, 2));
  }
  if (lua_toboolean(L, 2)) {
    return has_failed ? VALUE : DONE;
  }
  return is_memory(L, 3)    ? MEMORY
         : is_outside(L, 3) ? OUTSIDE
                            : fault("it returned", text_of(L, 3));
}

static double seconds(void)
{
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool works(lua_State *L, const char *where, long n)
{
  double start = seconds();
  if (call(L, "check", n) != 0) {
    if (is_outside(L, 2) ||
        (is_memory(L, 2) && torture_was_in("/libcrypto"))) {
      _exit(OUTSIDE);
    }
    (void)fault(where, text_of(L, 2));
    return false;
  }
  if (seconds() - start > HELD) {
    (void)fault(where, "a lock was held");
    return false;
  }
  return true;
}

static bool works_in_child(lua_State *L, long n)
{
  pid_t pid = fork();
  if (pid == 0) {
    _exit(works(L, "in a forked child", n) ? 0 : 1);
  }
  int status = -1;
  if (pid < 0 || waitpid(pid, &status, 0) != pid) {
    (void)fault("in a forked child", strerror(errno));
  } else if (WIFEXITED(status) && WEXITSTATUS(status) == OUTSIDE) {
    _exit(OUTSIDE);
  } else if (status != 0 && *shared->fault == '\0') {
    (void)fault("in a forked child", "it crashed");
  }
  return status == 0;
}

static bool works_anew(long n)
{
  if (n % NEW_STATE != 0) {
    return true;
  }
  lua_State *L = new_state();
  bool ok = call(L, "ready", n) == 0 && works(L, "in a new state", n);
  lua_close(L);
  return ok;
}

static int run(lua_State *first, lua_State *other, long n)
{
  (void)alarm(SECONDS);
  if (call(first, "ready", n) != 0) {
    return fault("before", text_of(first, 2));
  }
  if (call(other, "ready", n) != 0) {
    return fault("before, elsewhere", text_of(other, 2));
  }
  int kind = tortured(first, n);
  if (kind == FAULT || kind == OUTSIDE) {
    return kind;
  }
  if (!works(first, "afterwards", n) ||
      (n % OTHER == 0 && !works(other, "in another state", n)) ||
      !works_in_child(other, n) || !works_anew(n)) {
    return FAULT;
  }
  lua_close(first);
  lua_close(other);
  if (n == 0) {
    shared->live = torture_blocks();
  } else if (torture_blocks() > shared->live) {
    char text[80];
    (void)snprintf(text, sizeof text, "%ld blocks, not %ld", torture_blocks(),
                   shared->live);
    return fault("a leak", text);
  }
  return kind;
}

/* Where it crashed: in a library that is not ours, or in what that called? */
static void on_crash(int number)
{
  void *frames[8]; /* this one, the signal's, and where it was */
  int n = backtrace(frames, 8);
  if (options.faults.trace) {
    backtrace_symbols_fd(frames, n, STDERR_FILENO);
  }
  if (number == SIGABRT ? torture_was_in("/libssl")
                        : torture_is_outside(frames, n)) {
    _exit(OUTSIDE);
  }
  (void)signal(number, SIG_DFL);
  (void)raise(number);
}

static void watch_crashes(void)
{
  void *frame = NULL;
  (void)backtrace(&frame, 1); /* loads what it needs, now */
  (void)signal(SIGSEGV, on_crash);
  (void)signal(SIGFPE, on_crash);
  (void)signal(SIGBUS, on_crash);
  (void)signal(SIGABRT, on_crash);
}

/* The same in a child. */
static int run_in_child(lua_State *first, lua_State *other, long n)
{
  *shared->fault = '\0';
  pid_t pid = fork();
  if (pid < 0) {
    perror("torture: fork");
    exit(2);
  }
  if (pid == 0) {
    watch_crashes();
    int kind = run(first, other, n);
#if defined(__SANITIZE_ADDRESS__)
    exit(kind); /* which looks for leaks */
#else
    _exit(kind);
#endif
  }
  int status = 0;
  if (waitpid(pid, &status, 0) != pid) {
    perror("torture: waitpid");
    exit(2);
  }
  if (WIFSIGNALED(status)) {
    return fault(WTERMSIG(status) == SIGALRM ? "it hangs" : "a crash",
                 strsignal(WTERMSIG(status)));
  }
  if (WEXITSTATUS(status) >= KINDS) {
    return fault("it ended", "by exit()");
  }
  return WEXITSTATUS(status);
}

static bool parse(int argc, char **argv)
{
  if (argc < 6) {
    return false;
  }
  options.faults.lua = strcmp(argv[1], "lua") == 0;
  options.faults.library = argv[1][0] == '/' ? argv[1] : NULL;
  options.faults.once = strcmp(argv[2], "once") == 0;
  options.first = atol(argv[3]);
  options.step = atol(argv[4]);
  options.script = argv[5];
  options.argc = argc - 6;
  options.argv = argv + 6;
  for (int i = 0; i < options.argc; i++) {
    options.is_tls |= strncmp(options.argv[i], "https:", 6) == 0;
  }
  return options.first > 0 && options.step > 0;
}

int main(int argc, char **argv)
{
  if (!parse(argc, argv)) {
    fputs("usage: torture lua|c|/NAME once|on FIRST STEP script.lua [...]\n",
          stderr);
    return 2;
  }
  void *frame = NULL;
  options.faults.trace = getenv("TRACE") != NULL && backtrace(&frame, 1) > 0;
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) {
    perror("torture: mmap");
    return 2;
  }
  lua_State *first = new_state();
  lua_State *other = new_state();
  torture_find_libraries(options.faults.library);
  if (run_in_child(first, other, 0) != DONE) {
    fprintf(stderr, "torture: without a fault: %s\n", shared->fault);
    return 2;
  }
  long tally[KINDS] = {0};
  int kind;
  for (long n = options.first;; n += options.step) {
    kind = run_in_child(first, other, n);
    tally[kind]++;
    if (kind == FAULT && tally[FAULT] <= MOST_FAULTS) {
      printf("  n=%ld: %s\n", n, shared->fault);
      (void)fflush(stdout);
    }
    if (kind == DONE || tally[FAULT] > 10 * MOST_FAULTS) {
      break;
    }
  }
  printf("%ld tried, %ld memory, %ld values, %ld outside, %ld faults\n",
         tally[MEMORY] + tally[VALUE] + tally[OUTSIDE] + tally[FAULT],
         tally[MEMORY], tally[VALUE], tally[OUTSIDE], tally[FAULT]);
  return tally[FAULT] == 0 ? 0 : 1;
}
