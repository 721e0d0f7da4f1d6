/* sweep: the laws are in cleanup.h. */
#include "files/cleanup.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/digest.h"
#include "files/lock_fd.h"

/* Of so many files each is looked at in turn; of more, that many by lot. */
#define LOOK_MAX 256

/* Names are cheap, but not for nothing. */
#define NAMES_MAX 8192

/* A clock may be set wrong: what is over for a day is over. */
#define GRACE 86400

static bool ends_with(const char *file, const char *ending)
{
  size_t len = strlen(file);
  size_t tail = strlen(ending);
  return len > tail && strcmp(file + len - tail, ending) == 0;
}

/* Does nobody alive have it locked? Whoever locks it anew does so under the
 * folder's lock, so not now. */
static bool is_free(struct eq_private *dir, const char *file)
{
  int fd = -1;
  if (eq_private_file(dir, file, O_RDWR, &fd) != EQ_DONE) {
    return false;
  }
  bool is = eq_hold_try(fd);
  eq_hold_close(fd);
  return is;
}

/* Its date is the end of its use, see lease_file.c. */
static bool is_long_over(struct eq_private *dir, const char *file, time_t now)
{
  struct stat st;
  return eq_private_look(dir, file, &st) == EQ_DONE &&
         st.st_mtime < now - GRACE;
}

static void look_at(struct eq_private *dir, const char *file, time_t now)
{
  bool goes = false;
  if (strncmp(file, EQ_TEMP, strlen(EQ_TEMP)) == 0 ||
      ends_with(file, EQ_LEASE)) {
    goes = is_free(dir, file);
  } else if (ends_with(file, EQ_RECORD)) {
    goes = is_long_over(dir, file, now);
  }
  if (goes) {
    (void)unlinkat(dir->fd, file, 0);
  }
}

/* The next file's name, NULL behind the last one. */
static const char *next_name(DIR *list)
{
  /* No other thread has this list. NOLINTNEXTLINE(concurrency-mt-unsafe) */
  const struct dirent *entry = readdir(list);
  return entry != NULL ? entry->d_name : NULL;
}

/* How many of the first names to pass over, so that each gets its turn. */
static size_t draw_start(DIR *list)
{
  size_t names = 0;
  uint32_t lot = 0;
  while (names < NAMES_MAX && next_name(list) != NULL) {
    names++;
  }
  rewinddir(list);
  if (names <= LOOK_MAX || !eq_random(&lot, sizeof lot)) {
    return 0;
  }
  return lot % (names - LOOK_MAX + 1);
}

void eq_sweep(struct eq_private *dir)
{
  /* An open file of its own: closedir closes it. Never locked, so a child
   * that gets it by a fork holds nothing. */
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
  for (size_t i = 0; file != NULL && i < skip + LOOK_MAX; i++) {
    if (i >= skip) {
      look_at(dir, file, now);
    }
    file = next_name(list);
  }
  (void)closedir(list);
}
