/*
 * fork: what is done or known once for a whole process.
 *
 * Law of this file: all of it is written under pthread_once or is atomic, as
 * several threads may have a Lua state each.
 */
#ifndef EQ_BASE_FORK_H
#define EQ_BASE_FORK_H

#include <stdbool.h>

#include <curl/curl.h>

/*
 * Makes libcurl ready and the functions below work. Cheap when it was called
 * before. Libcurl is never cleaned up: the module stays loaded, and other
 * libraries of the process may use libcurl, too.
 */
CURLcode eq_process_init(void);

/*
 * A number that a child of fork() does not share with its parent. Read
 * instead of getpid(), which is a system call.
 */
unsigned eq_process_generation(void);

/*
 * Whether a write of libcurl's may raise SIGPIPE. From 7.87 on even TLS
 * libraries write through libcurl, which asks for no signal.
 */
bool eq_process_has_sigpipe(void);

#endif
