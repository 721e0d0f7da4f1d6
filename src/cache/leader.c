/*
 * leader: Linux knows all of it, other systems the pid only. The law is in
 * leader.h.
 */
#include "cache/leader.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/syscall.h>
#else
#include <stdatomic.h>
#endif

/* What we want of /proc/<pid>/stat, see proc(5). */
struct status {
  char state;       /* field 3 */
  uint64_t threads; /* field 20 */
  uint64_t start;   /* field 22 */
};

enum { STATE_FIELD = 3, THREADS_FIELD = 20, START_FIELD = 22 };

/*
 * Reads /proc/<pid>/stat. The fields we want lie in its first 400 bytes, so a
 * longer line may be cut.
 */
static bool read_stat(pid_t pid, char *text, size_t size)
{
  char path[64];
  int n = snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
  if (n < 0 || (size_t)n >= sizeof path) {
    return false;
  }
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return false;
  }
  ssize_t got;
  do {
    got = read(fd, text, size - 1);
  } while (got < 0 && errno == EINTR);
  (void)close(fd); /* only read: nothing can be lost */
  if (got <= 0) {
    return false;
  }
  text[got] = '\0';
  return true;
}

/*
 * Field 2 is the command's name in parentheses and may hold anything, spaces
 * and parentheses too: the fields are counted from its last ')'.
 */
static bool parse_stat(const char *text, struct status *status)
{
  const char *at = strrchr(text, ')');
  if (at == NULL || at[1] != ' ') {
    return false;
  }
  at += 2;
  status->state = *at;
  for (int field = STATE_FIELD; field < START_FIELD; field++) {
    if (field == THREADS_FIELD) {
      status->threads = strtoull(at, NULL, 10);
    }
    at = strchr(at, ' ');
    if (at == NULL) {
      return false;
    }
    at++;
  }
  status->start = strtoull(at, NULL, 10);
  return true;
}

static bool get_status(pid_t pid, struct status *status)
{
  char text[1024];
  return read_stat(pid, text, sizeof text) && parse_stat(text, status);
}

static uint64_t pid_space(void)
{
  struct stat space;
  if (stat("/proc/self/ns/pid", &space) != 0) {
    return 0;
  }
  return (uint64_t)space.st_ino;
}

/* Other systems have the kernel's number under various names. Our own does as
 * well, as it is only compared within one process. */
static pid_t thread_number(void)
{
#ifdef __linux__
  return (pid_t)syscall(SYS_gettid);
#else
  static _Atomic pid_t last;
  static _Thread_local pid_t mine;
  if (mine == 0) {
    mine = atomic_fetch_add(&last, 1) + 1;
  }
  return mine;
#endif
}

void eq_leader_self(struct eq_leader *self)
{
  struct status status;
  self->pid = getpid();
  self->thread = thread_number();
  self->start = get_status(self->pid, &status) ? status.start : 0;
  self->space = pid_space();
}

bool eq_leader_same(const struct eq_leader *a, const struct eq_leader *b)
{
  return a->pid == b->pid && a->thread == b->thread && a->start == b->start &&
         a->space == b->space;
}

bool eq_leader_dead(const struct eq_leader *leader)
{
  struct status status;
  /* In another namespace this pid is another process, or none: unknown. So it
   * is if only one side has /proc; if neither has, they count as the same. */
  if (leader->space != pid_space()) {
    return false;
  }
  /* EPERM: it is alive and belongs to another user. */
  if (kill(leader->pid, 0) != 0 && errno == ESRCH) {
    return true;
  }
  /* No /proc, or one that hides other users' processes: not certainly dead. */
  if (leader->start == 0 || !get_status(leader->pid, &status)) {
    return false;
  }
  if (status.start != leader->start) {
    return true;
  }
  /* A main thread that ended before the other threads is a zombie too. */
  return strchr("ZXx", status.state) != NULL && status.threads <= 1;
}
