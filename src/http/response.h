/*
 * response: a response as it arrives, piece by piece.
 *
 * Laws of this file:
 * - the server does not decide how much memory is used: headers and body are
 *   counted while they arrive, and the first byte over a limit ends it;
 * - only the final header block is kept: 1xx blocks and trailers are dropped;
 * - a body is whole when its compressed data has come to its end, too;
 * - it knows neither Lua nor libcurl, so that the callbacks are short.
 */
#ifndef EQ_HTTP_RESPONSE_H
#define EQ_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "http/decoder.h"
#include "http/error.h"
#include "http/file_sink.h"

/* All header bytes of one transfer, 1xx and trailers included. */
#define EQ_RESPONSE_HEADERS_MAX ((size_t)256 * 1024)

/* The stage of the header blocks. */
enum eq_response_stage {
  EQ_RESPONSE_STATUS, /* a status line is next */
  EQ_RESPONSE_FIELDS, /* header fields, up to an empty line */
  EQ_RESPONSE_DONE    /* the final block is complete */
};

struct eq_response {
  enum eq_response_stage stage;
  long status;         /* of the current block; final when DONE */
  size_t header_bytes; /* seen in all blocks */
  bool framed;         /* the final block says where the body ends */
  bool coded;          /* it says how the body was encoded */
  struct eq_decoder decoder;
  struct eq_buffer fields;  /* final block: lines "Name: value\r\n" */
  struct eq_buffer body;    /* what did not go to the sink */
  struct eq_file_sink sink; /* open: gets the body of a 2xx response */
  enum eq_cause cause;      /* why no further byte is accepted */
  int os;                   /* errno when cause is EQ_CAUSE_SINK */
};

void eq_response_init(struct eq_response *response);

/*
 * Prepares for the next response: the last one is wiped, a sink that was not
 * committed is removed. max_body in bytes.
 */
void eq_response_reset(struct eq_response *response, size_t max_body);

/* One header line as received. False: stop, the cause is set. */
bool eq_response_header(struct eq_response *response, const char *line,
                        size_t n);

/* A piece of the body, as received. False: stop, the cause is set. */
bool eq_response_body(struct eq_response *response, const char *bytes,
                      size_t n);

/* Whether the body that arrives belongs to a final 2xx response. */
bool eq_response_succeeds(const struct eq_response *response);

/*
 * The transfer succeeded: an open sink gets its name if the response was 2xx
 * and is removed if not. False: the body is not whole, or that failed; the
 * cause is set.
 */
bool eq_response_complete(struct eq_response *response);

/*
 * Reads the next field of *rest, which starts as the text of `fields`. Name
 * and value point into it, without white space around. False: no more.
 */
struct eq_field {
  const char *name;
  size_t name_len;
  const char *value;
  size_t value_len;
};
bool eq_response_field(const char **rest, struct eq_field *field);

void eq_response_free(struct eq_response *response);

#endif
