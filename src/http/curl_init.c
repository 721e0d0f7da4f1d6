/*
 * curl_init: the law is in curl_init.h.
 */
#include "http/curl_init.h"

#include <pthread.h>

#include "base/fork.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode result; /* these two are constant after the once */
static bool has_sigpipe;

static void init(void)
{
  if (eq_fork_init() != 0) {
    result = CURLE_OUT_OF_MEMORY;
    return;
  }
  result = curl_global_init(CURL_GLOBAL_DEFAULT);
  has_sigpipe = curl_version_info(CURLVERSION_NOW)->version_num < 0x075700;
}

CURLcode eq_curl_init(void)
{
  return pthread_once(&once, init) == 0 ? result : CURLE_FAILED_INIT;
}

bool eq_curl_has_sigpipe(void)
{
  return eq_curl_init() != CURLE_OK || has_sigpipe;
}
