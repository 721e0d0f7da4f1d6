/* private: the laws are in private_dir.h. */
#include "files/private_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "files/lock_fd.h"

/* How long the folder's lock is waited for, and how often it is tried. */
#define PATIENCE EQ_NS_PER_S
#define POLL_NS (2 * EQ_NS_PER_MS)

#define OTHERS (S_IRWXG | S_IRWXO)

bool eq_private_is_name(const char *name, size_t len)
{
  static const char usable[] = "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  return len >= 1 && len <= EQ_NAME_MAX && name[0] != '.' && name[0] != '-' &&
         strlen(name) == len && strspn(name, usable) == len;
}

enum eq_deed eq_private_fail(struct eq_private *dir, const char *file,
                             const char *words, int os)
{
  (void)snprintf(dir->why.file, sizeof dir->why.file, "%s", file);
  dir->why.words = words;
  dir->why.os = os;
  return EQ_FAILED;
}

/* What is wrong with it, NULL if it is ours. */
static const char *judge(const struct stat *st)
{
  if (st->st_uid != geteuid()) {
    return "it belongs to another user; remove it or choose another dir";
  }
  if ((st->st_mode & OTHERS) != 0) {
    return "others may use it; take away the rights of group and others";
  }
  /* None is right, too: somebody renamed another file over an open one. */
  if (S_ISREG(st->st_mode) && st->st_nlink > 1) {
    return "it has a second name (a hard link); remove one";
  }
  return NULL;
}

static const char no_folder[] =
    "it is no folder, or a link to one; name the folder itself";
static const char no_file[] = "it is no plain file (a link, say); remove it";

/* -------------------------------------------------------------- the folder */

/*
 * Makes the folder and the parents that it lacks. 0, or the errno of the
 * first step that failed, if that was to matter.
 */
static int make_folders(const char *path)
{
  char parent[PATH_MAX];
  size_t len = strlen(path);
  int first = 0;
  if (len >= sizeof parent) {
    return ENAMETOOLONG;
  }
  memcpy(parent, path, len + 1);
  for (char *p = strchr(parent + 1, '/'); p != NULL; p = strchr(p + 1, '/')) {
    *p = '\0';
    if (mkdir(parent, S_IRWXU) != 0 && errno != EEXIST && first == 0) {
      first = errno; /* of no import where that folder is there */
    }
    *p = '/';
  }
  if (mkdir(path, S_IRWXU) == 0 || errno == EEXIST) {
    return 0;
  }
  return errno == ENOENT && first != 0 ? first : errno;
}

static int open_folder(const char *path)
{
  /* A fifo does not hold us up: O_DIRECTORY comes first. */
  return eq_hold_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
}

enum eq_deed eq_private_open(struct eq_private *dir, const char *path,
                             bool make)
{
  dir->path = path;
  dir->fd = open_folder(path);
  if (dir->fd < 0 && errno == ENOENT) {
    if (!make) {
      return EQ_ABSENT;
    }
    int reason = make_folders(path);
    if (reason != 0) {
      return eq_private_fail(dir, "", "the folder can't be made", reason);
    }
    dir->fd = open_folder(path);
  }
  if (dir->fd < 0) {
    return errno == ENOTDIR || errno == ELOOP
               ? eq_private_fail(dir, "", no_folder, 0)
               : eq_private_fail(dir, "", "the folder can't be opened", errno);
  }
  struct stat st;
  if (fstat(dir->fd, &st) != 0) {
    return eq_private_fail(dir, "", "the folder can't be looked at", errno);
  }
  const char *words = judge(&st);
  return words == NULL ? EQ_DONE : eq_private_fail(dir, "", words, 0);
}

void eq_private_close(struct eq_private *dir)
{
  if (dir->fd >= 0) {
    eq_hold_close(dir->fd);
    dir->fd = -1;
  }
}

