/*
 * fork: how a process notices that it is the child of a fork.
 *
 * Laws of this file:
 * - there is one counter for the whole module: whatever belongs to a process
 *   (connections, leases, locked files) notes its value when it is made, and
 *   belongs to another process once the value differs;
 * - it is counted in the child before fork() returns there.
 */
#ifndef EQ_BASE_FORK_H
#define EQ_BASE_FORK_H

/*
 * Begins to count. To be called before a value is noted; cheap when it was
 * called before, from any thread. 0, or an errno value: then forks are not
 * noticed, and nothing that belongs to a process may be made.
 */
int eq_fork_init(void);

/*
 * A number that a child of fork() does not share with its parent. Read
 * instead of getpid(), which is a system call.
 */
unsigned eq_fork_generation(void);

#endif
