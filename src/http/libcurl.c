/*
 * libcurl: the laws are in libcurl.h.
 */
#include "http/libcurl.h"

#include <stdbool.h>
#include <string.h>

#include <curl/curl.h>

#include "core.h"

#ifdef EQ_LIBCURL

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* Macros that check the types of a caller. */
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

/* What curl_url_get() takes, which is const in newer versions. */
typedef __typeof__(_Generic(
    &curl_url_get, CURLUcode (*)(CURLU *, CURLUPart, char **, unsigned)
    : (CURLU *)0, default
    : (const CURLU *)0)) url_to_read;

/* X: those that return a value, their parameters, and how these are passed. */
#define FUNCTIONS(X)                                                          \
  X(CURLcode, curl_global_init_mem,                                           \
    (long flags, curl_malloc_callback m, curl_free_callback f,                \
     curl_realloc_callback r, curl_strdup_callback s,                         \
     curl_calloc_callback c),                                                 \
    (flags, m, f, r, s, c))                                                   \
  X(char *, curl_version, (void), ())                                         \
  X(curl_version_info_data *, curl_version_info, (CURLversion age), (age))    \
  X(time_t, curl_getdate, (const char *text, const time_t *unused),           \
    (text, unused))                                                           \
  X(int, curl_strequal, (const char *a, const char *b), (a, b))               \
  X(int, curl_strnequal, (const char *a, const char *b, size_t n), (a, b, n)) \
  X(struct curl_slist *, curl_slist_append,                                   \
    (struct curl_slist * list, const char *text), (list, text))               \
  X(CURLU *, curl_url, (void), ())                                            \
  X(CURLUcode, curl_url_get,                                                  \
    (url_to_read url, CURLUPart part, char **text, unsigned flags),           \
    (url, part, text, flags))                                                 \
  X(CURLUcode, curl_url_set,                                                  \
    (CURLU * url, CURLUPart part, const char *text, unsigned flags),          \
    (url, part, text, flags))                                                 \
  X(CURL *, curl_easy_init, (void), ())                                       \
  X(CURLcode, curl_easy_send,                                                 \
    (CURL * easy, const void *bytes, size_t n, size_t *sent),                 \
    (easy, bytes, n, sent))                                                   \
  X(CURLcode, curl_easy_recv,                                                 \
    (CURL * easy, void *bytes, size_t size, size_t *n),                       \
    (easy, bytes, size, n))                                                   \
  X(CURLM *, curl_multi_init, (void), ())                                     \
  X(CURLMcode, curl_multi_cleanup, (CURLM * multi), (multi))                  \
  X(CURLMcode, curl_multi_add_handle, (CURLM * multi, CURL * easy),           \
    (multi, easy))                                                            \
  X(CURLMcode, curl_multi_remove_handle, (CURLM * multi, CURL * easy),        \
    (multi, easy))                                                            \
  X(CURLMsg *, curl_multi_info_read, (CURLM * multi, int *left),              \
    (multi, left))                                                            \
  X(CURLMcode, curl_multi_socket_action,                                      \
    (CURLM * multi, curl_socket_t socket, int events, int *running),          \
    (multi, socket, events, running))

/* V: those that return nothing. */
#define PROCEDURES(V)                                                         \
  V(curl_free, (void *text), (text))                                          \
  V(curl_slist_free_all, (struct curl_slist * list), (list))                  \
  V(curl_url_cleanup, (CURLU * url), (url))                                   \
  V(curl_easy_cleanup, (CURL * easy), (easy))                                 \
  V(curl_easy_reset, (CURL * easy), (easy))

/* What was found; the last three take their last argument as `...`. */
static struct {
#define X(type, name, parameters, arguments) type(*name) parameters;
#define V(name, parameters, arguments) void(*name) parameters;
  FUNCTIONS(X)
  PROCEDURES(V)
#undef X
#undef V
  CURLcode (*curl_easy_setopt)(CURL *easy, CURLoption option, ...);
  CURLcode (*curl_easy_getinfo)(CURL *easy, CURLINFO info, ...);
  CURLMcode (*curl_multi_setopt)(CURLM *multi, CURLMoption option, ...);
} found;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char problem[512];
static atomic_bool loaded; /* all of `found` is there, and stays */

/* Stores the address of a function at `place`. As where the module is linked
 * with libcurl, a library that was preloaded comes first. */
static void find(void *library, const char *name, void *place)
{
  void *address = NULL;
  if (getenv("LD_PRELOAD") != NULL) {
    address = dlsym(RTLD_DEFAULT, name);
  }
  if (address == NULL) {
    address = dlsym(library, name);
  }
  if (address == NULL && *problem == '\0') {
    (void)snprintf(problem, sizeof problem, "%s has no %s", EQ_LIBCURL, name);
  }
  memcpy(place, &address, sizeof address);
}

/* The handle is leaked on purpose: libcurl is never unloaded. Its functions
 * are looked up one by one as they are used, which is RTLD_LAZY. */
