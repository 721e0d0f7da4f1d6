/*
 * request: the laws are in request.h.
 */
#include "http/request.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <curl/curl.h>

#include "base/memory.h"
#include "http/decoder.h"
#include "http/field_syntax.h"

/* max_body of a request without one: the client's default, 64 MiB. */
#define MAX_BODY_DEFAULT ((size_t)64 * 1024 * 1024)

#define OFFER "Accept-Encoding: " EQ_DECODER_CODINGS

/* By HTTP/2 one connection carries a hundred requests; a second one helps
 * where packets are lost. More would only cost handshakes. */
#define CONNECTIONS_DEFAULT 2

/* All header lines of one request; more than any server accepts. */
#define LINES_MAX ((size_t)256 * 1024)

/*
 * Raises at the line that called send: this runs as the protected body of
 * that method, so level 1 is the method and level 2 its caller.
 */
static int misuse(lua_State *L, const char *format, ...)
{
  va_list args;
  luaL_where(L, 2);
  va_start(args, format);
  lua_pushvfstring(L, format, args);
  va_end(args);
  lua_concat(L, 2);
  return lua_error(L);
}

/* The value on top as a string of *n bytes. */
static const char *to_string(lua_State *L, const char *name, size_t *n)
{
  if (lua_type(L, -1) != LUA_TSTRING) {
    misuse(L, "request.%s: a string expected, got %s", name,
           luaL_typename(L, -1));
  }
  return lua_tolstring(L, -1, n);
}

static void add(lua_State *L, struct eq_buffer *lines, const char *bytes,
                size_t n)
{
  switch (eq_buffer_add(lines, bytes, n)) {
  case EQ_BUFFER_OK:
    return;
  case EQ_BUFFER_FULL:
    misuse(L, "request.headers: are larger than 256 KiB");
    return;
  case EQ_BUFFER_NO_MEM:
    (void)eq_no_memory(L);
    return;
  }
}

/* The names on which the lines of our own depend. */
static void note_name(struct eq_request *request, const char *name, size_t n)
{
  switch (n) {
  case sizeof "Range" - 1:
    request->ranged = request->ranged || curl_strequal(name, "Range");
    break;
  case sizeof "Content-Type" - 1:
    request->typed = request->typed || curl_strequal(name, "Content-Type");
    break;
  case sizeof "Accept-Encoding" - 1:
    request->encoded =
        request->encoded || curl_strequal(name, "Accept-Encoding");
    break;
  default:
    break;
  }
}

static bool is_empty_value(const char *value)
{
  return value[strspn(value, " \t")] == '\0';
}

/* Makes a line of the pair {name, value} on top. */
static void read_header(lua_State *L, int i, struct eq_request *request)
{
  struct eq_buffer *lines = request->lines;
  if (!lua_istable(L, -1)) {
    misuse(L, "request.headers[%d]: {name, value} expected", i);
  }
  lua_rawgeti(L, -1, 1); /* [.., pair, name] */
  lua_rawgeti(L, -2, 2); /* [.., pair, name, value] */
  if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING) {
    misuse(L, "request.headers[%d]: two strings expected", i);
  }
  size_t name_len;
  size_t value_len;
  const char *name = lua_tolstring(L, -2, &name_len);
  const char *value = lua_tolstring(L, -1, &value_len);
  if (!eq_is_token(name, name_len) || eq_is_framing(name, name_len)) {
    misuse(L, "request.headers[%d]: this name is not allowed", i);
  }
  if (eq_has_break(value, value_len)) {
    misuse(L, "request.headers[%d]: the value has a NUL, CR or LF", i);
  }
  note_name(request, name, name_len);
  add(L, lines, name, name_len);
  if (is_empty_value(value)) {
    add(L, lines, ";", 2); /* in libcurl: send "Name:" without a value */
  } else {
    add(L, lines, ": ", 2);
    add(L, lines, value, value_len + 1);
  }
  lua_pop(L, 2); /* [.., pair] */
}

/*
 * The readers of fields: the value is on top, and they leave it there. They
 * store it at an offset into struct eq_request.
 */
typedef void reader(lua_State *L, const char *name, size_t offset,
                    struct eq_request *request);

#define TARGET(type) ((type *)(void *)((char *)request + offset))

