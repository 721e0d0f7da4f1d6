/*
 * curl_memory: the memory that libcurl takes, and whether it got it.
 *
 * Law of this file: libcurl fails in many words where memory runs out, and
 * before 8.6 it says "out of memory" of a line that is too long as well. So
 * the allocations that fail are counted. Where another part of the program
 * made libcurl ready first, its own functions stay, and none are seen.
 */
#ifndef EQ_HTTP_CURL_MEMORY_H
#define EQ_HTTP_CURL_MEMORY_H

#include <stdbool.h>

#include <curl/curl.h>

/* Makes libcurl ready, with functions that count. */
CURLcode eq_curl_memory_init(void);

/*
 * How many of libcurl's allocations have failed in this process so far. A
 * transfer during which one did has failed, whatever libcurl says: 7.88 sends
 * a URL without its query where that can't be copied.
 */
unsigned eq_curl_memory_failures(void);

/* Whether that, or less than 16 KiB left, is why it failed: `before` is the
 * count at its begin. Libraries for TLS say it in libcurl's message. */
bool eq_curl_memory_was_short(unsigned before, const char *detail);

/* Counts one of our own, of which libcurl knows only that we gave up. */
void eq_curl_memory_failed(void);

#endif
