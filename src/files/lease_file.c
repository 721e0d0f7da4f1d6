/*
 * lease_file: the laws are in lease_file.h.
 */
#include "files/lease_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/fork.h"
#include "files/cleanup.h"
#include "files/lock_fd.h"

/* Later than the end of any token, and far from the end of time_t. */
#define LAST_SECOND 4e9

/* Room for a number, a blank and the id of a boot. */
enum { END_SIZE = 96 };

/* ------------------------------------------------------- end of the lease */

/* Which clock it is: each boot of each machine has its own. */
static char boot[40] = "-";
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void read_boot(void)
{
#ifdef __linux__
  int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return;
  }
  ssize_t n = read(fd, boot, sizeof boot - 1);
  (void)close(fd);
  size_t len = n > 0 ? (size_t)n : 0;
  boot[len] = '\0';
  boot[strcspn(boot, "\n")] = '\0';
#endif
}

/* Writes the end of the lease. 0 or an errno value. */
static int write_end(int fd, int64_t end)
{
  char text[END_SIZE];
  (void)pthread_once(&once, read_boot);
  int len = snprintf(text, sizeof text, "%" PRId64 " %s", end, boot);
  /* A file that is cut short reads as a lease that is over. */
  if (ftruncate(fd, 0) != 0) {
    return errno;
  }
  ssize_t n = pwrite(fd, text, (size_t)len, 0);
  return n == len ? 0 : n < 0 ? errno : ENOSPC;
}

/* Is the lease of this file over, though its holder lives? If there is no
 * end, yes: it is written before another process may read the file. */
static bool is_over(int fd)
{
  char text[END_SIZE];
  ssize_t n = pread(fd, text, sizeof text - 1, 0);
  if (n <= 0) {
    return true;
  }
  text[n] = '\0';
  char *rest;
  intmax_t end = strtoimax(text, &rest, 10);
  if (rest == text || *rest != ' ') {
    return true;
  }
  (void)pthread_once(&once, read_boot);
  /* The clock of another machine (network file system) can't be compared. */
  return strcmp(rest + 1, boot) == 0 && end <= eq_now_ns();
}

/* --------------------------------------------------------------- the lease */

static void name_file(char *file, const char *name, const char *ending)
{
  (void)snprintf(file, EQ_FILE_SIZE, "%s%s", name, ending);
}

static int64_t end_after(int64_t ns)
{
  int64_t now = eq_now_ns();
  return ns < INT64_MAX - now ? now + ns : INT64_MAX;
}

/* Writes the end of the lease. Under the folder's lock. */
static enum eq_file_result note_end(struct eq_private_dir *dir,
                                    const char *file, int fd, int64_t end)
{
  int reason = write_end(fd, end);
  return reason == 0
             ? EQ_FILE_DONE
             : eq_private_dir_fail(dir, file, "it can't be written", reason);
}

/* Opens and locks the file of a lease that is free, abandoned or over. */
static enum eq_file_result open_lease(struct eq_private_dir *dir,
                                      const char *file, int *fd)
{
  enum eq_file_result result =
      eq_private_dir_open_file(dir, file, O_RDWR | O_CREAT, fd);
  if (result != EQ_FILE_DONE || eq_lock_fd_try(*fd)) {
    return result;
  }
  int reason = errno;
  bool over = reason == EWOULDBLOCK && is_over(*fd);
  eq_lock_fd_close(*fd);
  *fd = -1;
  if (reason != EWOULDBLOCK) {
    return eq_private_dir_fail(dir, file, "it can't be locked", reason);
  }
  if (!over) {
    return EQ_FILE_BUSY;
  }
  /* The holder keeps its file, but the name gets another one. */
  result = eq_private_dir_remove_file(dir, file);
  if (result == EQ_FILE_DONE) {
    result =
        eq_private_dir_open_file(dir, file, O_RDWR | O_CREAT | O_EXCL, fd);
  }
  if (result == EQ_FILE_DONE && !eq_lock_fd_try(*fd)) {
    result = eq_private_dir_fail(dir, file, "it can't be locked", errno);
  }
  return result;
}

