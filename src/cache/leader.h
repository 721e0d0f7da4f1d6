/*
 * leader: which process runs a renewal, and is it still alive?
 *
 * Law of this file: a leader is "dead" only if that is certain; where a death
 * can't be seen the deadline of the lease decides. Pids are used again, so a
 * leader is a pid together with the time at which that process was started.
 * Uses no Lua, no lock and no memory.
 */
#ifndef EQ_CACHE_LEADER_H
#define EQ_CACHE_LEADER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct eq_leader {
  pid_t pid;
  pid_t thread;   /* the kernel's number on Linux, elsewhere our own */
  uint64_t start; /* clock ticks from boot to its start; 0 = unknown */
  uint64_t space; /* pid namespace of `pid`; 0 = unknown */
};

/* The calling OS thread. Reads /proc, which takes a few microseconds: not for
 * hot paths. */
void eq_leader_self(struct eq_leader *self);

/* The same OS thread of the same process? */
bool eq_leader_same(const struct eq_leader *a, const struct eq_leader *b);

/*
 * True when that process is gone, is a zombie, or another one has its pid. A
 * thread that ended in a living process does not count: a Lua state may move
 * to another thread in the middle of its renewal.
 */
bool eq_leader_dead(const struct eq_leader *leader);

#endif
