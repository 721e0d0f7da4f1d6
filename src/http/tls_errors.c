/*
 * tls_errors: the law is in tls_errors.h.
 */
#include "http/tls_errors.h"

#include <stddef.h>

#include <openssl/err.h>

#include "http/tls_library.h"

/* OpenSSL's; a libcurl over another library has none of them. */
typedef union {
  void *address;
  int (*mark)(void);
  void (*clear)(void);
  unsigned long (*peek)(void);
} function;

bool eq_tls_errors_mark(void)
{
  static void *_Atomic place;
  function set = {.address = eq_tls_library_find(&place, "ERR_set_mark")};
  /* OpenSSL marks the last error: an empty queue can't be marked. */
  return set.address != NULL && set.mark() == 1;
}

void eq_tls_errors_drop(bool marked)
{
  static void *_Atomic pop_place;
  static void *_Atomic clear_place;
  if (marked) {
    function pop = {.address =
                        eq_tls_library_find(&pop_place, "ERR_pop_to_mark")};
    (void)(pop.address != NULL && pop.mark() == 1);
    return;
  }
  function clear = {.address =
                        eq_tls_library_find(&clear_place, "ERR_clear_error")};
  if (clear.address != NULL) {
    clear.clear();
  }
}

unsigned long eq_tls_errors_first(void)
{
  static void *_Atomic place;
  function peek = {.address = eq_tls_library_find(&place, "ERR_peek_error")};
  return peek.address == NULL ? 0 : peek.peek();
}

bool eq_tls_errors_is_memory(unsigned long error)
{
  return error != 0 && ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE;
}
