/*
 * easy_options: the laws are in easy_options.h.
 */
#include "http/easy_options.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The forms of a request; libcurl has one option for each. */
enum form {
  FORM_PLAIN = 'G', /* no body, like GET */
  FORM_HEAD = 'H',  /* no body in the response, either */
  FORM_BODY = 'B'   /* a body, like POST */
};

/* Form and name of the method; HTTPGET first, as it resets the others. */
static CURLcode set_method_options(struct eq_easy *easy, enum form form,
                                   const char *method)
{
  CURL *handle = easy->handle;
  const char *usual = "GET";
  CURLcode rc = curl_easy_setopt(handle, CURLOPT_HTTPGET, 1L);
  if (rc == CURLE_OK && form == FORM_HEAD) {
    usual = "HEAD";
    rc = curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
  }
  if (rc == CURLE_OK && form == FORM_BODY) {
    usual = "POST";
    rc = curl_easy_setopt(handle, CURLOPT_POST, 1L);
  }
  if (rc == CURLE_OK) {
    const char *other = strcmp(method, usual) == 0 ? NULL : method;
    rc = curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, other);
  }
  if (rc == CURLE_OK) {
    rc = eq_easy_state_remember(&easy->state.method, method, strlen(method));
  }
  easy->state.form = (char)form;
  return rc;
}

static CURLcode set_method(struct eq_easy *easy,
                           const struct eq_request *request)
{
  enum form form = FORM_PLAIN;
  if (request->body != NULL) {
    form = FORM_BODY;
  } else if (strcmp(request->method, "HEAD") == 0) {
    form = FORM_HEAD;
  }
  if (easy->state.form != (char)form ||
      !eq_easy_state_equals(&easy->state.method, request->method)) {
    CURLcode rc = set_method_options(easy, form, request->method);
    if (rc != CURLE_OK) {
      return rc;
    }
  }
  if (form != FORM_BODY) {
    return CURLE_OK;
  }
  /* The size first: then libcurl does not look for a NUL as the end. */
  CURLcode rc = curl_easy_setopt(easy->handle, CURLOPT_POSTFIELDSIZE_LARGE,
                                 (curl_off_t)request->body_len);
  return rc != CURLE_OK ? rc
                        : curl_easy_setopt(easy->handle, CURLOPT_POSTFIELDS,
                                           request->body);
}

/* The URL, parsed as libcurl would have parsed it; NULL and a reason. */
static CURLU *parse_url(const char *text, CURLcode *reason)
{
  CURLU *parsed = curl_url();
  if (parsed == NULL) {
    *reason = CURLE_OUT_OF_MEMORY;
    return NULL;
  }
  CURLUcode rc = curl_url_set(parsed, CURLUPART_URL, text,
                              CURLU_PATH_AS_IS | CURLU_DISALLOW_USER);
  switch (rc) {
  case CURLUE_OK:
    return parsed;
  case CURLUE_USER_NOT_ALLOWED:
    *reason = CURLE_LOGIN_DENIED;
    break;
  case CURLUE_UNSUPPORTED_SCHEME:
    *reason = CURLE_UNSUPPORTED_PROTOCOL;
    break;
  case CURLUE_OUT_OF_MEMORY:
    *reason = CURLE_OUT_OF_MEMORY;
    break;
  default:
    *reason = CURLE_URL_MALFORMAT;
    break;
  }
  curl_url_cleanup(parsed);
  return NULL;
}

/*
 * Parsed here, once, and not by libcurl for each transfer: that is an eighth
 * of the work of a small GET. Libcurl gets the text, too, since older ones
 * read it when they send a request again.
 */
static CURLcode set_url(struct eq_easy *easy, const struct eq_request *request)
{
  struct eq_easy_state *state = &easy->state;
  if (eq_easy_state_equals(&state->url, request->url)) {
    return CURLE_OK;
  }
  CURLcode rc = CURLE_OK;
  CURLU *parsed = parse_url(request->url, &rc);
  if (parsed == NULL) {
    return rc;
  }
  rc = curl_easy_setopt(easy->handle, CURLOPT_CURLU, parsed);
  if (rc != CURLE_OK) {
    curl_url_cleanup(parsed);
    return rc;
  }
  curl_url_cleanup(state->parsed); /* only now: libcurl used it */
  state->parsed = parsed;
  rc = curl_easy_setopt(easy->handle, CURLOPT_URL, request->url);
  return rc != CURLE_OK ? rc
                        : eq_easy_state_remember(&state->url, request->url,
                                                 strlen(request->url));
}

/* Lines, each with a NUL -> *slist, which starts as NULL. */
static CURLcode make_slist(const char *lines, size_t n,
                           struct curl_slist **slist)
{
  for (size_t at = 0; at < n; at += strlen(lines + at) + 1) {
    struct curl_slist *longer = curl_slist_append(*slist, lines + at);
    if (longer == NULL) {
      eq_easy_state_free_slist(*slist);
      return CURLE_OUT_OF_MEMORY;
    }
    *slist = longer;
  }
  return CURLE_OK;
}

static CURLcode set_headers(struct eq_easy *easy,
                            const struct eq_request *request)
{
  struct eq_easy_state *state = &easy->state;
  const char *lines = eq_buffer_text(request->lines) + request->lines_at;
  if (eq_buffer_equals(&state->lines, lines, request->lines_len)) {
    return CURLE_OK;
  }
  struct curl_slist *slist = NULL;
  CURLcode rc = make_slist(lines, request->lines_len, &slist);
  if (rc != CURLE_OK) {
    return rc;
  }
  rc = curl_easy_setopt(easy->handle, CURLOPT_HTTPHEADER, slist);
  if (rc != CURLE_OK) {
    eq_easy_state_free_slist(slist);
    return rc;
  }
  eq_easy_state_free_slist(state->slist); /* only now: libcurl used it */
  state->slist = slist;
  return eq_easy_state_remember(&state->lines, lines, request->lines_len);
}

