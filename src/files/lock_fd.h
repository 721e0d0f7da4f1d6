/*
 * lock_fd: open files that a forked child must not keep.
 *
 * Laws of this file:
 * - a lock by flock belongs to the open file, and fork gives the child a hand
 *   on the same open file: unless the child lets go, its parent's lock
 *   outlives the parent. So every file that may be locked is listed here from
 *   the moment it is open, and a child closes its copies before fork returns
 *   there; the parent's lock stays as it is.
 * - a fork waits until an open or close under way here is done.
 *
 * Why flock: locks of fcntl's first kind do belong to one process, but let
 * two Lua states of it in at once, and are gone as soon as anybody in the
 * process closes another handle of the file. Its second kind (OFD) is shared
 * with children like flock, and Linux's only.
 */
#ifndef EQ_FILES_LOCK_FD_H
#define EQ_FILES_LOCK_FD_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * openat, closed in forked children and by exec. -1 with errno set; EINTR is
 * dealt with.
 */
int eq_hold_open(int dir, const char *name, int flags, mode_t mode);

/* Closes what eq_hold_open opened in this process; its lock goes with it. */
void eq_hold_close(int fd);

/* Takes the lock of an open file if nobody has it; never waits. False with
 * errno set: EWOULDBLOCK where another one has it. */
bool eq_hold_try(int fd);

/*
 * A number that a child of fork() does not share with its parent. What was
 * opened under another one is closed, and its number may be another file's.
 */
unsigned eq_hold_generation(void);

#endif
