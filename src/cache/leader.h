/*
 * leader: who runs a flight, and is it still alive?
 *
 * Law of this file: "dead" is said only of what is known to be dead; where a
 * death can't be seen the lease's deadline decides. A pid alone names nobody,
 * since pids come round again: a leader is its pid together with the time
 * that process was started. No Lua, no lock, no memory in here.
 */
#ifndef EQ_CACHE_LEADER_H
#define EQ_CACHE_LEADER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct eq_leader {
  pid_t pid;
  pid_t thread;   /* the kernel's number on Linux, elsewhere one of ours */
  uint64_t start; /* clock ticks from boot to its start; 0 = unknown */
  uint64_t space; /* pid namespace that gives `pid` its meaning; 0 = unknown */
};

/* The calling OS thread. Reads /proc: a few microseconds, not for hot paths.
 */
void eq_leader_self(struct eq_leader *self);

/* The same OS thread of the same process? */
bool eq_leader_same(const struct eq_leader *a, const struct eq_leader *b);

/*
 * True when that process is gone, is a zombie, or another one bears its pid.
 * A thread that ended in a living process is not seen: a Lua state may move
 * on to another thread in the middle of its flight.
 */
bool eq_leader_dead(const struct eq_leader *leader);

#endif
