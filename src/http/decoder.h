/*
 * decoder: undoes the compression of a body, piece by piece.
 *
 * Laws of this file:
 * - it says whether the compressed data came to its own end: the framing of
 *   HTTP around it may be complete where the data is not;
 * - a gzip body may have several members (RFC 1952, 2.2); after the last one
 *   nothing may follow;
 * - what it needs does not grow with the body, and is wiped.
 *
 * RATIONALE: libcurl decodes too, but takes data that ends early for whole,
 * and refuses a second member with an error that does not say so.
 */
#ifndef EQ_HTTP_DECODER_H
#define EQ_HTTP_DECODER_H

#include <stdbool.h>
#include <stddef.h>

#define ZLIB_CONST /* its input is const */
#include <zlib.h>

/* What a request offers to undo. */
#define EQ_DECODER_CODINGS "gzip, deflate"

enum eq_coding {
  EQ_CODING_IDENTITY, /* none */
  EQ_CODING_GZIP,
  EQ_CODING_DEFLATE,
  EQ_CODING_OTHER /* one that can't be undone */
};

enum eq_decoder_result {
  EQ_DECODER_OK,
  EQ_DECODER_STOPPED, /* by the function that takes the bytes */
  EQ_DECODER_NO_MEMORY,
  EQ_DECODER_CORRUPT, /* this is not data of that coding */
  EQ_DECODER_TRAILING /* something follows the compressed data */
};

/* Takes n decoded bytes; false: no more. */
typedef bool eq_decoder_take(void *owner, const char *bytes, size_t n);

struct eq_decoder {
  enum eq_coding coding;
  bool begun;     /* the body has at least one byte */
  bool open;      /* zlib's state is allocated */
  bool ended;     /* the compressed data is complete */
  char first;     /* of deflate: held back until the second is there */
  bool has_first; /* it is */
  z_stream zlib;
};

/* Ready for a body without a coding. */
void eq_decoder_init(struct eq_decoder *decoder);

/* The coding that a value of Content-Encoding names, n bytes. */
enum eq_coding eq_decoder_coding(const char *value, size_t n);

/* "gzip", "deflate" or "unknown"; static. */
const char *eq_decoder_name(enum eq_coding coding);

/* Decodes n bytes of the body. After anything but OK: only clear. */
enum eq_decoder_result eq_decoder_feed(struct eq_decoder *decoder,
                                       const char *bytes, size_t n,
                                       eq_decoder_take *take, void *owner);

/* Whether the body may end here. An empty one may. */
bool eq_decoder_complete(const struct eq_decoder *decoder);

/* Frees and wipes; then it is ready for the next body. */
void eq_decoder_clear(struct eq_decoder *decoder);

#endif
