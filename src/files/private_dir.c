/*
 * private_dir: the laws are in private_dir.h.
 */
#include "files/private_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "files/lock_fd.h"
#include "files/make_folder.h"

/* How long to wait for the folder's lock, and how often it is tried. */
#define PATIENCE EQ_NS_PER_S
#define POLL_NS (2 * EQ_NS_PER_MS)

#define OTHERS (S_IRWXG | S_IRWXO)

bool eq_private_dir_is_name(const char *name, size_t len)
{
  static const char usable[] = "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  return len >= 1 && len <= EQ_NAME_MAX && name[0] != '.' && name[0] != '-' &&
         strlen(name) == len && strspn(name, usable) == len;
}

enum eq_file_result eq_private_dir_fail(struct eq_private_dir *dir,
                                        const char *file, const char *message,
                                        int os)
{
  (void)snprintf(dir->failure.file, sizeof dir->failure.file, "%s", file);
  dir->failure.message = message;
  dir->failure.os = os;
  return EQ_FILE_FAILED;
}

/* What is wrong with a file or folder; NULL: it is ours. */
static const char *problem_of(const struct stat *st)
{
  if (st->st_uid != geteuid()) {
    return "it belongs to another user; remove it or choose another dir";
  }
  if ((st->st_mode & OTHERS) != 0) {
    return "others may use it; take away the rights of group and others";
  }
  /* No name is right, too: another file was renamed over an open one. */
  if (S_ISREG(st->st_mode) && st->st_nlink > 1) {
    return "it has a second name (a hard link); remove one";
  }
  return NULL;
}

static const char no_folder[] =
    "it is not a folder, or a link to one; give the folder itself";
static const char foreign[] =
    "a folder above it belongs to another user, and nothing is made below "
    "that; set HOME to your own or choose another dir";
static const char no_file[] =
    "it is not a plain file (a link, for example); remove it";

/* -------------------------------------------------------------- the folder */

static int open_folder(const char *path)
{
  /* A fifo does not block here: O_DIRECTORY is checked first. */
  return eq_lock_fd_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
                         0);
}

enum eq_file_result eq_private_dir_open(struct eq_private_dir *dir,
                                        const char *path, bool make)
{
  dir->path = path;
  dir->fd = open_folder(path);
  if (dir->fd < 0 && errno == ENOENT) {
    if (!make) {
      return EQ_FILE_ABSENT;
    }
    int reason = eq_make_folder(path);
    if (reason != 0) {
      return reason == EQ_FOREIGN_FOLDER
                 ? eq_private_dir_fail(dir, "", foreign, 0)
                 : eq_private_dir_fail(dir, "", "the folder can't be made",
                                       reason);
    }
    dir->fd = open_folder(path);
  }
  if (dir->fd < 0) {
    return errno == ENOTDIR || errno == ELOOP
               ? eq_private_dir_fail(dir, "", no_folder, 0)
               : eq_private_dir_fail(dir, "", "the folder can't be opened",
                                     errno);
  }
  struct stat st;
  if (fstat(dir->fd, &st) != 0) {
    return eq_private_dir_fail(dir, "", "the folder can't be inspected",
                               errno);
  }
  const char *message = problem_of(&st);
  return message == NULL ? EQ_FILE_DONE
                         : eq_private_dir_fail(dir, "", message, 0);
}

void eq_private_dir_close(struct eq_private_dir *dir)
{
  if (dir->fd >= 0) {
    eq_lock_fd_close(dir->fd);
    dir->fd = -1;
  }
}

enum eq_file_result eq_private_dir_lock(struct eq_private_dir *dir)
{
  const struct timespec nap = {.tv_nsec = POLL_NS};
  int64_t patience = dir->patience > 0 ? dir->patience : PATIENCE;
  int64_t end = eq_now_ns() + patience;
  while (!eq_lock_fd_try(dir->fd)) {
    if (errno != EWOULDBLOCK) {
      return eq_private_dir_fail(dir, "", "the folder can't be locked", errno);
    }
    if (eq_now_ns() >= end) {
      return eq_private_dir_fail(
          dir, "", "another process keeps the folder locked; is it stopped?",
          0);
    }
    (void)nanosleep(&nap, NULL); /* a signal only makes it shorter */
  }
  return EQ_FILE_DONE;
}

