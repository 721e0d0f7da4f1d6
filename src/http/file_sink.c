/*
 * file_sink: the law is in file_sink.h.
 */
#include "http/file_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* mkstemp replaces the X's so that the name is a new one. */
#define TEMP_SUFFIX ".XXXXXX"

void eq_file_sink_init(struct eq_file_sink *sink)
{
  *sink = (struct eq_file_sink){.fd = -1};
}

static void release(struct eq_file_sink *sink)
{
  free(sink->path);
  free(sink->temp);
  eq_file_sink_init(sink);
}

/* Fills in both names. False: no memory. */
static bool set_names(struct eq_file_sink *sink, const char *path)
{
  size_t len = strlen(path);
  sink->path = strdup(path);
  sink->temp = malloc(len + sizeof TEMP_SUFFIX);
  if (sink->path == NULL || sink->temp == NULL) {
    return false;
  }
  memcpy(sink->temp, path, len);
  memcpy(sink->temp + len, TEMP_SUFFIX, sizeof TEMP_SUFFIX);
  return true;
}

/* A rename would replace a device by a file (as root it would succeed). A
 * link is replaced like a file. */
static int check_target(const char *path)
{
  struct stat there;
  if (lstat(path, &there) != 0 || S_ISREG(there.st_mode) ||
      S_ISLNK(there.st_mode)) {
    return 0; /* other problems appear when the file is created */
  }
  return S_ISDIR(there.st_mode) ? EISDIR : ENOTSUP;
}

int eq_file_sink_open(struct eq_file_sink *sink, const char *path)
{
  int unfit = check_target(path);
  if (unfit != 0) {
    return unfit;
  }
  if (!set_names(sink, path)) {
    release(sink);
    return ENOMEM;
  }
  /* Implies O_EXCL: a link that someone else put there is not followed. */
  sink->fd = mkostemp(sink->temp, O_CLOEXEC);
  if (sink->fd < 0) {
    int reason = errno;
    release(sink);
    return reason;
  }
  return 0;
}

int eq_file_sink_write(struct eq_file_sink *sink, const void *bytes, size_t n)
{
  const char *next = bytes;
  while (n > 0) {
    ssize_t written = write(sink->fd, next, n);
    if (written < 0) {
      if (errno == EINTR) {
        continue;
      }
      int reason = errno;
      eq_file_sink_abandon(sink);
      return reason;
    }
    next += written;
    n -= (size_t)written;
  }
  return 0;
}

int eq_file_sink_commit(struct eq_file_sink *sink)
{
  /* close reports what a network file system could not store. */
  int closed = close(sink->fd);
  int reason = closed == 0 ? 0 : errno;
  sink->fd = -1;
  if (reason == 0 && rename(sink->temp, sink->path) != 0) {
    reason = errno;
  }
  if (reason != 0) {
    (void)unlink(sink->temp); /* best effort: the reason is reported */
  }
  release(sink);
  return reason;
}

void eq_file_sink_abandon(struct eq_file_sink *sink)
{
  if (!eq_file_sink_is_open(sink)) {
    return;
  }
  (void)close(sink->fd); /* the file is removed: its bytes don't matter */
  (void)unlink(sink->temp);
  release(sink);
}
