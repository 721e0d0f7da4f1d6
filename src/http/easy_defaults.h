/*
 * easy_defaults: what libcurl is told once, and again only for another
 * identity.
 *
 * Laws of this file:
 * - no option that weakens TLS, follows a redirect, obeys the environment or
 *   allows another protocol exists here, so none can be switched on;
 * - another identity (authority, client certificate, proxy) starts from a
 *   reset: libcurl has no other way back to a default.
 */
#ifndef EQ_HTTP_EASY_DEFAULTS_H
#define EQ_HTTP_EASY_DEFAULTS_H

#include "http/transfer.h"

/* Whether libcurl announces each attempt: CURLOPT_PREREQFUNCTION, 7.80. */
#ifndef EQ_BASE_WATCHES
#define EQ_BASE_WATCHES (LIBCURL_VERSION_NUM >= 0x075000)
#endif

/* The functions by which libcurl hands over what it receives. */
struct eq_base_hooks {
  curl_write_callback header;
  curl_write_callback body;
#if EQ_BASE_WATCHES
  curl_prereq_callback attempt;
#endif
  curl_sockopt_callback socket;
};

/*
 * Does nothing where the handle has been told all that. A reset keeps live
 * connections, the DNS cache and TLS sessions. After anything but CURLE_OK
 * the handle must be dropped.
 */
CURLcode eq_base_set(struct eq_transfer *transfer,
                     const struct eq_request *request,
                     const struct eq_base_hooks *hooks);

#endif
