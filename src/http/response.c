/*
 * response: the laws are in response.h.
 */
#include "http/response.h"

#include <string.h>

void eq_response_init(struct eq_response *response)
{
  *response = (struct eq_response){.stage = EQ_RESPONSE_STATUS};
  eq_buffer_init(&response->fields, EQ_RESPONSE_HEADERS_MAX);
  eq_buffer_init(&response->body, 0);
  eq_decoder_init(&response->decoder);
  eq_file_sink_init(&response->sink);
}

void eq_response_reset(struct eq_response *response, size_t max_body)
{
  eq_buffer_clear(&response->fields);
  eq_buffer_clear(&response->body);
  eq_file_sink_abandon(&response->sink);
  response->body.max = max_body;
  response->stage = EQ_RESPONSE_STATUS;
  response->status = 0;
  response->header_bytes = 0;
  response->framed = false;
  response->coded = false;
  eq_decoder_clear(&response->decoder);
  response->cause = EQ_CAUSE_NONE;
  response->os = 0;
}

void eq_response_free(struct eq_response *response)
{
  eq_buffer_free(&response->fields);
  eq_buffer_free(&response->body);
  eq_decoder_clear(&response->decoder);
  eq_file_sink_abandon(&response->sink);
}

static bool fail(struct eq_response *response, enum eq_cause cause)
{
  response->cause = cause;
  return false;
}

