/*
 * tls_errors: OpenSSL's error queue of this thread stays the host's own.
 *
 * Law of this file: OpenSSL has one queue for a thread, and libcurl leaves the
 * reasons of a failed call in it. The host, or nginx, would take them for the
 * reasons of a failure of its own: they are taken out, what was there before
 * is not (unless libcurl itself clears the queue, which it does).
 */
#ifndef EQ_HTTP_TLS_ERRORS_H
#define EQ_HTTP_TLS_ERRORS_H

#include <stdbool.h>

/* Marks the end of the queue; what it returns is for the next function. */
bool eq_tls_errors_mark(void);

/* Takes out what came after the mark. */
void eq_tls_errors_drop(bool marked);

#endif
