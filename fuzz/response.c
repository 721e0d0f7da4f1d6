/*
 * response: what a server sends, from its status line on; the same bytes in
 * other pieces are the judge.
 *
 * Input: which allocation fails (0 to 63), the limit of the body, the size of
 * the pieces; then header lines and, after an empty one, the body.
 */
#include "http/response.h"

#include <string.h>

#include "fuzz.h"

static struct eq_response whole;
static struct eq_response pieces;

void prepare(lua_State *L)
{
  (void)L;
  eq_response_init(&whole);
  eq_response_init(&pieces);
}

static bool feed_headers(struct eq_response *response, struct input *in)
{
  while (in->at < in->end && response->stage != EQ_RESPONSE_DONE) {
    const uint8_t *line = in->at;
    (void)take_until(in, '\n');
    if (!eq_response_header(response, (const char *)line,
                            (size_t)(in->at - line))) {
      return false;
    }
  }
  return response->stage == EQ_RESPONSE_DONE;
}

static bool feed_body(struct eq_response *response, struct input in,
                      size_t size)
{
  while (in.at < in.end) {
    size_t left = (size_t)(in.end - in.at);
    size_t n = left < size ? left : size;
    if (!eq_response_body(response, (const char *)in.at, n)) {
      return false;
    }
    in.at += n;
  }
  return true;
}

static void check_fields(const struct eq_response *response)
{
  const char *from = eq_buffer_text(&response->fields);
  const char *rest = from;
  const char *end = from + response->fields.len;
  struct eq_field field;
  while (eq_response_field(&rest, &field)) {
    expect(field.name >= from && field.name + field.name_len <= end &&
               field.value >= from && field.value + field.value_len <= end,
           "a field is a part of the header block");
    expect(memchr(field.name, ':', field.name_len) == NULL,
           "no name has a colon");
    expect(memchr(field.value, '\n', field.value_len) == NULL,
           "a folded line is a part of its field");
  }
}

static bool feed(struct eq_response *response, struct input in, size_t max,
                 size_t size)
{
  eq_response_reset(response, max);
  bool ok = feed_headers(response, &in) && feed_body(response, in, size) &&
            eq_response_complete(response);
  expect(response->header_bytes <= EQ_RESPONSE_HEADERS_MAX,
         "the headers keep their limit");
  expect(response->body.len <= max, "the body keeps its limit");
  expect(response->status >= 0 && response->status <= 999,
         "a status has three digits");
  check_fields(response);
  if (ok) {
    const char trailer[] = "Trailer: none\r\n";
    size_t before = response->fields.len;
    (void)eq_response_header(response, trailer, sizeof trailer - 1);
    expect(before == response->fields.len, "trailers are dropped");
  }
  return ok;
}

/* Where the limit or the end of the data is noticed may depend on pieces;
 * what counts as a whole response does not. */
static void compare(bool one, bool other)
{
  expect(one == other, "pieces make no difference");
  if (one) {
    expect(
        whole.body.len == pieces.body.len &&
            (whole.body.len == 0 ||
             memcmp(whole.body.data, pieces.body.data, whole.body.len) == 0),
        "pieces make the same body");
  }
}

void run(lua_State *L, struct input in)
{
  (void)L;
  unsigned failing = take_byte(&in);
  size_t max = (size_t)take_byte(&in) * 64;
  size_t size = (size_t)take_byte(&in) + 1;
  bool one = feed(&whole, in, max, SIZE_MAX);
  compare(one, feed(&pieces, in, max, size));
  if (failing < 64) {
    fail_allocation(failing + 1);
    if (!feed(&pieces, in, max, size) && one) {
      expect(pieces.cause == EQ_CAUSE_NO_MEMORY,
             "memory that is missing is called so");
    }
    fail_allocation(0);
  }
  if (failing % 16 == 1) { /* the buffers grow anew */
    eq_response_free(&pieces);
    eq_response_init(&pieces);
  }
}
