/*
 * lock_fd: open files that a forked child must not keep.
 *
 * Laws of this file:
 * - a lock by flock belongs to the open file, and fork shares that with the
 *   child: unless the child closes it, the lock outlives the parent. So every
 *   file that may be locked is in a list from the moment it is open, and a
 *   child closes its copies before fork returns there; the parent's lock
 *   stays as it is.
 * - a fork waits until an open or close under way here is done.
 *
 * Why flock: the first kind of fcntl locks does belong to one process, but
 * lets two Lua states of it in at once, and is gone as soon as any part of the
 * process closes another descriptor of the file. The second kind (OFD) is
 * shared with children like flock, and only Linux has it.
 */
#ifndef EQ_FILES_LOCK_FD_H
#define EQ_FILES_LOCK_FD_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * openat, closed in forked children and by exec. -1 with errno set, never
 * EINTR.
 */
int eq_lock_fd_open(int dir, const char *name, int flags, mode_t mode);

/* Closes what eq_lock_fd_open opened in this process, which ends its lock. */
void eq_lock_fd_close(int fd);

/* Takes the lock of an open file if it is free; never waits. False with errno
 * set: EWOULDBLOCK if another open file has it. */
bool eq_lock_fd_try(int fd);

#endif
