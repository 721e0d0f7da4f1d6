/*
 * exchange_replies: the laws are in exchange_replies.h.
 */
#include "http/exchange_replies.h"

#include <string.h>

/* Digits of a length: what is longer exceeds every limit. */
#define DIGITS_MAX 15

void eq_replies_init(struct eq_replies *replies, size_t max)
{
  *replies = (struct eq_replies){.wanted = 0};
  eq_buffer_init(&replies->bytes, max);
}

void eq_replies_free(struct eq_replies *replies)
{
  eq_buffer_free(&replies->bytes);
}

void eq_replies_begin(struct eq_replies *replies, size_t wanted)
{
  struct eq_buffer bytes = replies->bytes;
  eq_buffer_clear(&bytes);
  *replies = (struct eq_replies){.bytes = bytes, .wanted = wanted};
}

/* ----------------------------------------------------------------- numbers */

/* A length out of digits. */
static bool read_size(const char *text, size_t n, size_t *size)
{
  *size = 0;
  if (n == 0 || n > DIGITS_MAX) {
    return false;
  }
  for (size_t i = 0; i < n; i++) {
    if (text[i] < '0' || text[i] > '9') {
      return false;
    }
    *size = *size * 10 + (size_t)(text[i] - '0');
  }
  return true;
}

/* A whole number of any size. */
static bool is_number(const char *text, size_t n)
{
  size_t i = n > 0 && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  if (i == n) {
    return false;
  }
  while (i < n && text[i] >= '0' && text[i] <= '9') {
    i++;
  }
  return i == n;
}

/* "inf", "nan" and what a number may have. */
static bool is_double(const char *text, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    if (strchr("0123456789+-.eEinfaINFA", text[i]) == NULL ||
        text[i] == '\0') {
      return false;
    }
  }
  return n > 0;
}

/* ------------------------------------------------------------------ frames */

/* Takes the bytes from `from` up to `at` out: they are part of no reply. */
static void leave_out(struct eq_replies *replies, size_t from)
{
  struct eq_buffer *bytes = &replies->bytes;
  size_t rest = bytes->len - replies->at;
  memmove(bytes->data + from, bytes->data + replies->at, rest);
  eq_wipe(bytes->data + from + rest, bytes->len - from - rest);
  bytes->len = from + rest;
  replies->at = from;
}

/* The frame of that kind that ends at `at` is whole. */
static void complete(struct eq_replies *replies, char kind)
{
  while (replies->depth > 0) {
    if (kind == '|') {
      return; /* what it belongs to takes its place */
    }
    if (--replies->level[replies->depth - 1].left > 0) {
      return;
    }
    kind = replies->level[--replies->depth].kind;
  }
  if (kind == '|' || kind == '>') {
    leave_out(replies, replies->whole);
    return;
  }
  replies->has_error = replies->has_error || kind == '-' || kind == '!';
  replies->whole = replies->at;
  replies->wanted--;
}

static enum eq_replies_result begin_blob(struct eq_replies *replies,
                                         const char *text, size_t n)
{
  size_t size;
  char kind = text[0];
  if (kind == '$' && n == 3 && memcmp(text, "$-1", 3) == 0) {
    complete(replies, kind); /* RESP2's null */
    return EQ_REPLIES_MORE;
  }
  if (!read_size(text + 1, n - 1, &size)) {
    return EQ_REPLIES_BAD;
  }
  if (size > replies->bytes.max) {
    return EQ_REPLIES_LARGE;
  }
  replies->blob = size + 2;
  replies->blob_kind = kind;
  return EQ_REPLIES_MORE;
}

static enum eq_replies_result begin_aggregate(struct eq_replies *replies,
                                              const char *text, size_t n)
{
  size_t size;
  char kind = text[0];
  if (kind == '*' && n == 3 && memcmp(text, "*-1", 3) == 0) {
    complete(replies, kind);
    return EQ_REPLIES_MORE;
  }
  if (!read_size(text + 1, n - 1, &size) ||
      replies->depth == EQ_REPLIES_DEPTH ||
      (kind == '>' && replies->depth > 0)) {
    return EQ_REPLIES_BAD;
  }
  if (size > replies->bytes.max) {
    return EQ_REPLIES_LARGE; /* an element has three bytes at least */
  }
  if (size == 0) {
    complete(replies, kind);
    return EQ_REPLIES_MORE;
  }
  size = kind == '%' || kind == '|' ? 2 * size : size; /* pairs */
  replies->level[replies->depth].left = size;
  replies->level[replies->depth].kind = kind;
  replies->depth++;
  return EQ_REPLIES_MORE;
}