/* Only kept for later: which lines are made depends on the body. */
static void read_headers(lua_State *L, const char *name, size_t offset,
                         struct eq_request *request)
{
  (void)offset;
  if (!lua_istable(L, -1)) {
    misuse(L, "request.%s: a list expected", name);
  }
  request->headers = lua_topointer(L, -1);
  lua_pushvalue(L, -1);
  lua_replace(L, -4); /* [.., headers, name, value] */
}

static void read_method(lua_State *L, const char *name, size_t offset,
                        struct eq_request *request)
{
  size_t n;
  (void)offset;
  request->method = to_string(L, name, &n);
  if (!eq_is_token(request->method, n)) {
    misuse(L, "request.method: is not a token");
  }
}

static void read_url(lua_State *L, const char *name, size_t offset,
                     struct eq_request *request)
{
  size_t n;
  (void)offset;
  request->url = to_string(L, name, &n);
  if (n == 0 || !eq_is_visible_ascii(request->url, n)) {
    misuse(L, "request.url: is empty or has a byte that URLs don't have");
  }
}

static void read_body(lua_State *L, const char *name, size_t offset,
                      struct eq_request *request)
{
  (void)offset;
  request->body = to_string(L, name, &request->body_len);
}

/* A string for a C function: no NUL, no line break, not empty. */
static void read_plain(lua_State *L, const char *name, size_t offset,
                       struct eq_request *request)
{
  size_t n;
  const char *text = to_string(L, name, &n);
  if (n == 0 || eq_has_break(text, n)) {
    misuse(L, "request.%s: is empty or has a NUL, CR or LF", name);
  }
  *TARGET(const char *) = text;
}

/* The value on top as a number that compares. */
static double to_number(lua_State *L, const char *name)
{
  double number = (double)lua_tonumber(L, -1);
  if (lua_type(L, -1) != LUA_TNUMBER || isnan(number)) {
    misuse(L, "request.%s: a number expected", name);
  }
  return number;
}

static void read_number(lua_State *L, const char *name, size_t offset,
                        struct eq_request *request)
{
  *TARGET(double) = to_number(L, name);
}

/* Bytes; a number larger than memory means no limit. */
static void read_size(lua_State *L, const char *name, size_t offset,
                      struct eq_request *request)
{
  double number = to_number(L, name);
  if (number < 0) {
    misuse(L, "request.%s: is negative", name);
  }
  *TARGET(size_t) =
      number >= (double)(SIZE_MAX / 2) ? SIZE_MAX / 2 : (size_t)number;
}

/* How many; at least one. */
static void read_count(lua_State *L, const char *name, size_t offset,
                       struct eq_request *request)
{
  double number = to_number(L, name);
  if (number < 1) {
    misuse(L, "request.%s: at least 1 expected", name);
  }
  *TARGET(long) = (long)fmin(number, 1e6);
}

/* A name, kept as a hash (FNV-1a): it is only compared. */
static void read_account(lua_State *L, const char *name, size_t offset,
                         struct eq_request *request)
{
  size_t n;
  const char *text = to_string(L, name, &n);
  uint64_t hash = 14695981039346656037U;
  for (size_t i = 0; i < n; i++) {
    hash = (hash ^ (unsigned char)text[i]) * 1099511628211U;
  }
  *TARGET(uint64_t) = hash == 0 ? 1 : hash;
}

static void read_flag(lua_State *L, const char *name, size_t offset,
                      struct eq_request *request)
{
  (void)name;
  *TARGET(bool) = lua_toboolean(L, -1) != 0;
}

#define NAME(field) #field, sizeof #field - 1
#define AT(field) offsetof(struct eq_request, field)

static const struct {
  const char *name;
  size_t len;
  reader *read;
  size_t offset;
} fields[] = {
    {NAME(method), read_method, AT(method)},
    {NAME(url), read_url, AT(url)},
    {NAME(headers), read_headers, 0},
    {NAME(body), read_body, AT(body)},
    {NAME(may_resend), read_flag, AT(may_resend)},
    {NAME(once), read_flag, AT(once)},
    {NAME(account), read_account, AT(account)},
    {NAME(http1), read_flag, AT(http1)},
    {NAME(fresh_connect), read_flag, AT(fresh_connect)},
    {NAME(raw_headers), read_flag, AT(raw_headers)},
    {NAME(max_body), read_size, AT(max_body)},
    {NAME(connections), read_count, AT(connections)},
    {NAME(connect_timeout), read_number, AT(connect_timeout)},
    {NAME(sink), read_plain, AT(sink)},
    {NAME(ca_file), read_plain, AT(ca_file)},
    {NAME(client_cert), read_plain, AT(client_cert)},
    {NAME(client_key), read_plain, AT(client_key)},
    {NAME(client_key_password_file), read_plain, AT(client_key_password_file)},
    {NAME(proxy), read_plain, AT(proxy)},
};