/*
 * Better wait for a connection that HTTP/2 can share than open 50. Without
 * TLS there is no HTTP/2 here: libcurl would wait for a whole response. What
 * goes out once does not share.
 */
static CURLcode set_wait(struct eq_easy *easy,
                         const struct eq_request *request)
{
  bool wait = !request->once && strncmp(request->url, "https:", 6) == 0;
  if (easy->state.pipewait == wait) {
    return CURLE_OK;
  }
  easy->state.pipewait = wait;
  return curl_easy_setopt(easy->handle, CURLOPT_PIPEWAIT, (long)wait);
}

/*
 * A request that must not be sent twice: libcurl sends again when a reused
 * connection turns out to be dead. Where attempts are watched the second one
 * is stopped; else the connection has to be a new one.
 */
static CURLcode set_connection(struct eq_easy *easy,
                               const struct eq_request *request)
{
  struct eq_easy_state *state = &easy->state;
  bool fresh = request->fresh_connect || request->anew ||
               (!request->may_resend && !state->watched);
  CURLcode rc = CURLE_OK;
  if (fresh != state->fresh_connect) {
    rc = curl_easy_setopt(easy->handle, CURLOPT_FRESH_CONNECT, (long)fresh);
    state->fresh_connect = fresh;
  }
  if (rc == CURLE_OK && request->fresh_connect != state->forbid_reuse) {
    rc = curl_easy_setopt(easy->handle, CURLOPT_FORBID_REUSE,
                          (long)request->fresh_connect);
    state->forbid_reuse = request->fresh_connect;
  }
  return rc != CURLE_OK ? rc : set_wait(easy, request);
}

long eq_easy_options_ms(double seconds)
{
  /* Libcurl counts in an int in places; 24 days are as good as no limit. */
  double ms = ceil(seconds * 1000);
  return ms >= (double)INT_MAX ? 0 : (long)fmax(ms, 1);
}

/* A limit in milliseconds; *current is the value that the handle has. */
static CURLcode set_limit(CURL *handle, CURLoption option, long ms,
                          long *current)
{
  if (ms == *current) {
    return CURLE_OK;
  }
  *current = ms;
  return curl_easy_setopt(handle, option, ms);
}

/* Where the end of a body matters and its length may be missing: in HTTP/2 a
 * server may break off (RST_STREAM with NO_ERROR) and libcurl says success. */
static CURLcode set_version(struct eq_easy *easy,
                            const struct eq_request *request)
{
  struct eq_easy_state *state = &easy->state;
  if (request->http1 == state->http1) {
    return CURLE_OK;
  }
  state->http1 = request->http1;
  return curl_easy_setopt(easy->handle, CURLOPT_HTTP_VERSION,
                          state->http1 ? (long)CURL_HTTP_VERSION_1_1
                                       : (long)CURL_HTTP_VERSION_2TLS);
}

static CURLcode set_limits(struct eq_easy *easy,
                           const struct eq_request *request, long ms)
{
  CURLcode rc = set_limit(easy->handle, CURLOPT_CONNECTTIMEOUT_MS,
                          eq_easy_options_ms(request->connect_timeout),
                          &easy->state.connect_ms);
  return rc != CURLE_OK ? rc
                        : set_limit(easy->handle, CURLOPT_TIMEOUT_MS, ms,
                                    &easy->state.total_ms);
}

CURLcode eq_easy_options_set(struct eq_easy *easy,
                             const struct eq_request *request, long ms,
                             const struct eq_easy_hooks *hooks)
{
  CURLcode rc;
  if ((rc = eq_easy_defaults_set(easy, request, hooks)) != CURLE_OK ||
      (rc = set_method(easy, request)) != CURLE_OK ||
      (rc = set_url(easy, request)) != CURLE_OK ||
      (rc = set_headers(easy, request)) != CURLE_OK ||
      (rc = set_version(easy, request)) != CURLE_OK ||
      (rc = set_connection(easy, request)) != CURLE_OK) {
    return rc;
  }
  return set_limits(easy, request, ms);
}

bool eq_easy_options_is_head(const struct eq_easy *easy)
{
  return easy->state.form == (char)FORM_HEAD;
}

void eq_easy_options_proxy(const struct eq_easy *easy, char *name, size_t n)
{
  const char *proxy = eq_buffer_text(&easy->state.identity[EQ_PROXY]);
  if (strcmp(proxy, EQ_PROXY_ENVIRONMENT) == 0) {
    (void)snprintf(name, n, "of the environment");
    return;
  }
  CURLU *parsed = curl_url();
  char *host = NULL;
  char *port = NULL;
  (void)snprintf(name, n, "(unknown)");
  if (parsed != NULL &&
      curl_url_set(parsed, CURLUPART_URL, proxy,
                   CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME) ==
          CURLUE_OK &&
      curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
    (void)curl_url_get(parsed, CURLUPART_PORT, &port, 0); /* may have none */
    (void)snprintf(name, n, "%s%s%s", host, port != NULL ? ":" : "",
                   port != NULL ? port : "");
  }
  curl_free(host);
  curl_free(port);
  curl_url_cleanup(parsed);
}

CURLcode eq_easy_options_release_body(struct eq_easy *easy)
{
  /* With another form, this option would turn the request into a POST. */
  if (easy->state.form != (char)FORM_BODY) {
    return CURLE_OK;
  }
  return curl_easy_setopt(easy->handle, CURLOPT_POSTFIELDS, NULL);
}
