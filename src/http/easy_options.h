/*
 * easy_options: the options that are set for each request.
 *
 * Laws of this file:
 * - every result of curl_easy_setopt is checked;
 * - an option that has the wanted value is not set again (easy_state.h).
 */
#ifndef EQ_HTTP_EASY_OPTIONS_H
#define EQ_HTTP_EASY_OPTIONS_H

#include "http/easy_defaults.h"

/*
 * Sets on the handle what this request needs. ms bounds the transfer as a
 * whole. After anything but CURLE_OK the handle is in an unknown state and
 * must be closed.
 */
CURLcode eq_easy_options_set(struct eq_easy *easy,
                             const struct eq_request *request, long ms,
                             const struct eq_easy_hooks *hooks);

/* Seconds (more than 0) in libcurl's milliseconds: rounded up; 0 no limit. */
long eq_easy_options_ms(double seconds);

/* Whether the request that was set is a HEAD: its response has no body. */
bool eq_easy_options_is_head(const struct eq_easy *easy);

/* Writes the name of the proxy that was set, "host:port" without user and
 * password, into `name`, which has n bytes: EQ_PROXY_NAME_MAX do. */
#define EQ_PROXY_NAME_MAX 280
void eq_easy_options_proxy(const struct eq_easy *easy, char *name, size_t n);

/* The request's body is about to go: libcurl must not point to it. */
CURLcode eq_easy_options_release_body(struct eq_easy *easy);

#endif