/* Adds to a buffer; `full` is the cause when its limit is passed. */
static bool add(struct eq_response *response, struct eq_buffer *buffer,
                const char *bytes, size_t n, enum eq_cause full)
{
  switch (eq_buffer_add(buffer, bytes, n)) {
  case EQ_BUFFER_OK:
    return true;
  case EQ_BUFFER_FULL:
    return fail(response, full);
  case EQ_BUFFER_NO_MEM:
    break;
  }
  return fail(response, EQ_CAUSE_NO_MEMORY);
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
 * The status of "HTTP/1.1 200 OK" or "HTTP/2 200"; 0: there is none. (Libcurl
 * has checked the line before, by stricter rules.)
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

/* Whether the line begins with this, in lower case; in ASCII, whatever the
 * locale. */
static bool begins(const char *line, size_t n, const char *lower)
{
  size_t i = 0;
  for (; i < n && lower[i] != '\0'; i++) {
    char c = line[i];
    if (c >= 'A' && c <= 'Z') {
      c = (char)(c + ('a' - 'A'));
    }
    if (c != lower[i]) {
      return false;
    }
  }
  return lower[i] == '\0';
}

static bool is_text(const char *text, size_t n, const char *lower)
{
  return n == strlen(lower) && begins(text, n, lower);
}

static bool is_named(const struct eq_field *field, const char *lower)
{
  return is_text(field->name, field->name_len, lower);
}

/* Fields that say something about the body. Most begin with another letter. */
static void note_field(struct eq_response *response, const char *line,
                       size_t n)
{
  if (*line == 'C' || *line == 'c') {
    if (begins(line, n, "content-encoding:")) {
      response->coded = true;
    } else if (begins(line, n, "content-length:")) {
      response->framed = true;
    }
  } else if ((*line == 'T' || *line == 't') &&
             begins(line, n, "transfer-encoding:")) {
    response->framed = true;
    response->coded = true;
  }
}

/*
 * Keeps a line of the block. A folded line (RFC 9112, 5.2) continues the
 * field before it: the line break between them becomes spaces.
 */
static bool keep_field(struct eq_response *response, const char *line,
                       size_t n)
{
  struct eq_buffer *fields = &response->fields;
  if (is_blank(*line)) {
    for (size_t i = fields->len; i > 0 && is_break(fields->data[i - 1]); i--) {
      fields->data[i - 1] = ' ';
    }
  }
  note_field(response, line, n);
  return add(response, fields, line, n, EQ_CAUSE_HEADERS);
}

/* The coding of the body, of the fields that name one. Only one can be
 * undone; and of a Transfer-Encoding none but libcurl's "chunked". */
static enum eq_coding find_coding(const struct eq_response *response)
{
  enum eq_coding found = EQ_CODING_IDENTITY;
  const char *rest = eq_buffer_text(&response->fields);
  struct eq_field field;
  while (eq_response_field(&rest, &field)) {
    enum eq_coding coding = EQ_CODING_IDENTITY;
    if (is_named(&field, "content-encoding")) {
      coding = eq_decoder_coding(field.value, field.value_len);
    } else if (is_named(&field, "transfer-encoding") &&
               !is_text(field.value, field.value_len, "chunked")) {
      coding = EQ_CODING_OTHER;
    }
    if (coding != EQ_CODING_IDENTITY) {
      found = found == EQ_CODING_IDENTITY ? coding : EQ_CODING_OTHER;
    }
  }
  return found;
}

/* The empty line: after a 1xx block another one follows. */
static void end_block(struct eq_response *response)
{
  bool interim = response->status >= 100 && response->status < 200;
  response->stage = interim ? EQ_RESPONSE_STATUS : EQ_RESPONSE_DONE;
  if (!interim && response->coded) {
    response->decoder.coding = find_coding(response);
  }
}

bool eq_response_header(struct eq_response *response, const char *line,
                        size_t n)
{
  if (n > EQ_RESPONSE_HEADERS_MAX - response->header_bytes) {
    return fail(response, EQ_CAUSE_HEADERS);
  }
  response->header_bytes += n;
  switch (response->stage) {
  case EQ_RESPONSE_STATUS:
    eq_buffer_clear(&response->fields);
    response->framed = false;
    response->coded = false;
    response->status = status_of(line, n);
    response->stage = EQ_RESPONSE_FIELDS;
    return true;
  case EQ_RESPONSE_FIELDS:
    if (n == 0 || is_break(*line)) {
      end_block(response);
      return true;
    }
    return keep_field(response, line, n);
  case EQ_RESPONSE_DONE: /* a trailer */
    break;
  }
  return true;
}

/* Only the body of a final 2xx response may reach a file. */
static bool is_success(const struct eq_response *response)
{
  return response->status >= 200 && response->status < 300;
}

static bool sink_failed(struct eq_response *response, int reason)
{
  response->os = reason;
  return fail(response, EQ_CAUSE_SINK);
}

/* Decoded bytes. */
static bool take(void *owner, const char *bytes, size_t n)
{
  struct eq_response *response = owner;
  if (!eq_file_sink_is_open(&response->sink) || !is_success(response)) {
    return add(response, &response->body, bytes, n, EQ_CAUSE_BODY);
  }
  int reason = eq_file_sink_write(&response->sink, bytes, n);
  return reason == 0 || sink_failed(response, reason);
}

static bool decode(struct eq_response *response, const char *bytes, size_t n)
{
  switch (eq_decoder_feed(&response->decoder, bytes, n, take, response)) {
  case EQ_DECODER_OK:
    return true;
  case EQ_DECODER_STOPPED:
    return false; /* take has set the cause */
  case EQ_DECODER_NO_MEMORY:
    return fail(response, EQ_CAUSE_NO_MEMORY);
  case EQ_DECODER_TRAILING:
    return fail(response, EQ_CAUSE_TRAILING);
  case EQ_DECODER_CORRUPT:
    break;
  }
  return fail(response, EQ_CAUSE_CORRUPT);
}

bool eq_response_body(struct eq_response *response, const char *bytes,
                      size_t n)
{
  switch (response->decoder.coding) {
  case EQ_CODING_IDENTITY:
    return take(response, bytes, n);
  case EQ_CODING_OTHER:
    return fail(response, EQ_CAUSE_CODING);
  default:
    return decode(response, bytes, n);
  }
}

bool eq_response_succeeds(const struct eq_response *response)
{
  return response->stage == EQ_RESPONSE_DONE && is_success(response);
}

bool eq_response_complete(struct eq_response *response)
{
  if (!eq_decoder_complete(&response->decoder)) {
    return fail(response, EQ_CAUSE_CUT);
  }
  if (!eq_file_sink_is_open(&response->sink)) {
    return true;
  }
  if (!is_success(response)) {
    eq_file_sink_abandon(&response->sink);
    return true;
  }
  int reason = eq_file_sink_commit(&response->sink);
  return reason == 0 || sink_failed(response, reason);
}

/* Cuts white space, and the CR of the line break, off both ends. */
static void trim(const char **from, const char **to)
{
  while (*from < *to && is_blank(**from)) {
    (*from)++;
  }
  while (*to > *from && (is_blank((*to)[-1]) || is_break((*to)[-1]))) {
    (*to)--;
  }
}

bool eq_response_field(const char **rest, struct eq_field *field)
{
  const char *end;
  while ((end = strchr(*rest, '\n')) != NULL) {
    const char *name = *rest;
    const char *colon = memchr(name, ':', (size_t)(end - name));
    *rest = end + 1;
    if (colon == NULL) {
      continue; /* not a field; libcurl accepts such lines */
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
