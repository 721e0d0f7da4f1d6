/*
 * easy_state: a libcurl easy handle, and the options that were set on it, to
 * compare the next request with.
 *
 * Law of this file: the state may lack something (then that option is set
 * again), but it never claims what libcurl does not know.
 */
#ifndef EQ_HTTP_EASY_STATE_H
#define EQ_HTTP_EASY_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include <curl/curl.h>

#include "base/buffer.h"

/* The options that make a connection another one when they differ. */
enum eq_identity {
  EQ_CA_FILE,
  EQ_CLIENT_CERT,
  EQ_CLIENT_KEY,
  EQ_KEY_PASSWORD_FILE,
  EQ_PROXY,
  EQ_IDENTITY_SIZE
};

struct eq_easy_state {
  bool defaults;           /* the options that never change are set */
  bool watched;            /* libcurl reports each attempt before it sends */
  bool fresh_connect;      /* to use a new connection */
  bool http1;              /* HTTP/2 is not offered */
  bool pipewait;           /* waits for a connection to share */
  bool verbose;            /* libcurl says what it does */
  bool forbid_reuse;       /* to close the connection afterwards */
  char form;               /* of enum form in easy_options.c; 0: none */
  long connect_ms;         /* limit for connecting; 0: none, -1: not set */
  long total_ms;           /* for the whole transfer, likewise */
  struct eq_buffer method; /* "GET" */
  struct eq_buffer url;
  CURLU *parsed;            /* owned; the same URL, see set_url */
  struct eq_buffer lines;   /* as in struct eq_request */
  struct curl_slist *slist; /* owned; made of lines */
  struct eq_buffer identity[EQ_IDENTITY_SIZE]; /* empty: not given */
  unsigned stamp;  /* of the identity's files; 0: libcurl got none yet */
  int64_t look_at; /* on eq_coarse_ns: when to look at them again */
};

struct eq_easy {
  CURL *handle; /* owned; NULL: made at the next start */
  struct eq_easy_state state;
};

/* No handle yet. */
void eq_easy_init(struct eq_easy *easy);

/* Makes the handle where there is none. False: no memory. */
bool eq_easy_open(struct eq_easy *easy);

/* Frees the handle; its connections stay with the multi handle. Wipes the
 * state. Harmless without a handle. */
void eq_easy_close(struct eq_easy *easy);

/* Resets the handle to libcurl's own defaults, and wipes the state. */
void eq_easy_reset(struct eq_easy *easy);

/* True if this text was set; NULL counts as "". */
bool eq_easy_state_equals(const struct eq_buffer *buffer, const char *text);

/* Keeps n bytes to compare with, or CURLE_OUT_OF_MEMORY. */
CURLcode eq_easy_state_remember(struct eq_buffer *buffer, const char *bytes,
                                size_t n);

/* Frees a list of header lines, wiped: libcurl would not wipe the token. */
void eq_easy_state_free_slist(struct curl_slist *slist);

#endif
