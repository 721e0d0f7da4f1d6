/*
 * request: tables as a caller may pass them.
 *
 * Input: which allocation fails (0 to 31); then fields: a name's number, the
 * kind of a value, the value.
 */
#include "http/request.h"

#include <string.h>

#include "fuzz.h"

static struct eq_buffer lines;
static struct eq_request request;
static struct eq_request before;
static bool has_before;

void prepare(lua_State *L)
{
  (void)L;
  eq_buffer_init(&lines, 0);
}

static const char *const names[] = {
    "method",          "url",
    "headers",         "headers",
    "headers",         "headers",
    "headers",         "body",
    "may_resend",      "once",
    "account",         "http1",
    "fresh_connect",   "raw_headers",
    "max_body",        "connections",
    "connect_timeout", "sink",
    "ca_file",         "client_cert",
    "client_key",      "client_key_password_file",
    "proxy",           "unknown"};

static const char *const words[] = {"GET",
                                    "POST",
                                    "HEAD",
                                    "https://api.equinix.com/",
                                    "Content-Type",
                                    "Accept-Encoding",
                                    "Range",
                                    "Host",
                                    "Content-Length",
                                    ""};

static void push_text(lua_State *L, struct input *in)
{
  unsigned word = take_byte(in);
  if (word < sizeof words / sizeof *words) {
    lua_pushstring(L, words[word]);
  } else {
    struct piece piece = take_piece(in);
    lua_pushlstring(L, piece.bytes, piece.len);
  }
}

static void push_number(lua_State *L, struct input *in)
{
  union {
    double number;
    unsigned char bytes[sizeof(double)];
  } value;
  for (size_t i = 0; i < sizeof value.bytes; i++) {
    value.bytes[i] = (unsigned char)take_byte(in);
  }
  lua_pushnumber(L, value.number);
}

static void push_value(lua_State *L, struct input *in, int depth);

static void push_list(lua_State *L, struct input *in, int depth)
{
  unsigned n = take_byte(in) % 8;
  lua_createtable(L, (int)n, 0);
  for (unsigned i = 1; i <= n; i++) {
    push_value(L, in, depth + 1);
    lua_rawseti(L, -2, (int)i);
  }
}

static void push_pairs(lua_State *L, struct input *in)
{
  unsigned n = take_byte(in) % 8;
  lua_createtable(L, (int)n, 0);
  for (unsigned i = 1; i <= n; i++) {
    lua_createtable(L, 2, 0);
    push_text(L, in);
    lua_rawseti(L, -2, 1);
    push_text(L, in);
    lua_rawseti(L, -2, 2);
    lua_rawseti(L, -2, (int)i);
  }
}

static void push_value(lua_State *L, struct input *in, int depth)
{
  switch (take_byte(in) % 8) {
  case 0:
    lua_pushboolean(L, (int)(take_byte(in) & 1));
    break;
  case 1:
    push_number(L, in);
    break;
  case 2:
    lua_pushinteger(L, (lua_Integer)take_byte(in) - 8);
    break;
  case 3:
    if (depth < 4) {
      push_list(L, in, depth);
      break;
    }
    lua_pushboolean(L, 0);
    break;
  case 4:
    push_pairs(L, in);
    break;
  default:
    push_text(L, in);
    break;
  }
}

/* [request table] -> []; what the reader promises about a request. */
static int read_table(lua_State *L)
{
  eq_request_read(L, 1, &request, &lines, has_before ? &before : NULL);
  return 0;
}

/* Laws of the wire are looked at here without the product's own functions. */

static bool has_only(const char *text, size_t n, const char *allowed)
{
  for (size_t i = 0; i < n; i++) {
    if (text[i] == '\0' || strchr(allowed, text[i]) == NULL) {
      return false;
    }
  }
  return true;
}

