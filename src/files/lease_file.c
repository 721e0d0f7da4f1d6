/* claim: the laws are in lease_file.h. */
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
#include "files/cleanup.h"
#include "files/lock_fd.h"

/* Later than any token lives; keeps time_t far from its end. */
#define LAST_SECOND 4e9

/* Room for a number, a blank and the name of a boot. */
enum { TERM_SIZE = 96 };

/* ---------------------------------------------------------------- the term */

/* Whose clock it is: it starts with the boot, on each machine by itself. */
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

/* Writes until when the lease goes. 0 or an errno. */
static int write_term(int fd, int64_t end)
{
  char text[TERM_SIZE];
  (void)pthread_once(&once, read_boot);
  int len = snprintf(text, sizeof text, "%" PRId64 " %s", end, boot);
  /* A file that is cut short reads as a term that is over. */
  if (ftruncate(fd, 0) != 0) {
    return errno;
  }
  ssize_t n = pwrite(fd, text, (size_t)len, 0);
  return n == len ? 0 : n < 0 ? errno : ENOSPC;
}

/* Is the lease of this file over, though its holder lives? What can't be
 * read is no term: it is written before anybody else may look. */
static bool is_over(int fd)
{
  char text[TERM_SIZE];
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
  /* Another machine's clock (a network file system) tells nothing here. */
  return strcmp(rest + 1, boot) == 0 && end <= eq_now_ns();
}

/* --------------------------------------------------------------- the lease */

static void name_file(char *file, const char *name, const char *ending)
{
  (void)snprintf(file, EQ_FILE_SIZE, "%s%s", name, ending);
}

/* Opens and locks the file of a lease: free, forgotten or run out. */
static enum eq_deed open_lease(struct eq_private *dir, const char *file,
                               int *fd)
{
  enum eq_deed deed = eq_private_file(dir, file, O_RDWR | O_CREAT, fd);
  if (deed != EQ_DONE || eq_hold_try(*fd)) {
    return deed;
  }
  int reason = errno;
  bool over = reason == EWOULDBLOCK && is_over(*fd);
  eq_hold_close(*fd);
  *fd = -1;
  if (reason != EWOULDBLOCK) {
    return eq_private_fail(dir, file, "it can't be locked", reason);
  }
  if (!over) {
    return EQ_BUSY;
  }
  /* The holder keeps its file, but no longer the name. */
  deed = eq_private_remove(dir, file);
  if (deed == EQ_DONE) {
    deed = eq_private_file(dir, file, O_RDWR | O_CREAT | O_EXCL, fd);
  }
  if (deed == EQ_DONE && !eq_hold_try(*fd)) {
    deed = eq_private_fail(dir, file, "it can't be locked", errno);
  }
  return deed;
}

enum eq_deed eq_claim_take(struct eq_private *dir, const char *name,
                           int64_t ns, struct eq_claim *claim)
{
  char file[EQ_FILE_SIZE];
  int fd = -1;
  name_file(file, name, EQ_LEASE);
  enum eq_deed deed = eq_private_lock(dir);
  if (deed == EQ_DONE) {
    deed = open_lease(dir, file, &fd);
  }
  int64_t now = eq_now_ns();
  int64_t end = ns < INT64_MAX - now ? now + ns : INT64_MAX;
  if (deed == EQ_DONE) {
    int reason = write_term(fd, end);
    if (reason != 0) {
      deed = eq_private_fail(dir, file, "it can't be written", reason);
    }
  }
  eq_private_unlock(dir);
  if (deed != EQ_DONE) {
    if (fd >= 0) {
      eq_hold_close(fd);
    }
    return deed;
  }
  (void)snprintf(claim->name, sizeof claim->name, "%s", name);
  claim->fd = fd;
  claim->end = end;
  claim->generation = eq_hold_generation();
  claim->held = true;
  return EQ_DONE;
}

void eq_claim_drop(struct eq_claim *claim)
{
  /* In a forked child the file is closed, and its number is another's. */
  if (claim->held && claim->generation == eq_hold_generation()) {
    /* Outright: a child on its way to exec may have the file still. */
    (void)flock(claim->fd, LOCK_UN);
    eq_hold_close(claim->fd);
  }
  claim->held = false;
}

