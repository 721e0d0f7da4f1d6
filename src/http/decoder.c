/*
 * decoder: the laws are in decoder.h.
 */
#include "http/decoder.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/buffer.h"

/* zlib's arguments for the format: a window of 32 KiB, and what is around. */
enum format { FORMAT_RAW = -15, FORMAT_ZLIB = 15, FORMAT_GZIP = 15 + 16 };

#define GZIP_FIRST '\x1f' /* every member begins with it */

void eq_decoder_init(struct eq_decoder *decoder)
{
  *decoder = (struct eq_decoder){.coding = EQ_CODING_IDENTITY};
}

/* In ASCII, whatever the locale. `lower` is in lower case. */
static bool same(const char *text, size_t n, const char *lower)
{
  for (size_t i = 0; i < n; i++) {
    char c = text[i];
    if (c >= 'A' && c <= 'Z') {
      c = (char)(c + ('a' - 'A'));
    }
    if (lower[i] == '\0' || c != lower[i]) {
      return false;
    }
  }
  return lower[n] == '\0';
}

enum eq_coding eq_decoder_coding(const char *value, size_t n)
{
  static const struct {
    const char *name;
    enum eq_coding coding;
  } names[] = {
      {"", EQ_CODING_IDENTITY},       {"identity", EQ_CODING_IDENTITY},
      {"none", EQ_CODING_IDENTITY},   {"gzip", EQ_CODING_GZIP},
      {"x-gzip", EQ_CODING_GZIP}, /* RFC 9110, 8.4.1.3 */
      {"deflate", EQ_CODING_DEFLATE},
  };
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (same(value, n, names[i].name)) {
      return names[i].coding;
    }
  }
  return EQ_CODING_OTHER;
}

const char *eq_decoder_name(enum eq_coding coding)
{
  switch (coding) {
  case EQ_CODING_GZIP:
    return "gzip";
  case EQ_CODING_DEFLATE:
    return "deflate";
  default:
    return "unknown";
  }
}

/* The size goes before the memory, so that it can be wiped. */
union block {
  size_t size;
  max_align_t aligned;
};

static void *allocate(void *opaque, unsigned count, unsigned each)
{
  (void)opaque;
  size_t size = (size_t)count * each;
  if (each != 0 &&
      (size / each != count || size > SIZE_MAX - sizeof(union block))) {
    return NULL;
  }
  union block *block = calloc(1, sizeof *block + size);
  if (block == NULL) {
    return NULL;
  }
  block->size = size;
  return block + 1;
}

static void release(void *opaque, void *bytes)
{
  (void)opaque;
  union block *block = (union block *)bytes - 1;
  eq_wipe(bytes, block->size);
  free(block);
}

static enum eq_decoder_result open_zlib(struct eq_decoder *decoder,
                                        enum format format)
{
  decoder->zlib = (z_stream){.zalloc = allocate, .zfree = release};
  decoder->open = inflateInit2(&decoder->zlib, format) == Z_OK;
  return decoder->open ? EQ_DECODER_OK : EQ_DECODER_NO_MEMORY;
}

static enum eq_decoder_result meaning(int rc)
{
  switch (rc) {
  case Z_OK:
  case Z_STREAM_END:
  case Z_BUF_ERROR: /* no more input, or no more output: not an error */
    return EQ_DECODER_OK;
  case Z_MEM_ERROR:
    return EQ_DECODER_NO_MEMORY;
  default:
    return EQ_DECODER_CORRUPT;
  }
}

/* Decodes up to the end of the input, or of the compressed data. */
static enum eq_decoder_result inflate_some(struct eq_decoder *decoder,
                                           eq_decoder_take *take, void *owner)
{
  z_stream *zlib = &decoder->zlib;
  unsigned char out[16 * 1024];
  enum eq_decoder_result result;
  int rc;
  do {
    zlib->next_out = out;
    zlib->avail_out = sizeof out;
    rc = inflate(zlib, Z_NO_FLUSH);
    size_t n = sizeof out - zlib->avail_out;
    result = meaning(rc);
    if (result == EQ_DECODER_OK && n > 0 &&
        !take(owner, (const char *)out, n)) {
      result = EQ_DECODER_STOPPED;
    }
  } while (result == EQ_DECODER_OK && rc == Z_OK &&
           (zlib->avail_in > 0 || zlib->avail_out == 0));
  decoder->ended = rc == Z_STREAM_END;
  eq_wipe(out, sizeof out);
  return result;
}

