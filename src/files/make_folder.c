/*
 * make_folder: the laws are in make_folder.h.
 */
#include "files/make_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Opens a folder that may be entered, though not read. */
#if defined(O_PATH)
#define ENTER O_PATH
#elif defined(O_SEARCH)
#define ENTER O_SEARCH
#else
#define ENTER O_RDONLY
#endif

/* On the way down from "/". */
struct walk {
  int fd;        /* of the folder that was reached */
  uid_t system;  /* whose "/" is */
  bool makes;    /* what is missing */
  bool foreign;  /* a folder or link of another user was passed */
  bool complete; /* nothing is missing so far */
};

static bool is_foreign(const struct walk *walk, const struct stat *st)
{
  return st->st_uid != geteuid() && st->st_uid != 0 &&
         st->st_uid != walk->system;
}

/* Makes the next folder. 0 or an errno value. */
static int make(const struct walk *walk, const char *name)
{
  if (walk->foreign) {
    return EQ_FOREIGN_FOLDER;
  }
  return mkdirat(walk->fd, name, S_IRWXU) == 0 || errno == EEXIST ? 0 : errno;
}

/* Goes one folder down. 0 or the reason why not. */
static int step(struct walk *walk, const char *name)
{
  const int flags = ENTER | O_DIRECTORY | O_CLOEXEC;
  struct stat st;
  bool is_link = fstatat(walk->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                 S_ISLNK(st.st_mode);
  bool is_strange = is_link && is_foreign(walk, &st);
  int fd = openat(walk->fd, name, flags);
  if (fd < 0 && errno == ENOENT) {
    int reason = walk->makes ? make(walk, name) : 0;
    if (reason != 0 || !walk->makes) {
      walk->complete = false;
      return reason;
    }
    fd = openat(walk->fd, name, flags);
  }
  if (fd < 0) {
    return errno;
  }
  (void)close(walk->fd);
  walk->fd = fd;
  if (fstat(fd, &st) != 0) {
    return errno;
  }
  walk->foreign = walk->foreign || is_strange || is_foreign(walk, &st);
  return 0;
}

static int walk_down(const char *path, struct walk *walk)
{
  char rest[PATH_MAX];
  struct stat st;
  char *position = NULL;
  if (strlen(path) >= sizeof rest) {
    return ENAMETOOLONG;
  }
  memcpy(rest, path, strlen(path) + 1);
  walk->fd = open("/", ENTER | O_DIRECTORY | O_CLOEXEC);
  if (walk->fd < 0 || fstat(walk->fd, &st) != 0) {
    return errno;
  }
  walk->system = st.st_uid;
  int reason = 0;
  char *name = strtok_r(rest, "/", &position);
  while (name != NULL && reason == 0 && walk->complete) {
    reason = step(walk, name);
    name = strtok_r(NULL, "/", &position);
  }
  return reason;
}

static int run(const char *path, bool makes, struct walk *walk)
{
  *walk = (struct walk){.fd = -1, .makes = makes, .complete = true};
  int reason = walk_down(path, walk);
  if (walk->fd >= 0) {
    (void)close(walk->fd);
  }
  return reason;
}

int eq_make_folder(const char *path)
{
  struct walk walk;
  return run(path, true, &walk);
}

int eq_may_make_folder(const char *path)
{
  struct walk walk;
  int reason = run(path, false, &walk);
  return reason == 0 && walk.foreign ? EQ_FOREIGN_FOLDER : reason;
}