/* Does the lease still hold? Under the folder's lock: as long as that. */
static enum eq_deed check(struct eq_private *dir, const char *name,
                          const struct eq_claim *claim)
{
  char file[EQ_FILE_SIZE];
  struct stat own;
  struct stat there;
  if (!claim->held || claim->generation != eq_hold_generation() ||
      strcmp(claim->name, name) != 0 || eq_now_ns() >= claim->end) {
    return EQ_STALE;
  }
  name_file(file, name, EQ_LEASE);
  enum eq_deed deed = eq_private_look(dir, file, &there);
  if (deed != EQ_DONE) {
    return deed == EQ_ABSENT ? EQ_STALE : deed;
  }
  if (fstat(claim->fd, &own) != 0) {
    return eq_private_fail(dir, file, "it can't be looked at", errno);
  }
  return own.st_dev == there.st_dev && own.st_ino == there.st_ino ? EQ_DONE
                                                                  : EQ_STALE;
}

/* ------------------------------------------------------------------ saving */

/* A file of its own for the new record, locked: no sweeper takes it away. */
static enum eq_deed open_temp(struct eq_private *dir, char *file, int *fd)
{
  uint64_t number = 0;
  if (!eq_random(&number, sizeof number)) {
    return eq_private_fail(dir, "", "the system has no random numbers", 0);
  }
  (void)snprintf(file, EQ_FILE_SIZE, EQ_TEMP "%016" PRIx64, number);
  enum eq_deed deed =
      eq_private_file(dir, file, O_WRONLY | O_CREAT | O_EXCL, fd);
  if (deed == EQ_DONE && !eq_hold_try(*fd)) {
    deed = eq_private_fail(dir, file, "it can't be locked", errno);
  }
  return deed;
}

/* Writes all of it, down to the disk. 0 or an errno. */
static int write_record(int fd, const struct eq_bytes *record)
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
  /* Its date is the end of its use, so a sweeper need not read it. */
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

/* Is the lease good and the record's name free to be given? */
static enum eq_deed may_save(struct eq_private *dir, const char *name,
                             const char *file, const struct eq_claim *claim)
{
  struct stat st;
  enum eq_deed deed = check(dir, name, claim);
  if (deed == EQ_DONE) {
    deed = eq_private_look(dir, file, &st);
  }
  return deed == EQ_ABSENT ? EQ_DONE : deed;
}

/* Under the folder's lock: checks, sweeps, makes the file to write to. */
static enum eq_deed begin(struct eq_private *dir, const char *name,
                          const char *file, const struct eq_claim *claim,
                          char *temp, int *fd)
{
  enum eq_deed deed = eq_private_lock(dir);
  if (deed != EQ_DONE) {
    return deed;
  }
  deed = may_save(dir, name, file, claim);
  if (deed == EQ_DONE) {
    eq_sweep(dir);
    deed = open_temp(dir, temp, fd);
  }
  eq_private_unlock(dir);
  return deed;
}

/* Under the folder's lock: checks again, and gives the file its name. */
static enum eq_deed finish(struct eq_private *dir, const char *name,
                           const char *file, const struct eq_claim *claim,
                           const char *temp)
{
  enum eq_deed deed = eq_private_lock(dir);
  if (deed != EQ_DONE) {
    return deed;
  }
  deed = may_save(dir, name, file, claim);
  if (deed == EQ_DONE && renameat(dir->fd, temp, dir->fd, file) != 0) {
    deed = eq_private_fail(dir, file, "it can't be replaced", errno);
  }
  eq_private_unlock(dir);
  return deed;
}

enum eq_deed eq_claim_save(struct eq_private *dir, const char *name,
                           const struct eq_bytes *record,
                           const struct eq_claim *claim)
{
  char file[EQ_FILE_SIZE];
  char temp[EQ_FILE_SIZE];
  int fd = -1;
  name_file(file, name, EQ_RECORD);
  enum eq_deed deed = begin(dir, name, file, claim, temp, &fd);
  if (fd < 0) {
    return deed;
  }
  if (deed == EQ_DONE) {
    int reason = write_record(fd, record);
    deed = reason == 0
               ? finish(dir, name, file, claim, temp)
               : eq_private_fail(dir, file, "it can't be written", reason);
  }
  if (deed == EQ_DONE) {
    deed = eq_private_sync(dir);
  } else {
    (void)unlinkat(dir->fd, temp, 0); /* best effort: sweepers come by */
  }
  eq_hold_close(fd); /* only now, so that no sweeper was quicker */
  return deed;
}
