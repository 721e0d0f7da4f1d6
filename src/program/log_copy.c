/*
 * log_copy: standard input to standard error, without ever waiting for it.
 *
 * Law of this file: a program that writes to us is never held up because our
 * standard error is not read: by a pager, by a terminal that was stopped, by a
 * pipe that was forgotten. What can't be written now is dropped, in whole
 * lines.
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
#include "core.h"

/* A pipe that has room takes that much at once (PIPE_BUF of Linux). */
#define PIECE 4096

/* How long to wait for a slow reader. After a reader has missed it, there is
 * no wait until it reads again. */
#define PATIENCE_MS 100

/* The capacity we ask for our input pipe (all that Linux allows), and how long
 * it may fill between two reads: at 10 MB a second that is 100 kB. */
#define SOURCE_SIZE (1 << 20)
#define GATHER_NS 10000000L

/*
 * Other processes share the open file of standard error, so it must not be
 * made non-blocking. A pipe or terminal is opened a second time, for us alone.
 * Where that fails, poll() before each write has to do.
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

/* Widens the input pipe; true: it is large enough to fill for a while. */
static bool widen_source(void)
{
#ifdef F_SETPIPE_SZ
  return fcntl(STDIN_FILENO, F_SETPIPE_SZ, SOURCE_SIZE) >= SOURCE_SIZE;
#else
  return false;
#endif
}

/* Each time we run takes a processor from the writers, where there are few. */
static void let_gather(void)
{
  const struct timespec pause = {.tv_nsec = GATHER_NS};
  (void)nanosleep(&pause, NULL); /* cut short: we run once more, no harm */
}

static ssize_t read_some(char *bytes, size_t room)
{
  for (;;) {
    ssize_t n = read(STDIN_FILENO, bytes, room);
    if (n >= 0 || errno != EINTR) {
      return n;
    }
  }
}

/* False when not all of it was written, for whatever reason. */
static bool write_all(int target, const char *bytes, size_t n, int patience)
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

/* How many bytes are whole lines; a line that fills the piece is cut. */
static size_t whole_lines(const char *bytes, size_t n)
{
  size_t end = n;
  while (end > 0 && bytes[end - 1] != '\n') {
    end--;
  }
  return end > 0 || n < PIECE ? end : n;
}

static void copy(int target)
{
  char bytes[PIECE];
  size_t n = 0;
  int patience = PATIENCE_MS;
  bool wide = widen_source();
  for (;;) {
    size_t room = sizeof bytes - n;
    ssize_t got = read_some(bytes + n, room);
    if (got <= 0) {
      break;
    }
    if (wide && (size_t)got < room) {
      let_gather(); /* the pipe is empty now */
    }
    n += (size_t)got;
    size_t end = whole_lines(bytes, n);
    if (end > 0) {
      patience = write_all(target, bytes, end, patience) ? PATIENCE_MS : 0;
      n -= end;
      memmove(bytes, bytes + end, n);
    }
  }
  (void)write_all(target, bytes, n, patience); /* a last line without an end */
}

/*
 * core.copy_log(). Copies standard input to standard error, up to its end.
 * What is not read within 0.1 s is dropped, in lines, and so is what comes
 * until the reader reads again. SIGPIPE has to be ignored. Blocks this OS
 * thread.
 */
static int l_copy_log(lua_State *L)
{
  (void)L;
  int target = open_target();
  copy(target);
  if (target != STDERR_FILENO) {
    (void)close(target);
  }
  return 0;
}

int eq_open_log_copy(lua_State *L)
{
  static const luaL_Reg functions[] = {{"copy_log", l_copy_log}, {NULL, NULL}};
  eq_newlib(L, functions);
  return 1;
}
