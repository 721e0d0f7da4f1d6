/*
 * curl_init: what is done and known once about libcurl in a process.
 *
 * Law of this file: all of it is written under one lock, as several threads
 * may have a Lua state each, and what failed is tried again: memory that was
 * short once is not short for ever. Libcurl is never cleaned up: the module
 * stays loaded, and other libraries of the process may use libcurl, too.
 */
#ifndef EQ_HTTP_CURL_INIT_H
#define EQ_HTTP_CURL_INIT_H

#include <stdbool.h>

#include <curl/curl.h>

/* Makes libcurl ready, and forks noticed. Cheap when it was called before. */
CURLcode eq_curl_init(void);

/*
 * Whether a write of libcurl's may raise SIGPIPE. From 7.87 on even TLS
 * libraries write through libcurl, which turns the signal off.
 */
bool eq_curl_has_sigpipe(void);

#endif
