/*
 * exchange_error: why an exchange failed.
 *
 * Laws of this file:
 * - a failure of the network has one of a few codes, whatever libcurl and the
 *   system call it: "closed", "refused", "unreachable", "unresolved",
 *   "timeout"; TLS and files have those of the API's requests (error.h);
 * - each message names the address, and nothing that was sent or received.
 */
#ifndef EQ_HTTP_EXCHANGE_ERROR_H
#define EQ_HTTP_EXCHANGE_ERROR_H

#include "http/error.h"
#include "http/exchange_link.h"

/* Why we ended it ourselves. */
enum eq_exchange_cause {
  EQ_EXCHANGE_LIBCURL,      /* libcurl failed */
  EQ_EXCHANGE_CLOSED,       /* the other side ended the connection */
  EQ_EXCHANGE_LATE,         /* its deadline passed */
  EQ_EXCHANGE_GARBAGE,      /* no reply of this protocol */
  EQ_EXCHANGE_SPEAKS_TLS,   /* but a record of TLS */
  EQ_EXCHANGE_LARGE,        /* more than max_reply */
  EQ_EXCHANGE_NO_CONNECTION /* none is kept, and it may make none */
};

struct eq_exchange_facts {
  enum eq_exchange_cause cause;
  CURLcode result; /* libcurl's */
  bool connecting; /* the connection was not there yet */
  bool silent;     /* nothing ever came on it */
  bool sent;       /* a byte of `send` may have left */
  bool no_memory;  /* libcurl lacked some meanwhile */
};

/* `one` may be NULL: there was no connection. */
void eq_exchange_classify(struct eq_error *error,
                          const struct eq_exchange *exchange,
                          struct eq_exchange_link *one,
                          const struct eq_exchange_facts *facts);

#endif