/* A frame that is one line. */
static enum eq_replies_result read_simple(struct eq_replies *replies,
                                          const char *text, size_t n)
{
  bool good = false;
  switch (text[0]) {
  case '+':
  case '-':
    good = true;
    break;
  case ':':
  case '(':
    good = is_number(text + 1, n - 1);
    break;
  case ',':
    good = is_double(text + 1, n - 1);
    break;
  case '#':
    good = n == 2 && (text[1] == 't' || text[1] == 'f');
    break;
  case '_':
    good = n == 1;
    break;
  default:
    break;
  }
  if (!good) {
    return EQ_REPLIES_BAD;
  }
  complete(replies, text[0]);
  return EQ_REPLIES_MORE;
}

/* A line without its end; `at` is behind that. */
static enum eq_replies_result read_line(struct eq_replies *replies,
                                        const char *text, size_t n)
{
  if (n == 0 || memchr(text, '\r', n) != NULL) {
    return EQ_REPLIES_BAD;
  }
  switch (text[0]) {
  case '$':
  case '!':
  case '=':
    return begin_blob(replies, text, n);
  case '*':
  case '~':
  case '%':
  case '|':
  case '>':
    return begin_aggregate(replies, text, n);
  default:
    return read_simple(replies, text, n);
  }
}

/* ------------------------------------------------------------------- bytes */

/* The rest of a string. False: more has to come, or it has no end. */
static bool read_blob(struct eq_replies *replies,
                      enum eq_replies_result *result)
{
  if (replies->bytes.len - replies->at < replies->blob) {
    return false;
  }
  replies->at += replies->blob;
  replies->blob = 0;
  if (memcmp(replies->bytes.data + replies->at - 2, "\r\n", 2) != 0) {
    *result = EQ_REPLIES_BAD;
    return false;
  }
  complete(replies, replies->blob_kind);
  return true;
}

/* The first byte tells a server that speaks something else at once: a line of
 * that need not end. */
static bool is_type(char byte)
{
  return byte != '\0' && strchr("+-:$*_#,(!=%~>|", byte) != NULL;
}

/* Reads a line. False: more has to come, or it is bad. */
static bool read_next(struct eq_replies *replies,
                      enum eq_replies_result *result)
{
  if (replies->blob > 0) {
    return read_blob(replies, result);
  }
  const char *text = replies->bytes.data + replies->at;
  size_t n = replies->bytes.len - replies->at;
  if (n > 0 && !is_type(*text)) {
    *result = EQ_REPLIES_BAD;
    return false;
  }
  const char *end =
      n == 0 ? NULL
             : memchr(text + replies->scanned, '\n', n - replies->scanned);
  if (end == NULL) {
    replies->scanned = n;
    return false;
  }
  size_t len = (size_t)(end - text);
  replies->scanned = 0;
  replies->at += len + 1;
  *result = len == 0 || end[-1] != '\r' ? EQ_REPLIES_BAD
                                        : read_line(replies, text, len - 1);
  return *result == EQ_REPLIES_MORE;
}

/* All that was wanted is there: nothing may follow but push frames, which end
 * the use of the connection. */
static enum eq_replies_result finish(struct eq_replies *replies)
{
  if (replies->at == replies->bytes.len) {
    return EQ_REPLIES_WHOLE;
  }
  if (replies->bytes.data[replies->at] != '>') {
    return EQ_REPLIES_BAD;
  }
  replies->aside = true;
  replies->at = replies->bytes.len;
  leave_out(replies, replies->whole);
  return EQ_REPLIES_WHOLE;
}

enum eq_replies_result eq_replies_add(struct eq_replies *replies,
                                      const char *bytes, size_t n)
{
  replies->came += n;
  if (replies->came > replies->bytes.max) {
    return EQ_REPLIES_LARGE;
  }
  switch (eq_buffer_add(&replies->bytes, bytes, n)) {
  case EQ_BUFFER_OK:
    break;
  case EQ_BUFFER_FULL:
    return EQ_REPLIES_LARGE;
  case EQ_BUFFER_NO_MEM:
    return EQ_REPLIES_NO_MEM;
  }
  enum eq_replies_result result = EQ_REPLIES_MORE;
  while (replies->wanted > 0 && read_next(replies, &result)) {
  }
  return result == EQ_REPLIES_MORE && replies->wanted == 0 ? finish(replies)
                                                           : result;
}