/* The compressed data is complete, and there is more: another member? */
static enum eq_decoder_result next_member(struct eq_decoder *decoder)
{
  if (decoder->coding != EQ_CODING_GZIP ||
      *decoder->zlib.next_in != (unsigned char)GZIP_FIRST) {
    return EQ_DECODER_TRAILING;
  }
  decoder->ended = false;
  return inflateReset(&decoder->zlib) == Z_OK ? EQ_DECODER_OK
                                              : EQ_DECODER_CORRUPT;
}

static enum eq_decoder_result decode(struct eq_decoder *decoder,
                                     const char *bytes, size_t n,
                                     eq_decoder_take *take, void *owner)
{
  enum eq_decoder_result result = EQ_DECODER_OK;
  z_stream *zlib = &decoder->zlib;
  zlib->next_in = (const unsigned char *)bytes;
  zlib->avail_in = (unsigned)n;
  while (result == EQ_DECODER_OK && zlib->avail_in > 0) {
    if (decoder->ended) {
      result = next_member(decoder);
    }
    if (result == EQ_DECODER_OK) {
      result = inflate_some(decoder, take, owner);
    }
  }
  return result;
}

/*
 * "deflate" means zlib's format (RFC 9110, 8.4.1.2), but some servers send
 * the bare data of RFC 1951. That can't begin like zlib's header: there those
 * bits are a stored block with padding that is not zero.
 */
static bool is_zlib_header(const char *two)
{
  unsigned a = (unsigned char)two[0];
  unsigned b = (unsigned char)two[1];
  return (a & 15) == 8 && a >> 4 <= 7 && (a * 256 + b) % 31 == 0;
}

/* The first bytes of a body: decides the format. *n of them are used up. */
static enum eq_decoder_result begin(struct eq_decoder *decoder,
                                    const char *bytes, size_t *n,
                                    eq_decoder_take *take, void *owner)
{
  *n = 0;
  if (decoder->coding == EQ_CODING_GZIP) {
    return open_zlib(decoder, FORMAT_GZIP);
  }
  *n = 1;
  if (!decoder->has_first) {
    decoder->first = *bytes;
    decoder->has_first = true;
    return EQ_DECODER_OK;
  }
  const char two[] = {decoder->first, *bytes};
  enum eq_decoder_result result =
      open_zlib(decoder, is_zlib_header(two) ? FORMAT_ZLIB : FORMAT_RAW);
  return result == EQ_DECODER_OK
             ? decode(decoder, two, sizeof two, take, owner)
             : result;
}

enum eq_decoder_result eq_decoder_feed(struct eq_decoder *decoder,
                                       const char *bytes, size_t n,
                                       eq_decoder_take *take, void *owner)
{
  enum eq_decoder_result result = EQ_DECODER_OK;
  decoder->begun = decoder->begun || n > 0;
  while (n > 0 && result == EQ_DECODER_OK) {
    size_t used = n < INT_MAX ? n : INT_MAX;
    result = decoder->open ? decode(decoder, bytes, used, take, owner)
                           : begin(decoder, bytes, &used, take, owner);
    bytes += used;
    n -= used;
  }
  return result;
}

bool eq_decoder_complete(const struct eq_decoder *decoder)
{
  return decoder->coding == EQ_CODING_IDENTITY || !decoder->begun ||
         decoder->ended;
}

void eq_decoder_clear(struct eq_decoder *decoder)
{
  if (decoder->open) {
    (void)inflateEnd(&decoder->zlib); /* fails for a broken state only */
  }
  eq_decoder_init(decoder);
}