enum eq_file_result eq_lease_file_take(struct eq_private_dir *dir,
                                       const char *name, int64_t ns,
                                       struct eq_lease_file *lease)
{
  char file[EQ_FILE_SIZE];
  int fd = -1;
  name_file(file, name, EQ_LEASE);
  enum eq_file_result result = eq_private_dir_lock(dir);
  if (result == EQ_FILE_DONE) {
    result = open_lease(dir, file, &fd);
  }
  int64_t end = end_after(ns);
  if (result == EQ_FILE_DONE) {
    result = note_end(dir, file, fd, end);
  }
  eq_private_dir_unlock(dir);
  if (result != EQ_FILE_DONE) {
    if (fd >= 0) {
      eq_lock_fd_close(fd);
    }
    return result;
  }
  (void)snprintf(lease->name, sizeof lease->name, "%s", name);
  lease->fd = fd;
  lease->end = end;
  lease->generation = eq_fork_generation();
  lease->held = true;
  return EQ_FILE_DONE;
}

void eq_lease_file_drop(struct eq_lease_file *lease)
{
  /* In a forked child the file is closed, and its number may be used again. */
  if (lease->held && lease->generation == eq_fork_generation()) {
    /* Unlocks, too: a child on its way to exec may still have the file. */
    (void)flock(lease->fd, LOCK_UN);
    eq_lock_fd_close(lease->fd);
  }
  lease->held = false;
}

/* Is its file the one at the name? The answer holds as long as the folder's
 * lock. */
static enum eq_file_result is_there(struct eq_private_dir *dir,
                                    const struct eq_lease_file *lease)
{
  char file[EQ_FILE_SIZE];
  struct stat own;
  struct stat there;
  if (!lease->held || lease->generation != eq_fork_generation()) {
    return EQ_FILE_STALE;
  }
  name_file(file, lease->name, EQ_LEASE);
  enum eq_file_result result = eq_private_dir_stat(dir, file, &there);
  if (result != EQ_FILE_DONE) {
    return result == EQ_FILE_ABSENT ? EQ_FILE_STALE : result;
  }
  if (fstat(lease->fd, &own) != 0) {
    return eq_private_dir_fail(dir, file, "it can't be inspected", errno);
  }
  return own.st_dev == there.st_dev && own.st_ino == there.st_ino
             ? EQ_FILE_DONE
             : EQ_FILE_STALE;
}

/* Is the lease still valid? */
static enum eq_file_result check(struct eq_private_dir *dir, const char *name,
                                 const struct eq_lease_file *lease)
{
  if (strcmp(lease->name, name) != 0 || eq_now_ns() >= lease->end) {
    return EQ_FILE_STALE;
  }
  return is_there(dir, lease);
}

enum eq_file_result eq_lease_file_extend(struct eq_private_dir *dir,
                                         int64_t ns,
                                         struct eq_lease_file *lease)
{
  char file[EQ_FILE_SIZE];
  enum eq_file_result result = eq_private_dir_lock(dir);
  if (result != EQ_FILE_DONE) {
    return result;
  }
  result = check(dir, lease->name, lease);
  if (result == EQ_FILE_DONE) {
    int64_t end = end_after(ns);
    name_file(file, lease->name, EQ_LEASE);
    result = note_end(dir, file, lease->fd, end);
    if (result == EQ_FILE_DONE) {
      lease->end = end;
    }
  }
  eq_private_dir_unlock(dir);
  return result;
}

void eq_lease_file_end(struct eq_private_dir *dir, struct eq_lease_file *lease)
{
  char file[EQ_FILE_SIZE];
  /* A new lease is taken under the folder's lock: no other process has opened
   * this file and is about to lock it. */
  if (lease->held && eq_lock_fd_try(dir->fd)) {
    if (is_there(dir, lease) == EQ_FILE_DONE) {
      name_file(file, lease->name, EQ_LEASE);
      (void)unlinkat(dir->fd, file, 0);
    }
    eq_private_dir_unlock(dir);
  }
  eq_lease_file_drop(lease);
}

/* ------------------------------------------------------------------ saving */

