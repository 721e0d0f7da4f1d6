/*
 * cleanup: the laws are in cleanup.h.
 */
#include "files/cleanup.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/digest.h"
#include "files/lock_fd.h"

/* Up to so many files are all checked; of more, this many from a random
 * start. */
#define CHECK_MAX 64

/* Reading names is cheap, but not free. */
#define NAMES_MAX 8192

/* One day of seconds, as a clock may be wrong. */
#define GRACE 86400

static bool ends_with(const char *file, const char *ending)
{
  size_t len = strlen(file);
  size_t tail = strlen(ending);
  return len > tail && strcmp(file + len - tail, ending) == 0;
}

/* Does no living process have it locked? A new lock needs the folder's lock,
 * so it can't come now. */
static bool is_free(struct eq_private_dir *dir, const char *file)
{
  int fd = -1;
  if (eq_private_dir_open_file(dir, file, O_RDWR, &fd) != EQ_FILE_DONE) {
    return false;
  }
  bool is = eq_lock_fd_try(fd);
  eq_lock_fd_close(fd);
  return is;
}

/* Its date is the end of its use, see lease_file.c. */
static bool is_long_over(struct eq_private_dir *dir, const char *file,
                         time_t now)
{
  struct stat st;
  return eq_private_dir_stat(dir, file, &st) == EQ_FILE_DONE &&
         st.st_mtime < now - GRACE;
}

static void check_file(struct eq_private_dir *dir, const char *file,
                       time_t now)
{
  bool remove = false;
  if (strncmp(file, EQ_TEMP, strlen(EQ_TEMP)) == 0 ||
      ends_with(file, EQ_LEASE)) {
    remove = is_free(dir, file);
  } else if (ends_with(file, EQ_RECORD)) {
    remove = is_long_over(dir, file, now);
  }
  if (remove) {
    (void)unlinkat(dir->fd, file, 0);
  }
}

/* The next file's name, NULL after the last one. */
static const char *next_name(DIR *list)
{
  /* No other thread has this list. NOLINTNEXTLINE(concurrency-mt-unsafe) */
  const struct dirent *entry = readdir(list);
  return entry != NULL ? entry->d_name : NULL;
}

/* How many of the first names to skip, so that each has its chance. */
static size_t draw_start(DIR *list)
{
  size_t names = 0;
  uint32_t random = 0;
  while (names < NAMES_MAX && next_name(list) != NULL) {
    names++;
  }
  rewinddir(list);
  if (names <= CHECK_MAX || !eq_random(&random, sizeof random)) {
    return 0;
  }
  return random % (names - CHECK_MAX + 1);
}

void eq_cleanup(struct eq_private_dir *dir)
{
  /* An open file of its own, which closedir closes. It is never locked, so a
   * forked child that has it holds no lock. */
  int fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    return;
  }
  DIR *list = fdopendir(fd);
  if (list == NULL) {
    (void)close(fd);
    return;
  }
  time_t now = time(NULL);
  size_t skip = draw_start(list);
  const char *file = next_name(list);
  for (size_t i = 0; file != NULL && i < skip + CHECK_MAX; i++) {
    if (i >= skip) {
      check_file(dir, file, now);
    }
    file = next_name(list);
  }
  (void)closedir(list);
}
