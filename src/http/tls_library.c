/*
 * tls_library: the law is in tls_library.h.
 */
#include "http/tls_library.h"

#include <dlfcn.h>
#include <stddef.h>

#include "http/libcurl.h"

/* A function of libcurl's library; NULL: libcurl does not depend on it. */
static void *find(const char *name)
{
  Dl_info libcurl;
  if (dladdr(eq_libcurl_address(), &libcurl) == 0) {
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

void *eq_tls_library_find(void *_Atomic *place, const char *name)
{
  static char none; /* stands for what is not there */
  void *found = atomic_load(place);
  if (found == NULL) {
    found = find(name);
    atomic_store(place, found != NULL ? found : &none);
  }
  return found == &none ? NULL : found;
}