enum eq_deed eq_private_lock(struct eq_private *dir)
{
  const struct timespec nap = {.tv_nsec = POLL_NS};
  int64_t end = eq_now_ns() + PATIENCE;
  while (!eq_hold_try(dir->fd)) {
    if (errno != EWOULDBLOCK) {
      return eq_private_fail(dir, "", "the folder can't be locked", errno);
    }
    if (eq_now_ns() >= end) {
      return eq_private_fail(
          dir, "", "another process keeps the folder locked; is it stopped?",
          0);
    }
    (void)nanosleep(&nap, NULL); /* a signal only makes it shorter */
  }
  return EQ_DONE;
}

void eq_private_unlock(struct eq_private *dir)
{
  (void)flock(dir->fd, LOCK_UN); /* can't fail for an open file */
}

enum eq_deed eq_private_sync(struct eq_private *dir)
{
  int rc;
  do {
    rc = fsync(dir->fd);
  } while (rc != 0 && errno == EINTR);
  /* EINVAL: this file system keeps its folders some other way. */
  return rc == 0 || errno == EINVAL
             ? EQ_DONE
             : eq_private_fail(dir, "", "the folder can't be written", errno);
}

/* --------------------------------------------------------------- its files */

enum eq_deed eq_private_look(struct eq_private *dir, const char *file,
                             struct stat *st)
{
  if (fstatat(dir->fd, file, st, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno == ENOENT
               ? EQ_ABSENT
               : eq_private_fail(dir, file, "it can't be looked at", errno);
  }
  const char *words = S_ISREG(st->st_mode) ? judge(st) : no_file;
  return words == NULL ? EQ_DONE : eq_private_fail(dir, file, words, 0);
}

enum eq_deed eq_private_file(struct eq_private *dir, const char *file,
                             int flags, int *fd)
{
  /* O_NONBLOCK: a fifo or a device must not hold us up. */
  int opened =
      eq_hold_open(dir->fd, file, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
                   S_IRUSR | S_IWUSR);
  if (opened < 0) {
    if (errno == ENOENT && (flags & O_CREAT) == 0) {
      return EQ_ABSENT;
    }
    /* What a link, a socket and a folder bring. */
    return errno == ELOOP || errno == ENXIO || errno == EISDIR
               ? eq_private_fail(dir, file, no_file, 0)
               : eq_private_fail(dir, file, "it can't be opened", errno);
  }
  struct stat st;
  enum eq_deed deed = EQ_DONE;
  if (fstat(opened, &st) != 0) {
    deed = eq_private_fail(dir, file, "it can't be looked at", errno);
  } else {
    const char *words = S_ISREG(st.st_mode) ? judge(&st) : no_file;
    if (words != NULL) {
      deed = eq_private_fail(dir, file, words, 0);
    }
  }
  if (deed != EQ_DONE) {
    eq_hold_close(opened);
    return deed;
  }
  *fd = opened;
  return EQ_DONE;
}

enum eq_deed eq_private_read(struct eq_private *dir, const char *file,
                             char *bytes, size_t size, size_t *len)
{
  int fd = -1;
  enum eq_deed deed = eq_private_file(dir, file, O_RDONLY, &fd);
  *len = 0;
  while (deed == EQ_DONE && *len < size) {
    ssize_t n = read(fd, bytes + *len, size - *len);
    if (n > 0) {
      *len += (size_t)n;
    } else if (n == 0) {
      break;
    } else if (errno != EINTR) {
      deed = eq_private_fail(dir, file, "it can't be read", errno);
    }
  }
  if (fd >= 0) {
    eq_hold_close(fd);
  }
  return deed;
}

enum eq_deed eq_private_remove(struct eq_private *dir, const char *file)
{
  struct stat st;
  enum eq_deed deed = eq_private_look(dir, file, &st);
  if (deed == EQ_DONE && unlinkat(dir->fd, file, 0) != 0) {
    deed = eq_private_fail(dir, file, "it can't be removed", errno);
  }
  return deed == EQ_ABSENT ? EQ_DONE : deed;
}
