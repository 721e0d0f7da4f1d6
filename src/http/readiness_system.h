/*
 * readiness_system: what readiness.c asks of epoll or kqueue.
 *
 * Law of this file: it is between the files of readiness only.
 */
#ifndef EQ_HTTP_READINESS_SYSTEM_H
#define EQ_HTTP_READINESS_SYSTEM_H

#include "http/readiness.h"

/* The BSDs and macOS have kqueue; with EQ_KQUEUE a library may bring it. */
#if defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) ||      \
    defined(__OpenBSD__) || defined(__DragonFly__)
#define EQ_KQUEUE 1
#endif

/* 0, or an errno value; what was opened until then is closed by the caller. */
int eq_readiness_system_open(struct eq_readiness *readiness);

/* Registers what *watch wants, and no more. 0, or an errno value. */
int eq_readiness_system_set(struct eq_readiness *readiness, int fd,
                            const struct eq_watch *watch);

/* Harmless where it is not registered. */
void eq_readiness_system_remove(struct eq_readiness *readiness, int fd);

/* Whether what this socket is ready for is wanted; else it is removed. */
bool eq_readiness_is_wanted(struct eq_readiness *readiness, int fd);

#endif
