/*
 * tls_pending: what a TLS library knows and libcurl does not tell: whether it
 * holds bytes that libcurl has not read, and whether it has given up.
 *
 * Laws of this file:
 * - a record may hold the end of one response and more; libcurl takes the end
 *   only, and the rest lies in the TLS library, where no look at the socket
 *   finds it. It would be the next request's response;
 * - OpenSSL gives a connection up where it has no memory to read into; libcurl
 *   7.88 takes that for "nothing there yet", and waits on;
 * - the library that is asked is the one libcurl was linked with, no other
 *   one that this process may have loaded.
 */
#ifndef EQ_HTTP_TLS_PENDING_H
#define EQ_HTTP_TLS_PENDING_H

#include <stdbool.h>

#include <curl/curl.h>

/*
 * For the connection that the handle is about to use. False without TLS; true
 * where the TLS library is not known, as then it can't be excluded.
 */
bool eq_tls_pending(CURL *handle);

/* Whether nothing can be read from or written to the connection in use any
 * more. False where that is not known, and without TLS. */
bool eq_tls_is_dead(CURL *handle);

#endif
