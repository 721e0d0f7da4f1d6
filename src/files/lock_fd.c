/*
 * lock_fd: the laws are in lock_fd.h.
 */
#include "files/lock_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fork.h"

/* The list grows by so many entries; rarely more than a few are open. */
#define STEP 16

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int *open_fds; /* these three are under the mutex; never freed */
static size_t count;
static size_t room;

static void before_fork(void)
{
  (void)pthread_mutex_lock(&mutex);
}

static void in_parent(void)
{
  (void)pthread_mutex_unlock(&mutex);
}

/* Closing ends no lock: the parent still has the file open. */
static void in_child(void)
{
  for (size_t i = 0; i < count; i++) {
    (void)close(open_fds[i]);
  }
  count = 0;
  (void)pthread_mutex_unlock(&mutex);
}

/* A holder compares eq_fork_generation before it uses a descriptor, so the
 * forks are counted whenever descriptors are listed here. Called under the
 * mutex. -> errno */
static int init(void)
{
  static bool done;
  int failure = done ? 0 : eq_fork_init();
  if (failure == 0 && !done) {
    failure = pthread_atfork(before_fork, in_parent, in_child);
    done = failure == 0;
  }
  return failure;
}

/* Room for one more. Called under the mutex. */
static bool has_room(void)
{
  if (count < room) {
    return true;
  }
  int *more = realloc(open_fds, (room + STEP) * sizeof *more);
  if (more == NULL) {
    return false;
  }
  open_fds = more;
  room += STEP;
  return true;
}

int eq_lock_fd_open(int dir, const char *name, int flags, mode_t mode)
{
  int fd = -1;
  (void)pthread_mutex_lock(&mutex);
  int reason = init();
  if (reason == 0 && !has_room()) {
    reason = ENOMEM;
  }
  if (reason == 0) {
    do {
      fd = openat(dir, name, flags | O_CLOEXEC, mode);
    } while (fd < 0 && errno == EINTR);
    reason = errno;
    if (fd >= 0) {
      open_fds[count++] = fd;
    }
  }
  (void)pthread_mutex_unlock(&mutex);
  errno = reason;
  return fd;
}

void eq_lock_fd_close(int fd)
{
  (void)pthread_mutex_lock(&mutex);
  for (size_t i = 0; i < count; i++) {
    if (open_fds[i] == fd) {
      open_fds[i] = open_fds[--count];
      /* Under the mutex: else a child could close a number in new use. */
      (void)close(fd);
      break;
    }
  }
  (void)pthread_mutex_unlock(&mutex);
}

bool eq_lock_fd_try(int fd)
{
  int rc;
  do {
    rc = flock(fd, LOCK_EX | LOCK_NB);
  } while (rc != 0 && errno == EINTR);
  return rc == 0;
}
