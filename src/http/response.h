/*
 * response: a response as it comes in, piece by piece.
 *
 * Laws of this file:
 * - the other side decides nothing about our memory: headers and body are
 *   counted while they arrive, and the first byte too many ends it;
 * - only the final header block counts: 1xx blocks and trailers are dropped;
 * - knows neither Lua nor libcurl, so that its callers' callbacks are short.
 */
#ifndef EQ_HTTP_RESPONSE_H
#define EQ_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "http/error.h"
#include "http/file_sink.h"

/* All header bytes of one transfer, 1xx and trailers included. */
#define EQ_ANSWER_HEADERS_MAX ((size_t)256 * 1024)

/* The stage of the header blocks. */
enum eq_answer_stage {
  EQ_ANSWER_STATUS, /* a status line is next */
  EQ_ANSWER_FIELDS, /* header fields, up to an empty line */
  EQ_ANSWER_DONE    /* the final block is complete */
};

struct eq_answer {
  enum eq_answer_stage stage;
  long status;             /* of the current block; final when DONE */
  size_t header_bytes;     /* seen in all blocks */
  struct eq_buffer fields; /* final block: lines "Name: value\r\n" */
  struct eq_buffer body;   /* what did not go to the sink */
  struct eq_sink sink;     /* open: takes the body of a 2xx answer */
  enum eq_cause cause;     /* why no further byte is taken */
  int os;                  /* errno when cause is EQ_CAUSE_SINK */
};

void eq_answer_init(struct eq_answer *answer);

/*
 * Ready for the next response: everything of the last one is wiped, a sink
 * that was not committed is removed. max_body in bytes.
 */
void eq_answer_reset(struct eq_answer *answer, size_t max_body);

/* One header line as received. False: stop, the cause is set. */
bool eq_answer_header(struct eq_answer *answer, const char *line, size_t n);

/* A piece of the decoded body. False: stop, the cause is set. */
bool eq_answer_body(struct eq_answer *answer, const char *bytes, size_t n);

/* Whether the body that comes in is the one of a final 2xx answer. */
bool eq_answer_succeeds(const struct eq_answer *answer);

/*
 * The transfer ended well: an open sink gets its name if the answer was 2xx
 * and is removed if not. False: that failed, the cause is set.
 */
bool eq_answer_complete(struct eq_answer *answer);

/*
 * Takes the next field off *rest, which starts as the text of `fields`.
 * Name and value point into it, white space around them cut. False: no more.
 */
struct eq_field {
  const char *name;
  size_t name_len;
  const char *value;
  size_t value_len;
};
bool eq_answer_field(const char **rest, struct eq_field *field);

void eq_answer_free(struct eq_answer *answer);

#endif
