/*
 * easy_defaults: the laws are in easy_defaults.h.
 */
#include "http/easy_defaults.h"

#include <string.h>

#include "base/clock.h"
#include "http/identity_files.h"

/*
 * Numbers that are the same for every request. What is missing is at
 * libcurl's default on purpose: HTTP/2 where TLS offers it, no cookies, no
 * HSTS or Alt-Svc memory, no authentication of its own.
 */
static const struct {
  CURLoption option;
  long value;
} fixed[] = {
    {CURLOPT_SSL_VERIFYPEER, 1},
    {CURLOPT_SSL_VERIFYHOST, 2},
    {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
    {CURLOPT_PROXY_SSL_VERIFYPEER, 1},
    {CURLOPT_PROXY_SSL_VERIFYHOST, 2},
    {CURLOPT_PROXY_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
    {CURLOPT_FOLLOWLOCATION, 0},
    {CURLOPT_HTTP09_ALLOWED, 0},
    {CURLOPT_DISALLOW_USERNAME_IN_URL, 1},
    {CURLOPT_NETRC, CURL_NETRC_IGNORED},
    /* What was checked is what goes on the wire: no dots removed. */
    {CURLOPT_PATH_AS_IS, 1},
    /* Signals belong to the host; timeouts must not need SIGALRM. */
    {CURLOPT_NOSIGNAL, 1},
    {CURLOPT_NOPROGRESS, 1},
#if LIBCURL_VERSION_NUM >= 0x075700 /* 7.87 */
    /* A thread that still resolves a name must not hold up the end of a
     * transfer that gave up on it; it ends by itself. */
    {CURLOPT_QUICK_EXIT, 1},
#endif
    /* Done in decoder.c. */
    {CURLOPT_HTTP_CONTENT_DECODING, 0},
    /* A proxy's response to CONNECT is not the server's response. */
    {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1},
};

/* The same for strings. */
static const struct {
  CURLoption option;
  const char *value;
} fixed_text[] = {
    /* Not NULL: then libcurl would read http_proxy and no_proxy. */
    {CURLOPT_PROXY, ""},
    {CURLOPT_NOPROXY, ""},
#if LIBCURL_VERSION_NUM >= 0x075500 /* 7.85 */
    {CURLOPT_PROTOCOLS_STR, "http,https"},
#endif
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Authorities count that long without a look at the file they came from, in
 * seconds: libcurl would keep them for a day. Not every TLS library does. */
#define CA_SECONDS 5L

CURLcode eq_easy_defaults_fixed(CURL *handle)
{
  for (size_t i = 0; i < COUNT(fixed); i++) {
    CURLcode rc = curl_easy_setopt(handle, fixed[i].option, fixed[i].value);
    if (rc != CURLE_OK) {
      return rc;
    }
  }
  for (size_t i = 0; i < COUNT(fixed_text); i++) {
    CURLcode rc =
        curl_easy_setopt(handle, fixed_text[i].option, fixed_text[i].value);
    if (rc != CURLE_OK) {
      return rc;
    }
  }
#if LIBCURL_VERSION_NUM >= 0x075700 /* 7.87 */
  CURLcode rc = curl_easy_setopt(handle, CURLOPT_CA_CACHE_TIMEOUT, CA_SECONDS);
  if (rc != CURLE_OK && rc != CURLE_NOT_BUILT_IN &&
      rc != CURLE_UNKNOWN_OPTION) {
    return rc;
  }
#endif
#if LIBCURL_VERSION_NUM < 0x075500 /* 7.85 */
  return curl_easy_setopt(handle, CURLOPT_PROTOCOLS,
                          (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#else
  return CURLE_OK;
#endif
}

/* Makes libcurl report each attempt, where it can: EQ_EASY_WATCHES. */
static CURLcode set_watch(struct eq_easy *easy,
                          const struct eq_easy_hooks *hooks)
{
#if EQ_EASY_WATCHES
  CURLcode rc =
      curl_easy_setopt(easy->handle, CURLOPT_PREREQFUNCTION, hooks->attempt);
  if (rc == CURLE_OK) {
    rc = curl_easy_setopt(easy->handle, CURLOPT_PREREQDATA,
                          hooks->attempt_owner);
  }
  easy->state.watched = rc == CURLE_OK;
  /* The library may be older than the headers we were compiled with. */
  return rc == CURLE_UNKNOWN_OPTION ? CURLE_OK : rc;
#else
  (void)hooks;
  easy->state.watched = false;
  return CURLE_OK;
#endif
}

/* The hooks that follow an attempt and its connection. */
static CURLcode set_attempt(struct eq_easy *easy,
                            const struct eq_easy_hooks *hooks)
{
  CURL *handle = easy->handle;
  void *owner = hooks->attempt_owner;
  CURLcode rc;
  if ((rc =
           curl_easy_setopt(handle, CURLOPT_SOCKOPTFUNCTION, hooks->socket)) ||
      (rc = curl_easy_setopt(handle, CURLOPT_SOCKOPTDATA, owner)) ||
      (rc = curl_easy_setopt(handle, CURLOPT_CLOSESOCKETFUNCTION,
                             hooks->close)) ||
      (rc = curl_easy_setopt(handle, CURLOPT_CLOSESOCKETDATA,
                             hooks->close_owner)) ||
      (rc = curl_easy_setopt(handle, CURLOPT_DEBUGFUNCTION, hooks->text)) ||
      (rc = curl_easy_setopt(handle, CURLOPT_DEBUGDATA, owner))) {
    return rc;
  }
  return set_watch(easy, hooks);
}

static CURLcode set_hooks(struct eq_easy *easy,
                          const struct eq_easy_hooks *hooks)
{
  CURL *handle = easy->handle;
  CURLcode rc;
  if ((rc = curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, hooks->header)) ||
      (rc = curl_easy_setopt(handle, CURLOPT_HEADERDATA, hooks->owner)) ||
      (rc = curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, hooks->body)) ||
      (rc = curl_easy_setopt(handle, CURLOPT_WRITEDATA, hooks->owner)) ||
      (rc = curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, hooks->error)) ||
      (rc = curl_easy_setopt(handle, CURLOPT_PRIVATE, hooks->owner))) {
    return rc;
  }
  return set_attempt(easy, hooks);
}

/* What the request says, in the order of enum eq_identity. */
static void list_identity(const struct eq_request *request,
                          const char *list[EQ_IDENTITY_SIZE])
{
  list[EQ_CA_FILE] = request->ca_file;
  list[EQ_CLIENT_CERT] = request->client_cert;
  list[EQ_CLIENT_KEY] = request->client_key;
  list[EQ_KEY_PASSWORD_FILE] = request->client_key_password_file;
  list[EQ_PROXY] = request->proxy;
}

/* Where there is none to set, the fixed options say: no proxy at all. */
static CURLcode set_proxy(CURL *handle, const char *proxy)
{
  if (proxy == NULL) {
    return CURLE_OK;
  }
  if (strcmp(proxy, EQ_PROXY_ENVIRONMENT) != 0) {
    return curl_easy_setopt(handle, CURLOPT_PROXY, proxy);
  }
  CURLcode rc = curl_easy_setopt(handle, CURLOPT_PROXY, (char *)NULL);
  return rc != CURLE_OK
             ? rc
             : curl_easy_setopt(handle, CURLOPT_NOPROXY, (char *)NULL);
}

/* The files and the proxy; the list has the same, to compare with later. */
static CURLcode set_identity(struct eq_easy *easy,
                             const struct eq_request *request,
                             const char *const list[EQ_IDENTITY_SIZE],
                             char *why)
{
  for (int i = 0; i < EQ_IDENTITY_SIZE; i++) {
    CURLcode rc = list[i] == NULL
                      ? CURLE_OK
                      : eq_easy_state_remember(&easy->state.identity[i],
                                               list[i], strlen(list[i]));
    if (rc != CURLE_OK) {
      return rc;
    }
  }
  CURLcode rc = eq_identity_files_set(easy->handle, request, why);
  return rc != CURLE_OK ? rc : set_proxy(easy->handle, request->proxy);
}

static bool same_identity(const struct eq_easy_state *state,
                          const char *const list[EQ_IDENTITY_SIZE])
{
  for (int i = 0; i < EQ_IDENTITY_SIZE; i++) {
    if (!eq_easy_state_equals(&state->identity[i], list[i])) {
      return false;
    }
  }
  return true;
}

/* A connection without TLS, to a proxy too, has no use for the files. */
static bool is_plain(const struct eq_request *request)
{
  return strncmp(request->url, "https:", 6) != 0 &&
         (request->proxy == NULL ||
          !curl_strnequal(request->proxy, "https:", 6));
}

unsigned eq_easy_defaults_stamp(const struct eq_easy *easy,
                                const struct eq_request *request)
{
  const struct eq_easy_state *state = &easy->state;
  const char *identity[EQ_IDENTITY_SIZE];
  if (is_plain(request)) {
    return 0;
  }
  list_identity(request, identity);
  if (state->defaults && state->stamp != 0 &&
      eq_coarse_ns() < state->look_at && same_identity(state, identity)) {
    return state->stamp;
  }
  return eq_identity_files_stamp(request);
}

CURLcode eq_easy_defaults_set(struct eq_easy *easy,
                              const struct eq_request *request,
                              const struct eq_easy_hooks *hooks)
{
  const char *identity[EQ_IDENTITY_SIZE];
  struct eq_easy_state *state = &easy->state;
  list_identity(request, identity);
  bool same = state->defaults && same_identity(state, identity) &&
              (request->stamp == 0 || request->stamp == state->stamp);
  if (!same) {
    eq_easy_reset(easy);
    CURLcode rc = eq_easy_defaults_fixed(easy->handle);
    if (rc == CURLE_OK) {
      rc = set_hooks(easy, hooks);
    }
    if (rc == CURLE_OK) {
      rc = set_identity(easy, request, identity, hooks->error);
    }
    if (rc != CURLE_OK) {
      return rc;
    }
    state->stamp = request->stamp;
    state->defaults = true;
  }
  if (request->stamp != 0 && eq_coarse_ns() >= state->look_at) {
    state->look_at = eq_coarse_ns() + EQ_IDENTITY_FILES_NS;
  }
  return CURLE_OK;
}
