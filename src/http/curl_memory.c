/*
 * curl_memory: the law is in curl_memory.h.
 */
#include "http/curl_memory.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/libcrypto.h"

static atomic_uint failures;

void eq_curl_memory_failed(void)
{
  atomic_fetch_add_explicit(&failures, 1, memory_order_relaxed);
}

static void *counted(void *block)
{
  if (block == NULL) {
    eq_curl_memory_failed();
  }
  return block;
}

static void *allocate(size_t n)
{
  return counted(malloc(n));
}

static void *reallocate(void *block, size_t n)
{
  return counted(realloc(block, n));
}

static char *duplicate(const char *text)
{
  return counted(strdup(text));
}

static void *allocate_zeros(size_t count, size_t n)
{
  return counted(calloc(count, n));
}

CURLcode eq_curl_memory_init(void)
{
  return curl_global_init_mem(CURL_GLOBAL_DEFAULT, allocate, free, reallocate,
                              duplicate, allocate_zeros);
}

unsigned eq_curl_memory_failures(void)
{
  return atomic_load_explicit(&failures, memory_order_relaxed);
}

bool eq_curl_memory_was_short(unsigned before, const char *detail)
{
  return eq_curl_memory_failures() != before ||
         strstr(detail, "malloc failure") != NULL ||
         strstr(detail, "Out of memory") != NULL || eq_memory_is_short();
}
