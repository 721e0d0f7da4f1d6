/*
 * easy_state: what an easy handle has been told, to compare the next request
 * with.
 *
 * Law of this file: it may forget something (then it is told again), but it
 * never claims what libcurl does not know.
 */
#ifndef EQ_HTTP_EASY_STATE_H
#define EQ_HTTP_EASY_STATE_H

#include <stdbool.h>

#include <curl/curl.h>

#include "base/buffer.h"

/* The options that make a connection another one when they differ. */
enum eq_identity {
  EQ_CA_FILE,
  EQ_CLIENT_CERT,
  EQ_CLIENT_KEY,
  EQ_PROXY,
  EQ_IDENTITY_SIZE
};

struct eq_told {
  bool base;               /* the options that never change */
  bool watched;            /* it reports each attempt before it sends */
  bool lone;               /* to use a new connection */
  bool close;              /* to close the connection afterwards */
  char form;               /* of enum form in easy_options.c; 0: none */
  long connect_ms;         /* limit for connecting; 0: none, -1: not told */
  long total_ms;           /* for the whole transfer, likewise */
  struct eq_buffer method; /* "GET" */
  struct eq_buffer url;
  CURLU *parsed;            /* owned; the same URL, see set_url */
  struct eq_buffer lines;   /* as in struct eq_request */
  struct curl_slist *slist; /* owned; made of lines */
  struct eq_buffer identity[EQ_IDENTITY_SIZE]; /* empty: not given */
};

/* Of a new handle, which was told nothing. */
void eq_told_init(struct eq_told *told);

/* The handle is gone or was reset, and what it knew. Wipes. */
void eq_told_forget(struct eq_told *told);

/* Wipes and frees. */
void eq_told_free(struct eq_told *told);

/* True if this text was told; NULL counts as "". */
bool eq_told_knows(const struct eq_buffer *buffer, const char *text);

/* Keeps n bytes to compare with, or CURLE_OUT_OF_MEMORY. */
CURLcode eq_told_remember(struct eq_buffer *buffer, const char *bytes,
                          size_t n);

/* Frees a list of header lines, wiped: libcurl would not wipe the bearer. */
void eq_told_free_slist(struct curl_slist *slist);

#endif
