/*
 * readiness_epoll: readiness on Linux.
 *
 * Law of this file: only what epoll and timerfd do; the rest is readiness.c.
 */
#include "http/readiness_system.h"

#ifndef EQ_KQUEUE

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"

int eq_readiness_system_open(struct eq_readiness *readiness)
{
  readiness->fd = epoll_create1(EPOLL_CLOEXEC);
  if (readiness->fd == -1) {
    return errno;
  }
  readiness->timer =
      timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN};
  event.data.fd = readiness->timer;
  if (readiness->timer == -1 ||
      epoll_ctl(readiness->fd, EPOLL_CTL_ADD, readiness->timer, &event) != 0) {
    return errno;
  }
  return 0;
}

int eq_readiness_system_set(struct eq_readiness *readiness, int fd,
                            const struct eq_watch *watch)
{
  struct epoll_event event = {.events = 0};
  event.data.fd = fd;
  event.events |= (watch->wanted & EQ_READABLE) != 0 ? EPOLLIN : 0U;
  event.events |= (watch->wanted & EQ_WRITABLE) != 0 ? EPOLLOUT : 0U;
  int operation = watch->registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  return epoll_ctl(readiness->fd, operation, fd, &event) == 0 ? 0 : errno;
}

void eq_readiness_system_remove(struct eq_readiness *readiness, int fd)
{
  /* Fails for one that is not there. */
  (void)epoll_ctl(readiness->fd, EPOLL_CTL_DEL, fd, NULL);
}

static int set_timer(int timer, int64_t ns)
{
  const struct itimerspec when = {
      .it_value = {.tv_sec = (time_t)(ns / EQ_NS_PER_S),
                   .tv_nsec = (long)(ns % EQ_NS_PER_S)}};
  return timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL) == 0 ? 0
                                                                     : errno;
}

int eq_readiness_arm(struct eq_readiness *readiness, int64_t at)
{
  if (at >= readiness->armed) {
    return 0; /* that it wakes too early does no harm */
  }
  readiness->armed = at;
  return set_timer(readiness->timer, at > 0 ? at : 1);
}

void eq_readiness_wake(const struct eq_readiness *readiness)
{
  /* In the past: at once. The arguments are right, so it can't fail. */
  (void)set_timer(readiness->timer, 1);
}

static void read_timer(struct eq_readiness *readiness)
{
  uint64_t count;
  /* It was set anew meanwhile: then there is nothing to read. */
  ssize_t n = read(readiness->timer, &count, sizeof count);
  (void)n;
  readiness->armed = INT64_MAX;
}

static unsigned events_of(uint32_t events)
{
  const uint32_t broken = EPOLLERR | EPOLLHUP;
  unsigned ready = 0;
  ready |= (events & (EPOLLIN | broken)) != 0 ? EQ_READABLE : 0U;
  ready |= (events & (EPOLLOUT | broken)) != 0 ? EQ_WRITABLE : 0U;
  return ready;
}

int eq_readiness_wait(struct eq_readiness *readiness, struct eq_ready *ready,
                      int ms)
{
  struct epoll_event events[EQ_READY_MAX];
  int n = epoll_wait(readiness->fd, events, EQ_READY_MAX, ms);
  int wanted = 0;
  for (int i = 0; i < n; i++) {
    int fd = events[i].data.fd;
    if (fd == readiness->timer) {
      read_timer(readiness);
    } else if (eq_readiness_is_wanted(readiness, fd)) {
      ready[wanted++] =
          (struct eq_ready){.fd = fd, .events = events_of(events[i].events)};
    }
  }
  return n < 0 ? n : wanted;
}

#else
typedef int eq_readiness_is_kqueue; /* ISO C forbids an empty file */
#endif
