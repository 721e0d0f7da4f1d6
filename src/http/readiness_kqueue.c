/*
 * readiness_kqueue: readiness on macOS and the BSDs.
 *
 * Law of this file: only what kqueue does; the rest is readiness.c.
 */
#include "http/readiness_system.h"

#ifdef EQ_KQUEUE

#include <errno.h>
#include <fcntl.h>
#include <sys/event.h>
#include <sys/types.h>

#include "base/clock.h"

#define TIMER 1 /* its identifier among timers */

static int change(const struct eq_readiness *readiness, uintptr_t id,
                  short filter, unsigned short flags, int64_t ms)
{
  struct kevent event;
  EV_SET(&event, id, filter, flags, 0, ms, NULL);
  return kevent(readiness->fd, &event, 1, NULL, 0, NULL) == 0 ? 0 : errno;
}

int eq_readiness_system_open(struct eq_readiness *readiness)
{
  readiness->fd = kqueue();
  if (readiness->fd == -1 || fcntl(readiness->fd, F_SETFD, FD_CLOEXEC) == -1) {
    return errno;
  }
  return 0;
}

static int set_filter(struct eq_readiness *readiness, int fd, short filter,
                      bool wanted)
{
  int reason =
      change(readiness, (uintptr_t)fd, filter, wanted ? EV_ADD : EV_DELETE, 0);
  return !wanted && reason == ENOENT ? 0 : reason;
}

int eq_readiness_system_set(struct eq_readiness *readiness, int fd,
                            const struct eq_watch *watch)
{
  int reason = set_filter(readiness, fd, EVFILT_READ,
                          (watch->wanted & EQ_READABLE) != 0);
  return reason != 0 ? reason
                     : set_filter(readiness, fd, EVFILT_WRITE,
                                  (watch->wanted & EQ_WRITABLE) != 0);
}

void eq_readiness_system_remove(struct eq_readiness *readiness, int fd)
{
  /* Fail for one that is not there. */
  (void)set_filter(readiness, fd, EVFILT_READ, false);
  (void)set_filter(readiness, fd, EVFILT_WRITE, false);
}

int eq_readiness_arm(struct eq_readiness *readiness, int64_t at)
{
  if (at >= readiness->armed) {
    return 0; /* that it wakes too early does no harm */
  }
  int64_t left = at - eq_tick_ns();
  int64_t ms = left <= 0 ? 0 : (left + EQ_NS_PER_MS - 1) / EQ_NS_PER_MS;
  readiness->armed = at;
  return change(readiness, TIMER, EVFILT_TIMER, EV_ADD | EV_ONESHOT, ms);
}

void eq_readiness_wake(const struct eq_readiness *readiness)
{
  (void)change(readiness, TIMER, EVFILT_TIMER, EV_ADD | EV_ONESHOT, 0);
}

static unsigned events_of(const struct kevent *event)
{
  if ((event->flags & EV_ERROR) != 0) {
    return EQ_READABLE | EQ_WRITABLE;
  }
  return event->filter == EVFILT_READ ? EQ_READABLE : EQ_WRITABLE;
}

int eq_readiness_wait(struct eq_readiness *readiness, struct eq_ready *ready,
                      int ms)
{
  struct kevent events[EQ_READY_MAX];
  const struct timespec limit = {.tv_sec = ms / 1000,
                                 .tv_nsec = ms % 1000 * EQ_NS_PER_MS};
  int n = kevent(readiness->fd, NULL, 0, events, EQ_READY_MAX,
                 ms < 0 ? NULL : &limit);
  int wanted = 0;
  for (int i = 0; i < n; i++) {
    if (events[i].filter == EVFILT_TIMER) {
      readiness->armed = INT64_MAX;
    } else if (eq_readiness_is_wanted(readiness, (int)events[i].ident)) {
      ready[wanted++] = (struct eq_ready){.fd = (int)events[i].ident,
                                          .events = events_of(&events[i])};
    }
  }
  return n < 0 ? n : wanted;
}

#else
typedef int eq_readiness_is_epoll; /* ISO C forbids an empty file */
#endif
