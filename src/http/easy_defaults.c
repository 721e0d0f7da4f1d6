/*
 * easy_defaults: the laws are in easy_defaults.h.
 */
#include "http/easy_defaults.h"

#include <string.h>

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
    /* Better wait for a connection that HTTP/2 can share than open 50. */
    {CURLOPT_PIPEWAIT, 1},
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

/* The option for each part of the identity. */
static const CURLoption identity_option[EQ_IDENTITY_SIZE] = {
    [EQ_CA_FILE] = CURLOPT_CAINFO,
    [EQ_CLIENT_CERT] = CURLOPT_SSLCERT,
    [EQ_CLIENT_KEY] = CURLOPT_SSLKEY,
    [EQ_PROXY] = CURLOPT_PROXY,
};

static CURLcode set_fixed(CURL *handle)
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

/*
 * A ca_file replaces the system's trust and does not add to it: libcurl's
 * built-in directory of authorities is switched off beside it.
 */
static CURLcode set_trust(CURL *handle, const char *ca_file)
{
  CURLcode rc = curl_easy_setopt(handle, CURLOPT_CAPATH, NULL);
  if (rc != CURLE_OK && rc != CURLE_NOT_BUILT_IN) {
    return rc; /* not built in: then there is no directory */
  }
  rc = curl_easy_setopt(handle, CURLOPT_PROXY_CAPATH, NULL);
  if (rc != CURLE_OK && rc != CURLE_NOT_BUILT_IN) {
    return rc;
  }
  return curl_easy_setopt(handle, CURLOPT_PROXY_CAINFO, ca_file);
}

/* What the request says, in the order of enum eq_identity. */
static void list_identity(const struct eq_request *request,
                          const char *list[EQ_IDENTITY_SIZE])
{
  list[EQ_CA_FILE] = request->ca_file;
  list[EQ_CLIENT_CERT] = request->client_cert;
  list[EQ_CLIENT_KEY] = request->client_key;
  list[EQ_PROXY] = request->proxy;
}

static CURLcode set_identity(struct eq_easy *easy,
                             const char *const list[EQ_IDENTITY_SIZE])
{
  for (int i = 0; i < EQ_IDENTITY_SIZE; i++) {
    if (list[i] == NULL) {
      continue; /* at its default since the reset */
    }
    CURLcode rc = curl_easy_setopt(easy->handle, identity_option[i], list[i]);
    if (rc == CURLE_OK) {
      rc = eq_easy_state_remember(&easy->state.identity[i], list[i],
                                  strlen(list[i]));
    }
    if (rc == CURLE_OK && i == EQ_CA_FILE) {
      rc = set_trust(easy->handle, list[i]);
    }
    if (rc != CURLE_OK) {
      return rc;
    }
  }
  return CURLE_OK;
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

CURLcode eq_easy_defaults_set(struct eq_easy *easy,
                              const struct eq_request *request,
                              const struct eq_easy_hooks *hooks)
{
  const char *identity[EQ_IDENTITY_SIZE];
  list_identity(request, identity);
  if (easy->state.defaults && same_identity(&easy->state, identity)) {
    return CURLE_OK;
  }
  eq_easy_reset(easy);
  CURLcode rc = set_fixed(easy->handle);
  if (rc == CURLE_OK) {
    rc = set_hooks(easy, hooks);
  }
  if (rc == CURLE_OK) {
    rc = set_identity(easy, identity);
  }
  easy->state.defaults = rc == CURLE_OK;
  return rc;
}
