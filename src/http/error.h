/*
 * error: why a transfer failed, in terms that callers can use.
 *
 * Laws of this file:
 * - every failure has a kind out of a closed set, a symbolic code, a message
 *   of our own, and what retries depend on: may the server have received a
 *   byte of the request, and may another attempt succeed?
 * - nothing that was sent or received is quoted.
 */
#ifndef EQ_HTTP_ERROR_H
#define EQ_HTTP_ERROR_H

#include <stdbool.h>

#include <curl/curl.h>

/* Why we ended a transfer ourselves; libcurl then only reports "aborted". */
enum eq_cause {
  EQ_CAUSE_NONE,
  EQ_CAUSE_HEADERS,   /* more header bytes than EQ_RESPONSE_HEADERS_MAX */
  EQ_CAUSE_BODY,      /* more body bytes than max_body */
  EQ_CAUSE_CODING,    /* the body has a coding that can't be undone */
  EQ_CAUSE_CORRUPT,   /* the body is not data of its coding */
  EQ_CAUSE_TRAILING,  /* bytes after the compressed data */
  EQ_CAUSE_CUT,       /* the compressed data has no end */
  EQ_CAUSE_END,       /* nothing says whether the body is whole */
  EQ_CAUSE_PROXY,     /* the proxy did not connect; see `proxy` */
  EQ_CAUSE_NO_MEMORY, /* an allocation failed */
  EQ_CAUSE_SINK,      /* the file could not be written; see `os` */
  EQ_CAUSE_REPEAT     /* libcurl was about to send a request again */
};

/* How far the transfer had come decides what an errno value means. */
struct eq_error_facts {
  enum eq_cause cause; /* our own reason, before libcurl's */
  CURLcode result;     /* libcurl's */
  int os;              /* errno of the failure, 0 when unknown */
  bool sent;           /* at least a part of the request may have left */
  bool head_done;      /* the final header block was complete */
  const char *detail;  /* libcurl's message, "" when it has none */
  bool unframed;       /* nothing but the connection's end ends the body */
  const char *coding;  /* of the body, for causes about it */
  bool own_ca;         /* the request has a ca_file */
  const char *proxy;   /* "host:port" */
  long proxy_status;   /* its answer to CONNECT */
  bool no_memory;      /* an allocation of libcurl's has failed meanwhile */
};

struct eq_error {
  const char *kind;                    /* static */
  char code[40];                       /* "ECONNREFUSED", "CURLE_...", ... */
  char message[CURL_ERROR_SIZE + 192]; /* ours, then libcurl's if harmless */
  bool sent;
  bool retryable; /* another attempt may succeed */
};

/* Classifies the facts of a failed transfer. */
void eq_error_classify(struct eq_error *error,
                       const struct eq_error_facts *facts);

#endif
