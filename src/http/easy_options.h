/*
 * easy_options: what libcurl is told for each request.
 *
 * Laws of this file:
 * - every answer of curl_easy_setopt is looked at;
 * - an option that has the wanted value is not set again (easy_state.h).
 */
#ifndef EQ_HTTP_EASY_OPTIONS_H
#define EQ_HTTP_EASY_OPTIONS_H

#include "http/easy_defaults.h"
#include "http/transfer.h"

/*
 * Tells transfer->easy what this request needs. ms bounds the transfer as a
 * whole. After anything but CURLE_OK the handle is in an unknown state and
 * must be dropped.
 */
CURLcode eq_setup(struct eq_transfer *transfer,
                  const struct eq_request *request, long ms,
                  const struct eq_base_hooks *hooks);

/* Seconds (more than 0) in libcurl's milliseconds: rounded up; 0 no limit. */
long eq_setup_ms(double seconds);

/* The request's body goes away: libcurl must not point to it any more. */
CURLcode eq_setup_release(struct eq_transfer *transfer);

#endif