void eq_private_dir_unlock(struct eq_private_dir *dir)
{
  (void)flock(dir->fd, LOCK_UN); /* can't fail for an open file */
}

enum eq_file_result eq_private_dir_sync(struct eq_private_dir *dir)
{
  int rc;
  do {
    rc = fsync(dir->fd);
  } while (rc != 0 && errno == EINTR);
  /* EINVAL: this file system keeps its folders some other way. */
  return rc == 0 || errno == EINVAL
             ? EQ_FILE_DONE
             : eq_private_dir_fail(dir, "", "the folder can't be written",
                                   errno);
}

/* --------------------------------------------------------------- its files */

enum eq_file_result eq_private_dir_stat(struct eq_private_dir *dir,
                                        const char *file, struct stat *st)
{
  if (fstatat(dir->fd, file, st, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno == ENOENT ? EQ_FILE_ABSENT
                           : eq_private_dir_fail(
                                 dir, file, "it can't be inspected", errno);
  }
  const char *message = S_ISREG(st->st_mode) ? problem_of(st) : no_file;
  return message == NULL ? EQ_FILE_DONE
                         : eq_private_dir_fail(dir, file, message, 0);
}

enum eq_file_result eq_private_dir_open_file(struct eq_private_dir *dir,
                                             const char *file, int flags,
                                             int *fd)
{
  /* O_NONBLOCK: a fifo or a device must not block. */
  int opened = eq_lock_fd_open(dir->fd, file,
                               flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
                               S_IRUSR | S_IWUSR);
  if (opened < 0) {
    if (errno == ENOENT && (flags & O_CREAT) == 0) {
      return EQ_FILE_ABSENT;
    }
    /* The errno values of a link, a socket and a folder. */
    return errno == ELOOP || errno == ENXIO || errno == EISDIR
               ? eq_private_dir_fail(dir, file, no_file, 0)
               : eq_private_dir_fail(dir, file, "it can't be opened", errno);
  }
  struct stat st;
  enum eq_file_result result = EQ_FILE_DONE;
  if (fstat(opened, &st) != 0) {
    result = eq_private_dir_fail(dir, file, "it can't be inspected", errno);
  } else {
    const char *message = S_ISREG(st.st_mode) ? problem_of(&st) : no_file;
    if (message != NULL) {
      result = eq_private_dir_fail(dir, file, message, 0);
    }
  }
  if (result != EQ_FILE_DONE) {
    eq_lock_fd_close(opened);
    return result;
  }
  *fd = opened;
  return EQ_FILE_DONE;
}

enum eq_file_result eq_private_dir_read_file(struct eq_private_dir *dir,
                                             const char *file, char *bytes,
                                             size_t size, size_t *len)
{
  int fd = -1;
  enum eq_file_result result =
      eq_private_dir_open_file(dir, file, O_RDONLY, &fd);
  *len = 0;
  while (result == EQ_FILE_DONE && *len < size) {
    ssize_t n = read(fd, bytes + *len, size - *len);
    if (n > 0) {
      *len += (size_t)n;
    } else if (n == 0) {
      break;
    } else if (errno != EINTR) {
      result = eq_private_dir_fail(dir, file, "it can't be read", errno);
    }
  }
  if (fd >= 0) {
    eq_lock_fd_close(fd);
  }
  return result;
}

enum eq_file_result eq_private_dir_remove_file(struct eq_private_dir *dir,
                                               const char *file)
{
  struct stat st;
  enum eq_file_result result = eq_private_dir_stat(dir, file, &st);
  if (result == EQ_FILE_DONE && unlinkat(dir->fd, file, 0) != 0) {
    result = eq_private_dir_fail(dir, file, "it can't be removed", errno);
  }
  return result == EQ_FILE_ABSENT ? EQ_FILE_DONE : result;
}