/* [.., name, value] */
static void read_field(lua_State *L, struct eq_request *request)
{
  size_t len;
  const char *name = lua_tolstring(L, -2, &len);
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
    if (fields[i].len == len && memcmp(fields[i].name, name, len) == 0) {
      fields[i].read(L, name, fields[i].offset, request);
      return;
    }
  }
}

/* Methods that announce a body even if it is empty: RFC 9110, 8.6. */
static bool expects_body(const char *method)
{
  return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
         strcmp(method, "PATCH") == 0;
}

/* Checks what depends on several fields. */
static void complete(lua_State *L, struct eq_request *request)
{
  if (request->method == NULL) {
    misuse(L, "request.method: a string expected, got nil");
    return; /* not reached: for analyzers */
  }
  if (request->url == NULL) {
    misuse(L, "request.url: a string expected, got nil");
    return;
  }
  if (request->body == NULL && expects_body(request->method)) {
    request->body = "";
  }
  if (request->body != NULL && strcmp(request->method, "HEAD") == 0) {
    misuse(L, "request.body: HEAD has none");
  }
  if (request->proxy != NULL &&
      strcmp(request->proxy, EQ_PROXY_ENVIRONMENT) == 0 &&
      !curl_strnequal(request->url, "https:", 6)) {
    request->proxy = NULL;
  }
  if (request->once && request->may_resend) {
    misuse(L, "request.once: may_resend says the contrary");
  }
}

/* [.., headers | nil] */
static void make_lines(lua_State *L, struct eq_request *request)
{
  struct eq_buffer *lines = request->lines;
  int n = request->headers == NULL ? 0 : (int)lua_rawlen(L, -1);
  for (int i = 1; i <= n; i++) {
    lua_rawgeti(L, -1, i); /* [.., headers, pair] */
    read_header(L, i, request);
    lua_pop(L, 1);
  }
  if (!request->encoded) {
    /* A part of compressed data can't be undone: RFC 9110, 14.2. */
    const char *line = request->ranged ? "Accept-Encoding: identity" : OFFER;
    add(L, lines, line, strlen(line) + 1);
  }
  if (request->body != NULL) {
    /* In libcurl a name with a colon only means: do not add this header. */
    add(L, lines, "Expect:", sizeof "Expect:");
    if (!request->typed) {
      add(L, lines, "Content-Type:", sizeof "Content-Type:");
    }
  }
  request->lines_len = lines->len - request->lines_at;
}

/* Whether both have the same lines; a body adds lines of its own. */
static bool shares_lines(const struct eq_request *request,
                         const struct eq_request *before)
{
  return before != NULL && request->headers == before->headers &&
         request->body == NULL && before->body == NULL;
}

void eq_request_read(lua_State *L, int idx, struct eq_request *request,
                     struct eq_buffer *lines, const struct eq_request *before)
{
  *request = (struct eq_request){
      .lines = lines,
      .lines_at = lines->len,
      .connect_timeout = HUGE_VAL,
      .max_body = MAX_BODY_DEFAULT,
      .connections = CONNECTIONS_DEFAULT,
  };
  if (!lua_istable(L, idx)) {
    misuse(L, "request: a table expected, got %s", luaL_typename(L, idx));
  }
  luaL_checkstack(L, 8, "request");
  lines->max = lines->len + LINES_MAX;
  lua_pushnil(L); /* [.., headers] */
  /* Walks the fields that are there: most possible ones are not. */
  lua_pushnil(L);
  while (lua_next(L, idx) != 0) {         /* [.., headers, name, value] */
    if (lua_type(L, -2) == LUA_TSTRING) { /* lua_next needs it unchanged */
      read_field(L, request);
    }
    lua_pop(L, 1);
  }
  complete(L, request);
  if (shares_lines(request, before)) {
    request->lines_at = before->lines_at;
    request->lines_len = before->lines_len;
  } else {
    make_lines(L, request);
  }
  lua_pop(L, 1);
}
