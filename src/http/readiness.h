/*
 * readiness: one descriptor for many: which of them are ready, and a timer.
 *
 * Laws of this file:
 * - what one look costs depends on what is ready, not on what is watched
 *   (epoll on Linux, kqueue elsewhere);
 * - the descriptor is readable when a look has something to report, so that a
 *   foreign event loop can watch it;
 * - a kept socket of ours stays registered while it is idle: to register it
 *   for each request would cost two system calls. It must be forgotten before
 *   it is closed. Any other socket is registered just as long as it is wanted;
 * - it belongs to the process that opened it: a forked child shares it with
 *   its parent, and may only close it.
 */
#ifndef EQ_HTTP_READINESS_H
#define EQ_HTTP_READINESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a socket is watched for, and what it is ready for. One with an error is
 * ready for both: reading or writing says which error it is. */
enum { EQ_READABLE = 1, EQ_WRITABLE = 2 };

struct eq_watch {
  void *owner;          /* of eq_readiness_own */
  unsigned char wanted; /* EQ_READABLE and EQ_WRITABLE */
  unsigned char known;  /* the same, as the system has it */
  bool registered;      /* the system knows the socket */
  bool kept;            /* of ours: eq_readiness_forget will be called */
  bool changed;         /* it is in the list of changes */
};

struct eq_ready {
  int fd;
  unsigned events;
};

#define EQ_READY_MAX 64 /* reported by one look at most */

struct eq_readiness {
  int fd;                   /* -1: not open */
  int timer;                /* a descriptor of the timer; -1: there is none */
  int64_t armed;            /* when the timer wakes, on eq_tick_ns */
  struct eq_watch *watches; /* owned; by the sockets' numbers */
  size_t size;              /* of watches */
  int *changes;             /* owned; sockets whose watches have changed */
  size_t changes_n;
  size_t changes_size;
};

/* Not open; allocates nothing. */
void eq_readiness_init(struct eq_readiness *readiness);

/* 0, or an errno value: then it is not open. */
int eq_readiness_open(struct eq_readiness *readiness);

/* Harmless where it is not open, and in a forked child. */
void eq_readiness_close(struct eq_readiness *readiness);

/* A new socket of ours, which eq_readiness_forget will be called for. False:
 * no memory. */
bool eq_readiness_keep(struct eq_readiness *readiness, int fd);

/* Watches a socket; 0 no longer. False: no memory. */
bool eq_readiness_want(struct eq_readiness *readiness, int fd,
                       unsigned events);

/* Whose socket that is, until it is forgotten: NULL is libcurl's common multi
 * handle. Only for one that is watched. */
void eq_readiness_own(struct eq_readiness *readiness, int fd, void *owner);
void *eq_readiness_owner(const struct eq_readiness *readiness, int fd);

/* This socket is about to be closed. Harmless for any number. */
void eq_readiness_forget(struct eq_readiness *readiness, int fd);

/* Tells the system what has changed. 0, or an errno value. */
int eq_readiness_apply(struct eq_readiness *readiness);

/* The descriptor becomes readable at that time (on eq_tick_ns) at the latest;
 * INT64_MAX: never. 0, or an errno value. */
int eq_readiness_arm(struct eq_readiness *readiness, int64_t at);

/* It becomes readable now. For any thread; the only function that is. */
void eq_readiness_wake(const struct eq_readiness *readiness);

/*
 * Waits `ms` milliseconds (-1: without an end) until something is ready, and
 * writes it to `ready`, which has room for EQ_READY_MAX. The number of them,
 * or -1 with errno set. That the timer woke is not reported.
 */
int eq_readiness_wait(struct eq_readiness *readiness, struct eq_ready *ready,
                      int ms);

#endif