/* A new file for the record, locked, so that no cleanup removes it. */
static enum eq_file_result open_temp(struct eq_private_dir *dir, char *file,
                                     int *fd)
{
  uint64_t number = 0;
  if (!eq_random(&number, sizeof number)) {
    return eq_private_dir_fail(dir, "", "the system has no random numbers", 0);
  }
  (void)snprintf(file, EQ_FILE_SIZE, EQ_TEMP "%016" PRIx64, number);
  enum eq_file_result result =
      eq_private_dir_open_file(dir, file, O_WRONLY | O_CREAT | O_EXCL, fd);
  if (result == EQ_FILE_DONE && !eq_lock_fd_try(*fd)) {
    result = eq_private_dir_fail(dir, file, "it can't be locked", errno);
  }
  return result;
}

/* Writes all of it to the disk. 0 or an errno value. */
static int write_record(int fd, const struct eq_record *record)
{
  const char *next = record->bytes;
  size_t left = record->len;
  while (left > 0) {
    ssize_t n = write(fd, next, left);
    if (n < 0 && errno != EINTR) {
      return errno;
    }
    if (n > 0) {
      next += n;
      left -= (size_t)n;
    }
  }
  /* Its date is the end of its use, so that a cleanup need not read it. */
  double end = record->end < LAST_SECOND ? record->end : LAST_SECOND;
  struct timespec dates[2] = {{.tv_nsec = UTIME_OMIT}};
  dates[1].tv_sec = end > 0 ? (time_t)end : 0;
  if (futimens(fd, dates) != 0) {
    return errno;
  }
  while (fsync(fd) != 0) {
    if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

/* Is the lease valid, and is the name of the record a file of ours or free? */
static enum eq_file_result may_save(struct eq_private_dir *dir,
                                    const char *name, const char *file,
                                    const struct eq_lease_file *lease)
{
  struct stat st;
  enum eq_file_result result = check(dir, name, lease);
  if (result == EQ_FILE_DONE) {
    result = eq_private_dir_stat(dir, file, &st);
  }
  return result == EQ_FILE_ABSENT ? EQ_FILE_DONE : result;
}

/* Under the folder's lock: checks, cleans up, makes the file to write to. */
static enum eq_file_result begin(struct eq_private_dir *dir, const char *name,
                                 const char *file,
                                 const struct eq_lease_file *lease, char *temp,
                                 int *fd)
{
  enum eq_file_result result = eq_private_dir_lock(dir);
  if (result != EQ_FILE_DONE) {
    return result;
  }
  result = may_save(dir, name, file, lease);
  if (result == EQ_FILE_DONE) {
    eq_cleanup(dir);
    result = open_temp(dir, temp, fd);
  }
  eq_private_dir_unlock(dir);
  return result;
}

/* Under the folder's lock: checks again, and gives the file its name. */
static enum eq_file_result finish(struct eq_private_dir *dir, const char *name,
                                  const char *file,
                                  const struct eq_lease_file *lease,
                                  const char *temp)
{
  enum eq_file_result result = eq_private_dir_lock(dir);
  if (result != EQ_FILE_DONE) {
    return result;
  }
  result = may_save(dir, name, file, lease);
  if (result == EQ_FILE_DONE && renameat(dir->fd, temp, dir->fd, file) != 0) {
    result = eq_private_dir_fail(dir, file, "it can't be replaced", errno);
  }
  eq_private_dir_unlock(dir);
  return result;
}

enum eq_file_result eq_lease_file_save(struct eq_private_dir *dir,
                                       const char *name,
                                       const struct eq_record *record,
                                       const struct eq_lease_file *lease)
{
  char file[EQ_FILE_SIZE];
  char temp[EQ_FILE_SIZE];
  int fd = -1;
  name_file(file, name, EQ_RECORD);
  enum eq_file_result result = begin(dir, name, file, lease, temp, &fd);
  if (fd < 0) {
    return result;
  }
  if (result == EQ_FILE_DONE) {
    int reason = write_record(fd, record);
    result = reason == 0 ? finish(dir, name, file, lease, temp)
                         : eq_private_dir_fail(dir, file,
                                               "it can't be written", reason);
  }
  if (result == EQ_FILE_DONE) {
    result = eq_private_dir_sync(dir);
  } else {
    (void)unlinkat(dir->fd, temp, 0); /* best effort: else a cleanup does it */
  }
  eq_lock_fd_close(fd); /* only now, so that no cleanup removed it */
  return result;
}
