/*
 * child: a command of the user's that prints something, run beside this
 * program.
 *
 * Laws of this file:
 * - nothing here waits: the caller asks now and then, so that a loop or an
 *   nginx goes on meanwhile, and ends the command when it has waited enough;
 * - the command is a process group of its own: what it has started ends with
 *   it, and with this program. The group's leader does nothing but wait, since
 *   a shell that waits for a program could not end that one. It inherits the
 *   environment and no open file; it reads nothing, and what it writes to
 *   standard error is dropped. Its output may be a secret, and is wiped;
 * - between fork and exec there are only calls that are safe in a child of a
 *   program with threads.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/compat.h"
#include "base/errno_name.h"
#include "base/fork.h"
#include "base/object.h"
#include "core.h"

#define CLASS "equinix.child"

/* No command gets a descriptor above this one, where closing them all at once
 * is not possible. */
#define FD_MAX 65536

/* Of what it prints, in bytes. */
enum { OUTPUT_MAX = 64 * 1024 };

struct child {
  bool open;           /* there may be something to end */
  pid_t pid;           /* also the number of its group */
  int fd;              /* its standard output */
  unsigned generation; /* of the process that has started it */
  bool exited;
  bool known; /* how it ended is in `status`; else the host has taken that */
  int status;
  struct eq_buffer output;
};

/* ------------------------------------------------------------- the command */

static void close_others(void)
{
#ifdef SYS_close_range
  if (syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0) == 0) {
    return;
  }
#endif
  long most = sysconf(_SC_OPEN_MAX);
  int end = most > 0 && most < FD_MAX ? (int)most : FD_MAX;
  for (int fd = STDERR_FILENO + 1; fd < end; fd++) {
    (void)close(fd);
  }
}

/* What a host ignores or blocks is no business of the command. */
static void default_signals(void)
{
  struct sigaction action;
  sigset_t none;
  memset(&action, 0, sizeof action);
  action.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; number++) {
    (void)sigaction(number, &action, NULL);
  }
  (void)sigemptyset(&none);
  (void)pthread_sigmask(SIG_SETMASK, &none, NULL);
}

/* Whatever ends the program ends the command too: on Linux, where a process
 * can ask for that. */
static void end_with(pid_t parent)
{
#ifdef __linux__
  if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() != parent) {
    _exit(127);
  }
#else
  (void)parent;
#endif
}

_Noreturn static void run(const char *command, int out)
{
  char sh[] = "sh";
  char option[] = "-c";
  char *argv[] = {sh, option, NULL, NULL};
  memcpy(&argv[2], &command, sizeof command); /* execv changes nothing */
  int null = open("/dev/null", O_RDWR);
  if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
      dup2(null, STDERR_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0) {
    close_others();
    (void)execv("/bin/sh", argv);
  }
  _exit(127); /* as a shell says that there is no such program */
}

static void end_group(int number)
{
  (void)number;
  (void)kill(0, SIGKILL);
}

/* Waits for the shell, and ends as it did. */
_Noreturn static void lead(pid_t shell)
{
  int status = 0;
  close_others();
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
    (void)close(fd);
  }
  while (waitpid(shell, &status, 0) < 0) {
    if (errno != EINTR) {
      _exit(127);
    }
  }
  if (WIFSIGNALED(status)) {
    (void)signal(WTERMSIG(status), SIG_DFL);
    (void)raise(WTERMSIG(status));
  }
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 127);
}

_Noreturn static void become(const char *command, int out, pid_t parent)
{
  struct sigaction action;
  (void)setpgid(0, 0);
  default_signals();
  memset(&action, 0, sizeof action);
  action.sa_handler = end_group;
  (void)sigaction(SIGTERM, &action, NULL);
  end_with(parent);
  pid_t shell = fork();
  if (shell == 0) {
    run(command, out); /* which puts back what SIGTERM does */
  }
  if (shell < 0) {
    _exit(127);
  }
  lead(shell);
}

/* A pipe whose ends are no standard file, and that no other child inherits.
 * 0 or an errno value. */
