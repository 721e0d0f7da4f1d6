/*
 * tls_errors: OpenSSL's error queue of this thread stays the host's own, and
 * is read where libcurl does not.
 *
 * Laws of this file:
 * - OpenSSL has one queue for a thread, and libcurl leaves the reasons of a
 *   failed call in it. The host, or nginx, would take them for the reasons of
 *   a failure of its own: they are taken out, what was there before is not
 *   (unless libcurl itself clears the queue, which it does);
 * - where OpenSSL has no memory, libcurl 7.88 may take that for "nothing there
 *   yet", and wait: then only the queue says it, until libcurl's next call.
 */
#ifndef EQ_HTTP_TLS_ERRORS_H
#define EQ_HTTP_TLS_ERRORS_H

#include <stdbool.h>

/* Marks the end of the queue; what it returns is for the next function. */
bool eq_tls_errors_mark(void);

/* Takes out what came after the mark. */
void eq_tls_errors_drop(bool marked);

/* The first error in the queue; 0: there is none. */
unsigned long eq_tls_errors_first(void);

/* Whether that one is about memory. */
bool eq_tls_errors_is_memory(unsigned long error);

#endif