/* RFC 9110, 5.6.2 */
static bool is_token(const char *text, size_t n)
{
  return n > 0 && has_only(text, n,
                           "!#$%&'*+-.^_`|~0123456789"
                           "abcdefghijklmnopqrstuvwxyz"
                           "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

static bool is_visible(const char *text)
{
  for (; *text != '\0'; text++) {
    if (*text <= ' ' || *text > '~') {
      return false;
    }
  }
  return true;
}

/* Whether it is a name, in any case. */
static bool is_named(const char *text, size_t n, const char *name)
{
  for (size_t i = 0; i < n; i++) {
    if (name[i] == '\0' || (text[i] | 0x20) != name[i]) {
      return false;
    }
  }
  return name[n] == '\0';
}

static bool frames(const char *text, size_t n)
{
  return is_named(text, n, "expect") || is_named(text, n, "content-length") ||
         is_named(text, n, "transfer-encoding");
}

static void check_lines(void)
{
  expect(request.lines_at + request.lines_len <= lines.len,
         "the lines are in the buffer");
  const char *at = lines.data + request.lines_at;
  const char *end = at + request.lines_len;
  while (at < end) {
    const char *stop = memchr(at, '\0', (size_t)(end - at));
    expect(stop != NULL, "each line has its NUL");
    expect(strpbrk(at, "\r\n") == NULL, "no line has a break");
    size_t name = strcspn(at, ":;");
    expect(is_token(at, name), "each line begins with a name");
    expect(!frames(at, name) || strcmp(at, "Expect:") == 0,
           "no line frames the body, but one that asks for no 100");
    at = stop + 1;
  }
}

static void check(void)
{
  expect(is_token(request.method, strlen(request.method)),
         "a method is a token");
  expect(is_visible(request.url), "a URL has visible ASCII");
  expect(request.connections >= 1 && request.connections <= 1000000,
         "there is a connection");
  expect(request.connect_timeout == request.connect_timeout,
         "a time limit is a number");
  expect(!(request.once && request.may_resend), "once is once");
  const char *const plain[] = {request.sink, request.ca_file, request.proxy,
                               request.client_cert, request.client_key};
  for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
    expect(plain[i] == NULL || *plain[i] != '\0', "no path is empty");
  }
  if (request.lines_len > 0) {
    check_lines();
  }
}

/* A request table of the next bytes is pushed. */
static void push_request(lua_State *L, struct input *in)
{
  lua_newtable(L);
  unsigned n = take_byte(in) % 16;
  if (n & 1) { /* most tables should get further than the first check */
    lua_pushliteral(L, "POST");
    lua_setfield(L, -2, "method");
    lua_pushliteral(L, "https://api.equinix.com/fabric/v4/ports");
    lua_setfield(L, -2, "url");
  }
  for (unsigned i = 0; i < n; i++) {
    const char *name = names[take_byte(in) % (sizeof names / sizeof *names)];
    if (strcmp(name, "headers") == 0 && take_byte(in) % 4 != 0) {
      push_pairs(L, in);
    } else {
      push_value(L, in, 0);
    }
    lua_setfield(L, -2, name);
  }
}

void run(lua_State *L, struct input in)
{
  unsigned failing = take_byte(&in);
  eq_buffer_clear(&lines);
  if (failing >= 128) { /* so that the next lines are allocated anew */
    eq_buffer_free(&lines);
  }
  has_before = false;
  push_request(L, &in);
  lua_pushvalue(L, 1);
  lua_pushcfunction(L, read_table);
  lua_insert(L, 2);
  fail_allocation(failing % 32 < 4 ? failing % 32 : 0);
  bool ok = call(L, 1);
  fail_allocation(0);
  if (!ok) {
    expect(lua_type(L, -1) == LUA_TSTRING, "what is wrong is a text");
    return;
  }
  check();
  /* Another one with the same headers. */
  before = request;
  has_before = true;
  lua_settop(L, 1);
  push_request(L, &in);
  if (failing % 2 == 0) {
    lua_getfield(L, 1, "headers");
    lua_setfield(L, 2, "headers");
  }
  lua_pushcfunction(L, read_table);
  lua_insert(L, 2);
  if (call(L, 1)) {
    check();
  }
}
