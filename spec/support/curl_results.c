/*
 * curl_results: prints the row of every result that curl/curl.h has, and of
 * one that it does not have yet:
 *
 *   number TAB kind TAB code TAB "retry" or "final" TAB message
 */
#include <stdio.h>

#include "http/curl_result.h"

int main(void)
{
  for (int i = 1; i <= (int)CURL_LAST + 1000; i++) {
    if (i < (int)CURL_LAST || i == (int)CURL_LAST + 1000) {
      const struct eq_curl_result *row = eq_curl_result((CURLcode)i);
      printf("%d\t%s\t%s\t%s\t%s\n", i, row->kind, row->code,
             row->retryable ? "retry" : "final", row->message);
    }
  }
  return 0;
}
