/*
 * easy_defaults: the options that are set once, and again only for another
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

#include "http/easy_state.h"
#include "http/request.h"

/* Whether libcurl reports each attempt: CURLOPT_PREREQFUNCTION, 7.80. */
#ifndef EQ_EASY_WATCHES
#define EQ_EASY_WATCHES (LIBCURL_VERSION_NUM >= 0x075000)
#endif

/* The functions that libcurl calls with what it receives and does. */
struct eq_easy_hooks {
  void *owner; /* passed to header and body; CURLINFO_PRIVATE gives it back */
  char *error; /* CURL_ERROR_SIZE bytes for libcurl's message */
  curl_write_callback header;
  curl_write_callback body;
#if EQ_EASY_WATCHES
  curl_prereq_callback attempt;
#endif
  curl_sockopt_callback socket;
  curl_debug_callback text;
  void *attempt_owner; /* passed to attempt, socket and text */
  curl_closesocket_callback close;
  void *close_owner;
};

/* The version of the files that this request will use: request->stamp. Looks
 * at them once a second. */
unsigned eq_easy_defaults_stamp(const struct eq_easy *easy,
                                const struct eq_request *request);

/* Only what is the same for every request: how TLS is verified, that there is
 * no proxy, no environment, no redirect. For a new handle. */
CURLcode eq_easy_defaults_fixed(CURL *handle);

/*
 * Does nothing where the handle has all that already. A reset keeps live
 * connections, the DNS cache and TLS sessions. After anything but CURLE_OK
 * the handle must be closed.
 */
CURLcode eq_easy_defaults_set(struct eq_easy *easy,
                              const struct eq_request *request,
                              const struct eq_easy_hooks *hooks);

#endif
