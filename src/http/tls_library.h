/*
 * tls_library: functions of the TLS library that libcurl was linked with.
 *
 * Law of this file: what is found belongs to libcurl's own library, and to no
 * other one that this process may have loaded.
 */
#ifndef EQ_HTTP_TLS_LIBRARY_H
#define EQ_HTTP_TLS_LIBRARY_H

#include <stdatomic.h>

/* What has that name; NULL: libcurl does not depend on it. Looked for once:
 * the place starts as NULL, and every thread finds the same. */
void *eq_tls_library_find(void *_Atomic *place, const char *name);

#endif
