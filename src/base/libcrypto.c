/*
 * libcrypto: the law is in libcrypto.h.
 */
#include "base/libcrypto.h"

#include <stdatomic.h>
#include <stdlib.h>

#include <openssl/err.h>

#define PROBE ((size_t)16 * 1024)

static atomic_bool worked[EQ_LIBCRYPTO_CALLS];
static _Thread_local bool no_memory;

bool eq_memory_is_short(void)
{
  void *volatile block = malloc(PROBE); /* else compilers leave both out */
  bool none = block == NULL;
  free(block);
  return none;
}

void eq_libcrypto_begin(void)
{
  (void)ERR_set_mark();
}

/* Without memory for the queue itself there is nothing in it. */
static bool says_no_memory(void)
{
  unsigned long error = ERR_peek_last_error();
  return error == 0 || ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE;
}

bool eq_libcrypto_end(enum eq_libcrypto_call call, bool ok)
{
  bool has_worked = atomic_load_explicit(&worked[call], memory_order_relaxed);
  if (!ok) {
    no_memory = has_worked || says_no_memory() || eq_memory_is_short();
  } else if (!has_worked) {
    atomic_store_explicit(&worked[call], true, memory_order_relaxed);
  }
  (void)ERR_pop_to_mark();
  return ok;
}

bool eq_libcrypto_had_no_memory(void)
{
  return no_memory;
}
