/*
 * easy_state: the law is in easy_state.h.
 */
#include "http/easy_state.h"

#include <stdint.h>
#include <string.h>

/* The sizes of a request were checked when it was read. */
#define NO_LIMIT (SIZE_MAX / 2)

static void init_state(struct eq_easy_state *state)
{
  *state = (struct eq_easy_state){.connect_ms = -1, .total_ms = -1};
  eq_buffer_init(&state->method, NO_LIMIT);
  eq_buffer_init(&state->url, NO_LIMIT);
  eq_buffer_init(&state->lines, NO_LIMIT);
  for (int i = 0; i < EQ_IDENTITY_SIZE; i++) {
    eq_buffer_init(&state->identity[i], NO_LIMIT);
  }
}

void eq_easy_state_free_slist(struct curl_slist *slist)
{
  for (struct curl_slist *node = slist; node != NULL; node = node->next) {
    eq_wipe(node->data, strlen(node->data));
  }
  curl_slist_free_all(slist);
}

static void forget(struct eq_easy_state *state)
{
  eq_buffer_free(&state->method);
  eq_buffer_free(&state->url);
  curl_url_cleanup(state->parsed);
  eq_buffer_free(&state->lines);
  eq_easy_state_free_slist(state->slist);
  for (int i = 0; i < EQ_IDENTITY_SIZE; i++) {
    eq_buffer_free(&state->identity[i]);
  }
  init_state(state);
}

void eq_easy_init(struct eq_easy *easy)
{
  easy->handle = NULL;
  init_state(&easy->state);
}

bool eq_easy_open(struct eq_easy *easy)
{
  if (easy->handle == NULL) {
    easy->handle = curl_easy_init();
  }
  return easy->handle != NULL;
}

void eq_easy_close(struct eq_easy *easy)
{
  curl_easy_cleanup(easy->handle);
  easy->handle = NULL;
  forget(&easy->state);
}

void eq_easy_reset(struct eq_easy *easy)
{
  curl_easy_reset(easy->handle);
  forget(&easy->state);
}

bool eq_easy_state_equals(const struct eq_buffer *buffer, const char *text)
{
  return eq_buffer_equals(buffer, text, text == NULL ? 0 : strlen(text));
}

CURLcode eq_easy_state_remember(struct eq_buffer *buffer, const char *bytes,
                                size_t n)
{
  eq_buffer_clear(buffer);
  return eq_buffer_add(buffer, bytes, n) == EQ_BUFFER_OK ? CURLE_OK
                                                         : CURLE_OUT_OF_MEMORY;
}
