/*
 * all: many authenticated GETs at once: a curl_multi loop in C, with the
 * options of the module and a static bearer header.
 *
 *   all BASE_URL CA_FILE [CONCURRENT]     a contender of side.lua
 *
 * So many handles (50) take the next request as soon as they are idle. Every
 * response of a round is kept to its end, in order, as client:all returns them
 * all; freeing them is measured too, as it is part of the collector's work.
 */
#include "loop.h"

#define CONCURRENT_MAX 1000

static long concurrent = 50;

struct answer {
  struct kept headers;
  struct kept body;
};

/* Gives an idle handle the next request. */
static void begin(CURLM *multi, CURL *curl, struct answer *answer)
{
  receive_into(curl, &answer->headers, &answer->body);
  if (curl_easy_setopt(curl, CURLOPT_PRIVATE, answer) != CURLE_OK ||
      curl_multi_add_handle(multi, curl) != CURLM_OK) {
    die("curl_multi_add_handle");
  }
}

/* Checks a transfer that has ended and removes it. */
static CURL *end(CURLM *multi, const CURLMsg *message)
{
  CURL *curl = message->easy_handle;
  struct answer *answer = NULL;
  if (curl_easy_getinfo(curl, CURLINFO_PRIVATE, (char **)&answer) !=
      CURLE_OK) {
    die("curl_easy_getinfo");
  }
  check(curl, message->data.result, &answer->body);
  if (curl_multi_remove_handle(multi, curl) != CURLM_OK) {
    die("curl_multi_remove_handle");
  }
  return curl;
}

static struct answer *run(CURLM *multi, CURL **handles, long count)
{
  struct answer *answers = calloc((size_t)count, sizeof *answers);
  if (answers == NULL) {
    die("out of memory");
  }
  long begun = 0;
  long ended = 0;
  for (; begun < concurrent && begun < count; begun++) {
    begin(multi, handles[begun], &answers[begun]);
  }
  while (ended < count) {
    int active = 0;
    int left = 0;
    if (curl_multi_perform(multi, &active) != CURLM_OK) {
      die("curl_multi_perform");
    }
    for (CURLMsg *message = curl_multi_info_read(multi, &left);
         message != NULL; message = curl_multi_info_read(multi, &left)) {
      CURL *curl = end(multi, message);
      ended++;
      if (begun < count) {
        begin(multi, curl, &answers[begun++]);
      }
    }
    if (ended < count &&
        curl_multi_poll(multi, NULL, 0, 1000, NULL) != CURLM_OK) {
      die("curl_multi_poll");
    }
  }
  return answers;
}

static void drop(struct answer *answers, long count)
{
  for (long i = 0; i < count; i++) {
    free(answers[i].headers.bytes);
    free(answers[i].body.bytes);
  }
  free(answers);
}

/* Sets the URL of the request. */
static void point_at(CURL *curl, const char *base_url, const char *path)
{
  char url[256];
  int n = snprintf(url, sizeof url, "%s%s", base_url, path);
  if (n < 0 || (size_t)n >= sizeof url ||
      curl_easy_setopt(curl, CURLOPT_URL, url) != CURLE_OK) {
    die("CURLOPT_URL");
  }
}

int main(int argc, char **argv)
{
  CURL *handles[CONCURRENT_MAX];
  if (argc == 4) {
    concurrent = strtol(argv[3], NULL, 10);
  }
  if (argc < 3 || argc > 4 || concurrent < 1 || concurrent > CONCURRENT_MAX) {
    die("usage: all BASE_URL CA_FILE [CONCURRENT]");
  }
  CURLM *multi = NULL;
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
      (multi = curl_multi_init()) == NULL ||
      curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, concurrent) != CURLM_OK) {
    die("curl_multi_init");
  }
  struct curl_slist *list = make_headers();
  for (int i = 0; i < concurrent; i++) {
    handles[i] = prepare(argv[1], list, argv[2]);
    point_at(handles[i], argv[1], "/slow");
  }
  /* All connections open here, since none is free again before the others are
   * needed: to shake hands over TLS takes as long as 50 requests, and is not
   * what is measured. */
  drop(run(multi, handles, WARM_UP), WARM_UP);
  for (int i = 0; i < concurrent; i++) {
    point_at(handles[i], argv[1], "/fabric/v4/ports");
  }

  for (long count = next_turn(); count > 0; count = next_turn()) {
    double cpu = cpu_seconds();
    double wall = wall_seconds();
    drop(run(multi, handles, count), count);
    end_turn(cpu_seconds() - cpu, wall_seconds() - wall);
  }

  for (int i = 0; i < concurrent; i++) {
    curl_easy_cleanup(handles[i]);
  }
  if (curl_multi_cleanup(multi) != CURLM_OK) {
    die("curl_multi_cleanup");
  }
  curl_slist_free_all(list);
  curl_global_cleanup();
  return EXIT_SUCCESS;
}
