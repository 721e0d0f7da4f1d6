/*
 * exchange_replies: where the replies of Redis end (RESP2 and RESP3).
 *
 * Laws of this file:
 * - it finds the ends and understands nothing else; what does not follow the
 *   protocol exactly is bad, and so is whatever follows the last reply;
 * - what a server says beside its replies (push frames, and attributes in
 *   front of a reply) counts as none and is left out;
 * - no number that a server names allocates or repeats anything: only bytes
 *   that came take memory, nested EQ_REPLIES_DEPTH deep;
 * - `max` bytes may come, those that are left out among them: what a server
 *   says beside its replies need not end.
 */
#ifndef EQ_HTTP_EXCHANGE_REPLIES_H
#define EQ_HTTP_EXCHANGE_REPLIES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

#define EQ_REPLIES_DEPTH 32

enum eq_replies_result {
  EQ_REPLIES_MORE,  /* are to come */
  EQ_REPLIES_WHOLE, /* all are there */
  EQ_REPLIES_BAD,   /* not this protocol */
  EQ_REPLIES_LARGE, /* more than `max` bytes came */
  EQ_REPLIES_NO_MEM
};

struct eq_replies {
  struct eq_buffer bytes; /* the whole replies, and what came of the next */
  size_t wanted;          /* replies that are to come */
  size_t whole;           /* bytes of the whole ones */
  size_t came;            /* bytes, those that were left out, too */
  bool has_error;         /* one of them is an error */
  bool aside;             /* more came than was asked for: a push frame */

  /* Of the one that is coming. */
  size_t at;      /* read up to here */
  size_t scanned; /* from there: has no end of a line */
  size_t blob;    /* bytes of a string, its end included, to come; 0: none */
  char blob_kind; /* its type */
  unsigned depth; /* aggregates around */
  struct {
    size_t left; /* elements that are to come */
    char kind;
  } level[EQ_REPLIES_DEPTH];
};

/* None came. Until eq_replies_free. */
void eq_replies_init(struct eq_replies *replies, size_t max);

/* Forgets what came: so many are to come. */
void eq_replies_begin(struct eq_replies *replies, size_t wanted);

/* n bytes came. Not to be called again after anything but MORE. */
enum eq_replies_result eq_replies_add(struct eq_replies *replies,
                                      const char *bytes, size_t n);

/* Wipes and frees the bytes. Harmless when repeated. */
void eq_replies_free(struct eq_replies *replies);

#endif
