/*
 * easy_options: the laws are in easy_options.h.
 */
#include "http/easy_options.h"

#include <limits.h>
#include <math.h>
#include <string.h>

/* The shapes of a request; libcurl has one option for each. */
enum form {
  FORM_PLAIN = 'G', /* no body, like GET */
  FORM_HEAD = 'H',  /* no body in the answer, either */
  FORM_BODY = 'B'   /* a body, like POST */
};

/* Form and name of the method; HTTPGET first, as it undoes the others. */
static CURLcode tell_method(struct eq_transfer *transfer, enum form form,
                            const char *method)
{
  CURL *easy = transfer->easy;
  const char *usual = "GET";
  CURLcode rc = curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
  if (rc == CURLE_OK && form == FORM_HEAD) {
    usual = "HEAD";
    rc = curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  }
  if (rc == CURLE_OK && form == FORM_BODY) {
    usual = "POST";
    rc = curl_easy_setopt(easy, CURLOPT_POST, 1L);
  }
  if (rc == CURLE_OK) {
    const char *other = strcmp(method, usual) == 0 ? NULL : method;
    rc = curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, other);
  }
  if (rc == CURLE_OK) {
    rc = eq_told_remember(&transfer->told.method, method, strlen(method));
  }
  transfer->told.form = (char)form;
  return rc;
}

static CURLcode set_method(struct eq_transfer *transfer,
                           const struct eq_request *request)
{
  enum form form = FORM_PLAIN;
  if (request->body != NULL) {
    form = FORM_BODY;
  } else if (strcmp(request->method, "HEAD") == 0) {
    form = FORM_HEAD;
  }
  if (transfer->told.form != (char)form ||
      !eq_told_knows(&transfer->told.method, request->method)) {
    CURLcode rc = tell_method(transfer, form, request->method);
    if (rc != CURLE_OK) {
      return rc;
    }
  }
  if (form != FORM_BODY) {
    return CURLE_OK;
  }
  /* The size goes first: libcurl then takes NULs for what they are. */
  CURLcode rc = curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDSIZE_LARGE,
                                 (curl_off_t)request->body_len);
  return rc != CURLE_OK ? rc
                        : curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDS,
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
 * of the work of a small GET. Libcurl is given the text, too, since older
 * ones look at it when they send a request again.
 */
static CURLcode set_url(struct eq_transfer *transfer,
                        const struct eq_request *request)
{
  struct eq_told *told = &transfer->told;
  if (eq_told_knows(&told->url, request->url)) {
    return CURLE_OK;
  }
  CURLcode rc = CURLE_OK;
  CURLU *parsed = parse_url(request->url, &rc);
  if (parsed == NULL) {
    return rc;
  }
  rc = curl_easy_setopt(transfer->easy, CURLOPT_CURLU, parsed);
  if (rc != CURLE_OK) {
    curl_url_cleanup(parsed);
    return rc;
  }
  curl_url_cleanup(told->parsed); /* only now: libcurl knew its address */
  told->parsed = parsed;
  rc = curl_easy_setopt(transfer->easy, CURLOPT_URL, request->url);
  return rc != CURLE_OK ? rc
                        : eq_told_remember(&told->url, request->url,
                                           strlen(request->url));
}

/* Lines, each with a NUL -> *slist, which starts as NULL. */
static CURLcode make_slist(const char *lines, size_t n,
                           struct curl_slist **slist)
{
  for (size_t at = 0; at < n; at += strlen(lines + at) + 1) {
    struct curl_slist *longer = curl_slist_append(*slist, lines + at);
    if (longer == NULL) {
      eq_told_free_slist(*slist);
      return CURLE_OUT_OF_MEMORY;
    }
    *slist = longer;
  }
  return CURLE_OK;
}

static CURLcode set_headers(struct eq_transfer *transfer,
                            const struct eq_request *request)
{
  struct eq_told *told = &transfer->told;
  const char *lines = eq_buffer_text(request->lines) + request->lines_at;
  if (eq_buffer_equals(&told->lines, lines, request->lines_len)) {
    return CURLE_OK;
  }
  struct curl_slist *slist = NULL;
  CURLcode rc = make_slist(lines, request->lines_len, &slist);
  if (rc != CURLE_OK) {
    return rc;
  }
  rc = curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, slist);
  if (rc != CURLE_OK) {
    eq_told_free_slist(slist);
    return rc;
  }
  eq_told_free_slist(told->slist); /* only now: libcurl knew its address */
  told->slist = slist;
  return eq_told_remember(&told->lines, lines, request->lines_len);
}

/*
 * A request that may not be repeated needs a connection that libcurl does
 * not take for possibly dead: a watched one is stopped at the second
 * attempt, else it has to be a new one.
 */
static CURLcode set_connection(struct eq_transfer *transfer,
                               const struct eq_request *request)
{
  struct eq_told *told = &transfer->told;
  bool lone =
      request->fresh_connect || (!request->may_resend && !told->watched);
  CURLcode rc = CURLE_OK;
  if (lone != told->lone) {
    rc = curl_easy_setopt(transfer->easy, CURLOPT_FRESH_CONNECT, (long)lone);
    told->lone = lone;
  }
  if (rc == CURLE_OK && request->fresh_connect != told->close) {
    rc = curl_easy_setopt(transfer->easy, CURLOPT_FORBID_REUSE,
                          (long)request->fresh_connect);
    told->close = request->fresh_connect;
  }
  return rc;
}

long eq_setup_ms(double seconds)
{
  /* Libcurl counts in an int in places; 24 days are as good as for ever. */
  double ms = ceil(seconds * 1000);
  return ms >= (double)INT_MAX ? 0 : (long)fmax(ms, 1);
}

/* A limit in milliseconds, unless *told says that it has that value. */
static CURLcode set_limit(CURL *easy, CURLoption option, long ms, long *told)
{
  if (ms == *told) {
    return CURLE_OK;
  }
  *told = ms;
  return curl_easy_setopt(easy, option, ms);
}

static CURLcode set_limits(struct eq_transfer *transfer,
                           const struct eq_request *request, long ms)
{
  CURLcode rc = set_limit(transfer->easy, CURLOPT_CONNECTTIMEOUT_MS,
                          eq_setup_ms(request->connect_timeout),
                          &transfer->told.connect_ms);
  return rc != CURLE_OK ? rc
                        : set_limit(transfer->easy, CURLOPT_TIMEOUT_MS, ms,
                                    &transfer->told.total_ms);
}

CURLcode eq_setup(struct eq_transfer *transfer,
                  const struct eq_request *request, long ms,
                  const struct eq_base_hooks *hooks)
{
  CURLcode rc;
  if ((rc = eq_base_set(transfer, request, hooks)) != CURLE_OK ||
      (rc = set_method(transfer, request)) != CURLE_OK ||
      (rc = set_url(transfer, request)) != CURLE_OK ||
      (rc = set_headers(transfer, request)) != CURLE_OK ||
      (rc = set_connection(transfer, request)) != CURLE_OK) {
    return rc;
  }
  return set_limits(transfer, request, ms);
}

CURLcode eq_setup_release(struct eq_transfer *transfer)
{
  /* Asked of another form, this option would turn it into a POST. */
  if (transfer->told.form != (char)FORM_BODY) {
    return CURLE_OK;
  }
  return curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDS, NULL);
}
