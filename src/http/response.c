/*
 * response: the laws are in response.h.
 */
#include "http/response.h"

#include <string.h>

void eq_answer_init(struct eq_answer *answer)
{
  *answer = (struct eq_answer){.stage = EQ_ANSWER_STATUS};
  eq_buffer_init(&answer->fields, EQ_ANSWER_HEADERS_MAX);
  eq_buffer_init(&answer->body, 0);
  eq_sink_init(&answer->sink);
}

void eq_answer_reset(struct eq_answer *answer, size_t max_body)
{
  eq_buffer_clear(&answer->fields);
  eq_buffer_clear(&answer->body);
  eq_sink_abandon(&answer->sink);
  answer->body.max = max_body;
  answer->stage = EQ_ANSWER_STATUS;
  answer->status = 0;
  answer->header_bytes = 0;
  answer->cause = EQ_CAUSE_NONE;
  answer->os = 0;
}

void eq_answer_free(struct eq_answer *answer)
{
  eq_buffer_free(&answer->fields);
  eq_buffer_free(&answer->body);
  eq_sink_abandon(&answer->sink);
}

static bool fail(struct eq_answer *answer, enum eq_cause cause)
{
  answer->cause = cause;
  return false;
}

/* Adds to a buffer; `full` is the cause when its limit is passed. */
static bool add(struct eq_answer *answer, struct eq_buffer *buffer,
                const char *bytes, size_t n, enum eq_cause full)
{
  switch (eq_buffer_add(buffer, bytes, n)) {
  case EQ_BUFFER_OK:
    return true;
  case EQ_BUFFER_FULL:
    return fail(answer, full);
  case EQ_BUFFER_NO_MEM:
    break;
  }
  return fail(answer, EQ_CAUSE_NO_MEMORY);
}

static bool is_blank(char c)
{
  return c == ' ' || c == '\t';
}

static bool is_break(char c)
{
  return c == '\r' || c == '\n';
}

/*
 * The status of "HTTP/1.1 200 OK" or "HTTP/2 200"; 0 where it is not one
 * (libcurl has judged the line by its own, stricter rules before).
 */
static long status_of(const char *line, size_t n)
{
  const char *space = memchr(line, ' ', n);
  if (space == NULL) {
    return 0;
  }
  long status = 0;
  const char *end = line + n;
  for (const char *c = space + 1; c < end && *c >= '0' && *c <= '9'; c++) {
    status = status * 10 + (*c - '0');
    if (status > 999) {
      return 0;
    }
  }
  return status;
}

/*
 * Keeps a line of the block. A folded one (RFC 9112, 5.2) continues the
 * field before it: the line break between them becomes spaces.
 */
static bool keep_field(struct eq_answer *answer, const char *line, size_t n)
{
  struct eq_buffer *fields = &answer->fields;
  if (is_blank(*line)) {
    for (size_t i = fields->len; i > 0 && is_break(fields->data[i - 1]); i--) {
      fields->data[i - 1] = ' ';
    }
  }
  return add(answer, fields, line, n, EQ_CAUSE_HEADERS);
}

/* The empty line: a 1xx block announces another one. */
static void end_block(struct eq_answer *answer)
{
  bool interim = answer->status >= 100 && answer->status < 200;
  answer->stage = interim ? EQ_ANSWER_STATUS : EQ_ANSWER_DONE;
}

bool eq_answer_header(struct eq_answer *answer, const char *line, size_t n)
{
  if (n > EQ_ANSWER_HEADERS_MAX - answer->header_bytes) {
    return fail(answer, EQ_CAUSE_HEADERS);
  }
  answer->header_bytes += n;
  switch (answer->stage) {
  case EQ_ANSWER_STATUS:
    eq_buffer_clear(&answer->fields);
    answer->status = status_of(line, n);
    answer->stage = EQ_ANSWER_FIELDS;
    return true;
  case EQ_ANSWER_FIELDS:
    if (n == 0 || is_break(*line)) {
      end_block(answer);
      return true;
    }
    return keep_field(answer, line, n);
  case EQ_ANSWER_DONE: /* a trailer */
    break;
  }
  return true;
}

/* Only the final answer's bytes may reach a file, and only good ones. */
static bool is_success(const struct eq_answer *answer)
{
  return answer->status >= 200 && answer->status < 300;
}

static bool sink_failed(struct eq_answer *answer, int reason)
{
  answer->os = reason;
  return fail(answer, EQ_CAUSE_SINK);
}

bool eq_answer_body(struct eq_answer *answer, const char *bytes, size_t n)
{
  if (!eq_sink_is_open(&answer->sink) || !is_success(answer)) {
    return add(answer, &answer->body, bytes, n, EQ_CAUSE_BODY);
  }
  int reason = eq_sink_write(&answer->sink, bytes, n);
  return reason == 0 || sink_failed(answer, reason);
}

bool eq_answer_succeeds(const struct eq_answer *answer)
{
  return answer->stage == EQ_ANSWER_DONE && is_success(answer);
}

bool eq_answer_complete(struct eq_answer *answer)
{
  if (!eq_sink_is_open(&answer->sink)) {
    return true;
  }
  if (!is_success(answer)) {
    eq_sink_abandon(&answer->sink);
    return true;
  }
  int reason = eq_sink_commit(&answer->sink);
  return reason == 0 || sink_failed(answer, reason);
}

/* Cuts white space, and the line break's CR, off both ends. */
static void trim(const char **from, const char **to)
{
  while (*from < *to && is_blank(**from)) {
    (*from)++;
  }
  while (*to > *from && (is_blank((*to)[-1]) || is_break((*to)[-1]))) {
    (*to)--;
  }
}

bool eq_answer_field(const char **rest, struct eq_field *field)
{
  const char *end;
  while ((end = strchr(*rest, '\n')) != NULL) {
    const char *name = *rest;
    const char *colon = memchr(name, ':', (size_t)(end - name));
    *rest = end + 1;
    if (colon == NULL) {
      continue; /* not a field; libcurl lets such lines pass */
    }
    const char *value = colon + 1;
    trim(&name, &colon);
    trim(&value, &end);
    *field = (struct eq_field){
        .name = name,
        .name_len = (size_t)(colon - name),
        .value = value,
        .value_len = (size_t)(end - value),
    };
    return true;
  }
  return false;
}