static int open_pipe(int ends[2])
{
  int made[2];
  if (pipe(made) != 0) {
    return errno;
  }
  int reason = 0;
  for (int i = 0; i < 2; i++) {
    ends[i] = fcntl(made[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    reason = ends[i] < 0 ? errno : reason;
    (void)close(made[i]);
  }
  if (reason == 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
    reason = errno;
  }
  for (int i = 0; reason != 0 && i < 2; i++) {
    if (ends[i] >= 0) {
      (void)close(ends[i]);
    }
  }
  return reason;
}

/* 0 or an errno value. */
static int start(struct child *child, const char *command)
{
  int ends[2] = {-1, -1};
  sigset_t all;
  sigset_t before;
  int reason = eq_fork_init();
  if (reason != 0 || (reason = open_pipe(ends)) != 0) {
    return reason;
  }
  (void)sigfillset(&all);
  /* No handler of the host runs in the child. */
  (void)pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t parent = getpid();
  pid_t pid = fork();
  if (pid == 0) {
    become(command, ends[1], parent);
  }
  reason = pid < 0 ? errno : 0;
  (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
  (void)close(ends[1]);
  if (reason != 0) {
    (void)close(ends[0]);
    return reason;
  }
  (void)setpgid(pid, pid); /* both do it: one of them comes first */
  child->pid = pid;
  child->fd = ends[0];
  child->generation = eq_fork_generation();
  child->open = true;
  return 0;
}

/* ------------------------------------------------------------- what it does
 */

/* Notes its end, if it has ended. Some hosts (nginx) take the end of every
 * child: then nothing is known but that. */
static void look(struct child *child)
{
  if (child->exited) {
    return;
  }
  pid_t pid = waitpid(child->pid, &child->status, WNOHANG);
  child->known = pid == child->pid;
  child->exited = child->known || (pid < 0 && errno == ECHILD);
}

/* Takes what is there. */
static enum eq_buffer_result take(struct child *child)
{
  enum eq_buffer_result result = EQ_BUFFER_OK;
  char part[4096];
  ssize_t n;
  do {
    n = read(child->fd, part, sizeof part);
    if (n > 0) {
      result = eq_buffer_add(&child->output, part, (size_t)n);
    }
  } while (result == EQ_BUFFER_OK && (n > 0 || (n < 0 && errno == EINTR)));
  eq_wipe(part, sizeof part);
  return result;
}

/* Ends it, and all that it has started. */
static void end(struct child *child)
{
  if (!child->open) {
    return;
  }
  child->open = false;
  /* In a child of fork it is no child, and the files are its own. */
  if (child->generation == eq_fork_generation()) {
    look(child);
    if (!child->exited) {
      (void)kill(-child->pid, SIGKILL);
      while (waitpid(child->pid, &child->status, 0) < 0 && errno == EINTR) {
      }
    }
  }
  (void)close(child->fd);
  eq_buffer_free(&child->output);
}

/* ---------------------------------------------------------------- for Lua */

/* core.start_command(command) -> child | nil, name of the error */
static int l_start_command(lua_State *L)
{
  size_t len = 0;
  const char *command = luaL_checklstring(L, 1, &len);
  luaL_argcheck(L, strlen(command) == len, 1, "a string without NUL expected");
  struct child *child = eq_newobject(L, sizeof *child, CLASS);
  eq_buffer_init(&child->output, OUTPUT_MAX);
  int os = start(child, command);
  if (os == 0) {
    return 1;
  }
  const char *name = eq_errno_name(os);
  lua_pushnil(L);
  lua_pushstring(L, name != NULL ? name : "an unknown error");
  return 2;
}

/* Pushes what has come of it, and ends it. */
static int push_end(lua_State *L, struct child *child)
{
  lua_pushlstring(L, eq_buffer_text(&child->output), child->output.len);
  int code = -1;
  int number = -1;
  if (child->known && WIFEXITED(child->status)) {
    code = WEXITSTATUS(child->status);
  } else if (child->known && WIFSIGNALED(child->status)) {
    number = WTERMSIG(child->status);
  }
  end(child);
  if (code >= 0) {
    lua_pushinteger(L, code);
  } else {
    lua_pushnil(L);
  }
  if (number >= 0) {
    lua_pushinteger(L, number);
  } else {
    lua_pushnil(L);
  }
  return 3;
}

/*
 * child:look() -> nothing: it runs | its output, exit code?, signal?
 *   | false: it printed too much, and was ended
 */
static int l_look(lua_State *L)
{
  struct child *child = luaL_checkudata(L, 1, CLASS);
  luaL_argcheck(L, child->open && child->generation == eq_fork_generation(), 1,
                "the command of this process has ended");
  look(child); /* before: what it has printed until its end is there */
  enum eq_buffer_result result = take(child);
  if (result != EQ_BUFFER_OK) {
    end(child);
  }
  if (result == EQ_BUFFER_NO_MEM) {
    return luaL_error(L, "not enough memory");
  }
  if (result == EQ_BUFFER_FULL) {
    lua_pushboolean(L, 0);
    return 1;
  }
  return child->exited ? push_end(L, child) : 0;
}

/* child:stop() ends it with all that it has started; a second call does
 * nothing. */
static int l_stop(lua_State *L)
{
  end(luaL_checkudata(L, 1, CLASS));
  return 0;
}

int eq_open_child(lua_State *L)
{
  static const luaL_Reg methods[] = {
      {"look", l_look}, {"stop", l_stop}, {NULL, NULL}};
  static const luaL_Reg metamethods[] = {{"__gc", l_stop}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"start_command", l_start_command},
                                       {NULL, NULL}};
  eq_newclass(L, CLASS, methods, metamethods);
  eq_newlib(L, functions);
  return 1;
}
