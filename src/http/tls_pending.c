/*
 * tls_pending: the laws are in tls_pending.h.
 */
#include "http/tls_pending.h"

#include <stddef.h>
#include <string.h>

#include "http/tls_library.h"

typedef int asks_int(const void *session);
typedef size_t asks_size(const void *session);
typedef const char *asks_text(const void *session);

static bool ask_openssl(const void *session)
{
  static void *_Atomic place;
  union {
    void *address;
    asks_int *function;
  } pending = {.address = eq_tls_library_find(&place, "SSL_pending")};
  return pending.address == NULL || pending.function(session) != 0;
}

static bool ask_gnutls(const void *session)
{
  static void *_Atomic place;
  union {
    void *address;
    asks_size *function;
  } pending = {.address =
                   eq_tls_library_find(&place, "gnutls_record_check_pending")};
  return pending.address == NULL || pending.function(session) != 0;
}

/* The TLS of the handle's connection; NULL: not known. */
static const struct curl_tlssessioninfo *tls_of(CURL *handle)
{
  const struct curl_tlssessioninfo *info = NULL;
  return curl_easy_getinfo(handle, CURLINFO_TLS_SSL_PTR, &info) == CURLE_OK
             ? info
             : NULL;
}

bool eq_tls_pending(CURL *handle)
{
  const struct curl_tlssessioninfo *info = tls_of(handle);
  if (info == NULL) {
    return true;
  }
  switch (info->backend) {
  case CURLSSLBACKEND_OPENSSL:
    return info->internals == NULL || ask_openssl(info->internals);
  case CURLSSLBACKEND_GNUTLS:
    return info->internals == NULL || ask_gnutls(info->internals);
  default:
    return true;
  }
}

bool eq_tls_is_dead(CURL *handle)
{
  static void *_Atomic place;
  union {
    void *address;
    asks_text *function;
  } state = {.address = eq_tls_library_find(&place, "SSL_state_string_long")};
  const struct curl_tlssessioninfo *info = tls_of(handle);
  return state.address != NULL && info != NULL &&
         info->backend == CURLSSLBACKEND_OPENSSL && info->internals != NULL &&
         strcmp(state.function(info->internals), "error") == 0;
}
