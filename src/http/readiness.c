/*
 * readiness: the laws are in readiness.h. What is the same with epoll and
 * kqueue; the rest is in readiness_epoll.c and readiness_kqueue.c.
 */
#include "http/readiness.h"

#include <stdlib.h>
#include <unistd.h>

#include "http/readiness_system.h"

void eq_readiness_init(struct eq_readiness *readiness)
{
  *readiness =
      (struct eq_readiness){.fd = -1, .timer = -1, .armed = INT64_MAX};
}

int eq_readiness_open(struct eq_readiness *readiness)
{
  eq_readiness_init(readiness);
  int reason = eq_readiness_system_open(readiness);
  if (reason != 0) {
    eq_readiness_close(readiness);
  }
  return reason;
}

void eq_readiness_close(struct eq_readiness *readiness)
{
  /* Nothing is written to either, so closing them loses nothing. */
  if (readiness->fd != -1) {
    (void)close(readiness->fd);
  }
  if (readiness->timer != -1) {
    (void)close(readiness->timer);
  }
  free(readiness->watches);
  free(readiness->changes);
  eq_readiness_init(readiness);
}

/* Room for n elements of that size, at least doubled; NULL: no memory. */
static void *grow(void *old, size_t *size, size_t n, size_t each)
{
  size_t wider = *size < 32 ? 64 : *size * 2;
  wider = wider < n ? n : wider;
  void *grown = wider > SIZE_MAX / each ? NULL : realloc(old, wider * each);
  if (grown != NULL) {
    *size = wider;
  }
  return grown;
}

static struct eq_watch *watch_of(struct eq_readiness *readiness, int fd)
{
  size_t before = readiness->size;
  size_t at = (size_t)fd;
  if (fd < 0) {
    return NULL;
  }
  if (at >= before) {
    struct eq_watch *grown = grow(readiness->watches, &readiness->size, at + 1,
                                  sizeof *readiness->watches);
    if (grown == NULL) {
      return NULL;
    }
    readiness->watches = grown;
    for (size_t i = before; i < readiness->size; i++) {
      grown[i] = (struct eq_watch){.wanted = 0};
    }
  }
  return &readiness->watches[at];
}

bool eq_readiness_keep(struct eq_readiness *readiness, int fd)
{
  struct eq_watch *watch = watch_of(readiness, fd);
  if (watch == NULL) {
    return false;
  }
  /* Whatever had this number before is closed. */
  bool changed = watch->changed;
  *watch = (struct eq_watch){.kept = true, .changed = changed};
  return true;
}

static bool note_change(struct eq_readiness *readiness, int fd,
                        struct eq_watch *watch)
{
  if (watch->changed) {
    return true;
  }
  if (readiness->changes_n == readiness->changes_size) {
    int *grown = grow(readiness->changes, &readiness->changes_size,
                      readiness->changes_n + 1, sizeof *grown);
    if (grown == NULL) {
      return false;
    }
    readiness->changes = grown;
  }
  readiness->changes[readiness->changes_n++] = fd;
  watch->changed = true;
  return true;
}

bool eq_readiness_want(struct eq_readiness *readiness, int fd, unsigned events)
{
  struct eq_watch *watch = watch_of(readiness, fd);
  if (watch == NULL) {
    return false;
  }
  watch->wanted = (unsigned char)events;
  if (events != 0) {
    return watch->known == watch->wanted || note_change(readiness, fd, watch);
  }
  if (!watch->kept) {
    eq_readiness_forget(readiness, fd);
  }
  return true;
}

void eq_readiness_own(struct eq_readiness *readiness, int fd, void *owner)
{
  if (fd >= 0 && (size_t)fd < readiness->size) {
    readiness->watches[fd].owner = owner;
  }
}

void *eq_readiness_owner(const struct eq_readiness *readiness, int fd)
{
  return fd >= 0 && (size_t)fd < readiness->size ? readiness->watches[fd].owner
                                                 : NULL;
}

void eq_readiness_forget(struct eq_readiness *readiness, int fd)
{
  if (fd < 0 || (size_t)fd >= readiness->size) {
    return;
  }
  struct eq_watch *watch = &readiness->watches[fd];
  bool changed = watch->changed;
  if (watch->registered) {
    eq_readiness_system_remove(readiness, fd);
  }
  *watch = (struct eq_watch){.changed = changed};
}

int eq_readiness_apply(struct eq_readiness *readiness)
{
  while (readiness->changes_n > 0) {
    int fd = readiness->changes[readiness->changes_n - 1];
    struct eq_watch *watch = &readiness->watches[fd];
    if (watch->wanted != 0 && watch->wanted != watch->known) {
      int reason = eq_readiness_system_set(readiness, fd, watch);
      if (reason != 0) {
        return reason;
      }
      watch->known = watch->wanted;
      watch->registered = true;
    }
    watch->changed = false;
    readiness->changes_n--;
  }
  return 0;
}

bool eq_readiness_is_wanted(struct eq_readiness *readiness, int fd)
{
  struct eq_watch *watch = watch_of(readiness, fd);
  if (watch != NULL && watch->wanted != 0) {
    return true;
  }
  /* It is idle, and something came or it was closed: libcurl finds that when
   * it wants to use it. Until then it is not reported again. */
  eq_readiness_system_remove(readiness, fd);
  if (watch != NULL) {
    watch->registered = false;
    watch->known = 0;
  }
  return false;
}