static void load(void)
{
  void *library = dlopen(EQ_LIBCURL, RTLD_LAZY | RTLD_LOCAL);
  if (library == NULL) {
    const char *reason = dlerror();
    (void)snprintf(problem, sizeof problem, "%s",
                   reason == NULL ? "libcurl can't be loaded" : reason);
    return;
  }
#define X(type, name, parameters, arguments) find(library, #name, &found.name);
#define V(name, parameters, arguments) find(library, #name, &found.name);
  FUNCTIONS(X)
  PROCEDURES(V)
#undef X
#undef V
  find(library, "curl_easy_setopt", &found.curl_easy_setopt);
  find(library, "curl_easy_getinfo", &found.curl_easy_getinfo);
  find(library, "curl_multi_setopt", &found.curl_multi_setopt);
}

/* Whether it is loaded now; else the problem is copied. What failed is tried
 * again the next time. */
static bool try_load(char reason[sizeof problem])
{
  if (pthread_mutex_lock(&lock) != 0) {
    return false;
  }
  if (!atomic_load(&loaded)) {
    *problem = '\0';
    load();
    memcpy(reason, problem, sizeof problem);
    atomic_store_explicit(&loaded, *problem == '\0', memory_order_release);
  }
  bool done = atomic_load(&loaded);
  (void)pthread_mutex_unlock(&lock);
  return done;
}

static bool is_loaded(void)
{
  return atomic_load_explicit(&loaded, memory_order_acquire);
}

void eq_libcurl_require(lua_State *L)
{
  char reason[sizeof problem] = "libcurl can't be loaded";
  if (!is_loaded() && !try_load(reason)) {
    luaL_error(L, "equinix.core: %s", reason);
  }
}

/* For a call before eq_libcurl_require(), which is a mistake of ours. */
static void require(void)
{
  char reason[sizeof problem] = "libcurl can't be loaded";
  if (!is_loaded() && !try_load(reason)) {
    (void)fprintf(stderr, "equinix.core: %s\n", reason);
    abort();
  }
}

void *eq_libcurl_address(void)
{
  void *address;
  require();
  memcpy(&address, &found.curl_global_init_mem, sizeof address);
  return address;
}

#define X(type, name, parameters, arguments)                                  \
  type name parameters                                                        \
  {                                                                           \
    require();                                                                \
    return found.name arguments;                                              \
  }
#define V(name, parameters, arguments)                                        \
  void name parameters                                                        \
  {                                                                           \
    require();                                                                \
    found.name arguments;                                                     \
  }
FUNCTIONS(X)
PROCEDURES(V)

/* An option's number says which type its value has. */
#define IS_LONG(option) ((int)(option) < CURLOPTTYPE_OBJECTPOINT)
#define IS_OFFSET(option)                                                     \
  ((int)(option) >= CURLOPTTYPE_OFF_T &&                                      \
   (int)(option) < CURLOPTTYPE_OFF_T + 10000)

CURLcode curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
  CURLcode rc;
  va_list value;
  require();
  va_start(value, option);
  if (IS_LONG(option)) {
    rc = found.curl_easy_setopt(easy, option, va_arg(value, long));
  } else if (IS_OFFSET(option)) {
    rc = found.curl_easy_setopt(easy, option, va_arg(value, curl_off_t));
  } else {
    rc = found.curl_easy_setopt(easy, option, va_arg(value, void *));
  }
  va_end(value);
  return rc;
}

CURLcode curl_easy_getinfo(CURL *easy, CURLINFO info, ...)
{
  va_list place;
  require();
  va_start(place, info);
  CURLcode rc = found.curl_easy_getinfo(easy, info, va_arg(place, void *));
  va_end(place);
  return rc;
}

CURLMcode curl_multi_setopt(CURLM *multi, CURLMoption option, ...)
{
  CURLMcode rc;
  va_list value;
  require();
  va_start(value, option);
  if (IS_LONG(option)) {
    rc = found.curl_multi_setopt(multi, option, va_arg(value, long));
  } else {
    rc = found.curl_multi_setopt(multi, option, va_arg(value, void *));
  }
  va_end(value);
  return rc;
}

#else /* linked with it, so it is loaded */

void eq_libcurl_require(lua_State *L)
{
  (void)L;
}

void *eq_libcurl_address(void)
{
  CURLU *(*function)(void) = curl_url;
  void *address;
  memcpy(&address, &function, sizeof address);
  return address;
}

#endif

/* core.load_libcurl(): now rather than at the first use. Raises where it can't
 * be loaded. */
static int l_load_libcurl(lua_State *L)
{
  eq_libcurl_require(L);
  return 0;
}

int eq_open_libcurl(lua_State *L)
{
  static const luaL_Reg functions[] = {{"load_libcurl", l_load_libcurl},
                                       {NULL, NULL}};
  eq_newlib(L, functions);
  return 1;
}
