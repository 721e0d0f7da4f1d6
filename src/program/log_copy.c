/*
 * log_copy: standard input to standard error, without ever waiting for it.
 *
 * Law of this file: whoever writes to us never stands still because nobody
 * reads what we write: a pager, a terminal that was stopped, a pipe that was
 * forgotten. What can't be written now is lost, in whole lines.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/compat.h"

/* A pipe that has room takes that much at once (PIPE_BUF of Linux). */
#define PIECE 4096

/* For a reader that is there, only slow; one that was not is not waited for
 * until he reads again. */
#define PATIENCE_MS 100

/* What the pipe we read from is made to hold (all that Linux allows), and for
 * how long it fills: 10 MB a second are 100 kB by then. */
#define SOURCE_SIZE (1 << 20)
#define GATHER_NS 10000000L

/*
 * Others share the open file that is standard error: it can't be told not to
 * block. A pipe or terminal is opened a second time, for us alone. Where that
 * can't be, poll() has to do.
 */
static int open_target(void)
{
  struct stat about;
  if (fstat(STDERR_FILENO, &about) == 0 &&
      (S_ISFIFO(about.st_mode) || S_ISCHR(about.st_mode))) {
    int fd = open("/dev/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0) {
      return fd;
    }
  }
  return STDERR_FILENO;
}

/* Whether what we read from holds so much that it may gather for a while. */
static bool widen_source(void)
{
#ifdef F_SETPIPE_SZ
  return fcntl(STDIN_FILENO, F_SETPIPE_SZ, SOURCE_SIZE) >= SOURCE_SIZE;
#else
  return false;
#endif
}

/* Each time we are woken costs those who write, where processors are few. */
static void let_gather(void)
{
  const struct timespec pause = {.tv_nsec = GATHER_NS};
  (void)nanosleep(&pause, NULL); /* cut short: we are woken once more */
}

static ssize_t take(char *bytes, size_t room)
{
  for (;;) {
    ssize_t n = read(STDIN_FILENO, bytes, room);
    if (n >= 0 || errno != EINTR) {
      return n;
    }
  }
}

/* False when it is not all written, for whatever reason. */
static bool put(int target, const char *bytes, size_t n, int patience)
{
  while (n > 0) {
    struct pollfd output = {.fd = target, .events = POLLOUT};
    if (poll(&output, 1, patience) <= 0) {
      return false;
    }
    ssize_t written = write(target, bytes, n);
    if (written < 0) {
      return false;
    }
    bytes += written;
    n -= (size_t)written;
  }
  return true;
}

/* How much of it is whole lines; a line that fills it all is cut. */
static size_t whole_lines(const char *bytes, size_t n)
{
  size_t end = n;
  while (end > 0 && bytes[end - 1] != '\n') {
    end--;
  }
  return end > 0 || n < PIECE ? end : n;
}

static void drain(int target)
{
  char bytes[PIECE];
  size_t n = 0;
  int patience = PATIENCE_MS;
  bool wide = widen_source();
  for (;;) {
    size_t room = sizeof bytes - n;
    ssize_t got = take(bytes + n, room);
    if (got <= 0) {
      break;
    }
    if (wide && (size_t)got < room) {
      let_gather(); /* that was all */
    }
    n += (size_t)got;
    size_t end = whole_lines(bytes, n);
    if (end > 0) {
      patience = put(target, bytes, end, patience) ? PATIENCE_MS : 0;
      n -= end;
      memmove(bytes, bytes + end, n);
    }
  }
  (void)put(target, bytes, n, patience); /* it ends without a newline */
}

/*
 * core.drain(). Copies standard input to standard error to its end. What
 * nobody takes within 0.1 s is dropped, in lines, and so is what comes until
 * somebody does. SIGPIPE has to be ignored. Blocks this OS thread.
 */
static int l_drain(lua_State *L)
{
  (void)L;
  int target = open_target();
  drain(target);
  if (target != STDERR_FILENO) {
    (void)close(target);
  }
  return 0;
}

int eq_open_drain(lua_State *L)
{
  static const luaL_Reg functions[] = {{"drain", l_drain}, {NULL, NULL}};
  eq_newlib(L, functions);
  return 1;
}
