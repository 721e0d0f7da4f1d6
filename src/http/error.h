/*
 * error: why a transfer failed, in the terms of our callers.
 *
 * Laws of this file:
 * - every failure has a kind out of a closed set, a symbolic code, a message
 *   in our words, and the answer to the question on which retries depend:
 *   may a byte of the request have left?
 * - nothing that was sent or received is quoted.
 */
#ifndef EQ_HTTP_ERROR_H
#define EQ_HTTP_ERROR_H

#include <stdbool.h>

#include <curl/curl.h>

/* Why we ourselves ended a transfer; libcurl then only says "aborted". */
enum eq_cause {
  EQ_CAUSE_NONE,
  EQ_CAUSE_HEADERS,   /* more header bytes than EQ_ANSWER_HEADERS_MAX */
  EQ_CAUSE_BODY,      /* more body bytes than max_body */
  EQ_CAUSE_NO_MEMORY, /* an allocation failed */
  EQ_CAUSE_SINK,      /* the file could not be written; see `os` */
  EQ_CAUSE_REPEAT     /* libcurl wanted to send what is sent once only */
};

/* How far the transfer had come: what an OS error number can mean. */
struct eq_fault_facts {
  enum eq_cause cause; /* our own reason, it goes before libcurl's */
  CURLcode result;     /* libcurl's */
  int os;              /* errno of the failure, 0 when unknown */
  bool sent;           /* the request may have left, wholly or in part */
  bool head_done;      /* the final header block was complete */
  const char *detail;  /* libcurl's own words, "" when it has none */
};

struct eq_fault {
  const char *kind;                    /* static */
  char code[40];                       /* "ECONNREFUSED", "CURLE_...", ... */
  char message[CURL_ERROR_SIZE + 128]; /* words, then detail if harmless */
  bool sent;
};

/* Judges the facts of a failed transfer. */
void eq_fault_judge(struct eq_fault *fault,
                    const struct eq_fault_facts *facts);

/* The symbolic name of an errno value, NULL for an uncommon one. */
const char *eq_fault_errno(int os);

#endif
