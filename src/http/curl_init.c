/*
 * curl_init: the law is in curl_init.h.
 */
#include "http/curl_init.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/fork.h"
#include "http/curl_memory.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool ready; /* what follows is constant from then on */
static bool has_sigpipe;

static CURLcode init(void)
{
  if (eq_fork_init() != 0) {
    return CURLE_OUT_OF_MEMORY;
  }
  CURLcode rc = eq_curl_memory_init();
  has_sigpipe = curl_version_info(CURLVERSION_NOW)->version_num < 0x075700;
  return rc;
}

CURLcode eq_curl_init(void)
{
  if (atomic_load_explicit(&ready, memory_order_acquire)) {
    return CURLE_OK;
  }
  if (pthread_mutex_lock(&lock) != 0) {
    return CURLE_FAILED_INIT;
  }
  CURLcode rc = atomic_load(&ready) ? CURLE_OK : init();
  atomic_store_explicit(&ready, rc == CURLE_OK, memory_order_release);
  (void)pthread_mutex_unlock(&lock);
  return rc;
}

bool eq_curl_has_sigpipe(void)
{
  return eq_curl_init() != CURLE_OK || has_sigpipe;
}
