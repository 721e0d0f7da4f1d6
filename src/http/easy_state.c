/*
 * easy_state: the law is in easy_state.h.
 */
#include "http/easy_state.h"

#include <stdint.h>
#include <string.h>
/* Requests were checked for their size when they were read. */
#define NO_LIMIT (SIZE_MAX / 2)

void eq_told_init(struct eq_told *told)
{
  *told = (struct eq_told){.connect_ms = -1, .total_ms = -1};
  eq_buffer_init(&told->method, NO_LIMIT);
  eq_buffer_init(&told->url, NO_LIMIT);
  eq_buffer_init(&told->lines, NO_LIMIT);
  for (int i = 0; i < EQ_IDENTITY_SIZE; i++) {
    eq_buffer_init(&told->identity[i], NO_LIMIT);
  }
}

void eq_told_free_slist(struct curl_slist *slist)
{
  for (struct curl_slist *node = slist; node != NULL; node = node->next) {
    eq_wipe(node->data, strlen(node->data));
  }
  curl_slist_free_all(slist);
}

void eq_told_free(struct eq_told *told)
{
  eq_buffer_free(&told->method);
  eq_buffer_free(&told->url);
  curl_url_cleanup(told->parsed);
  eq_buffer_free(&told->lines);
  eq_told_free_slist(told->slist);
  for (int i = 0; i < EQ_IDENTITY_SIZE; i++) {
    eq_buffer_free(&told->identity[i]);
  }
}

void eq_told_forget(struct eq_told *told)
{
  eq_told_free(told);
  eq_told_init(told);
}

bool eq_told_knows(const struct eq_buffer *buffer, const char *text)
{
  return eq_buffer_equals(buffer, text, text == NULL ? 0 : strlen(text));
}

CURLcode eq_told_remember(struct eq_buffer *buffer, const char *bytes,
                          size_t n)
{
  eq_buffer_clear(buffer);
  return eq_buffer_add(buffer, bytes, n) == EQ_BUFFER_OK ? CURLE_OK
                                                         : CURLE_OUT_OF_MEMORY;
}
