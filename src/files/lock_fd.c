/* hold: the laws are in lock_fd.h. */
#include "files/lock_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

/* The list grows by so many at once; more than a few are rarely open. */
#define STEP 16

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int *open_fds; /* all below are under the mutex; freed never */
static size_t count;
static size_t room;
static unsigned generation;
static int not_ready = ENOMEM; /* constant after the once */

static void before_fork(void)
{
  (void)pthread_mutex_lock(&mutex);
}

static void in_parent(void)
{
  (void)pthread_mutex_unlock(&mutex);
}

/* Closing takes no lock away: the parent has the file open still. */
static void in_child(void)
{
  for (size_t i = 0; i < count; i++) {
    (void)close(open_fds[i]);
  }
  count = 0;
  generation++;
  (void)pthread_mutex_unlock(&mutex);
}

static void init(void)
{
  not_ready = pthread_atfork(before_fork, in_parent, in_child);
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

int eq_hold_open(int dir, const char *name, int flags, mode_t mode)
{
  (void)pthread_once(&once, init);
  if (not_ready != 0) {
    errno = not_ready;
    return -1;
  }
  int fd = -1;
  int reason = ENOMEM;
  (void)pthread_mutex_lock(&mutex);
  if (has_room()) {
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

void eq_hold_close(int fd)
{
  (void)pthread_mutex_lock(&mutex);
  for (size_t i = 0; i < count; i++) {
    if (open_fds[i] == fd) {
      open_fds[i] = open_fds[--count];
      /* Under the mutex: else a child could close another file's number. */
      (void)close(fd);
      break;
    }
  }
  (void)pthread_mutex_unlock(&mutex);
}

bool eq_hold_try(int fd)
{
  int rc;
  do {
    rc = flock(fd, LOCK_EX | LOCK_NB);
  } while (rc != 0 && errno == EINTR);
  return rc == 0;
}

unsigned eq_hold_generation(void)
{
  (void)pthread_mutex_lock(&mutex);
  unsigned now = generation;
  (void)pthread_mutex_unlock(&mutex);
  return now;
}
