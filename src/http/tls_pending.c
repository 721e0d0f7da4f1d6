/*
 * tls_pending: the laws are in tls_pending.h.
 */
#include "http/tls_pending.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>

typedef int asks_int(const void *session);
typedef size_t asks_size(const void *session);

/* A function of libcurl's library; NULL: libcurl does not depend on it. */
static void *find(const char *name)
{
  Dl_info libcurl;
  union {
    CURLcode (*function)(long);
    void *address;
  } known = {.function = curl_global_init};
  if (dladdr(known.address, &libcurl) == 0) {
    return NULL;
  }
  /* It is loaded already; this only finds it, and what it depends on. */
  void *library = dlopen(libcurl.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
  void *found = library == NULL ? NULL : dlsym(library, name);
  if (library != NULL) {
    (void)dlclose(library);
  }
  return found;
}

/* Found once; every thread finds the same. */
static void *find_once(void *_Atomic *place, const char *name)
{
  void *found = atomic_load(place);
  if (found == NULL) {
    found = find(name);
    atomic_store(place, found);
  }
  return found;
}

static bool ask_openssl(const void *session)
{
  static void *_Atomic place;
  union {
    void *address;
    asks_int *function;
  } pending = {.address = find_once(&place, "SSL_pending")};
  return pending.address == NULL || pending.function(session) != 0;
}

static bool ask_gnutls(const void *session)
{
  static void *_Atomic place;
  union {
    void *address;
    asks_size *function;
  } pending = {.address = find_once(&place, "gnutls_record_check_pending")};
  return pending.address == NULL || pending.function(session) != 0;
}

bool eq_tls_pending(CURL *handle)
{
  const struct curl_tlssessioninfo *info = NULL;
  if (curl_easy_getinfo(handle, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK ||
      info == NULL) {
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
