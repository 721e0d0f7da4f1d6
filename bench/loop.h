/*
 * loop: what the C contenders have in common: clocks, the headers that the
 * client sends, the options that the module sets, a buffer for responses.
 *
 * Law of this file: it does what a careful program without the module would
 * do, no more and no less, so that a ratio to it means something.
 */
#ifndef EQ_BENCH_LOOP_H
#define EQ_BENCH_LOOP_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <curl/curl.h>

/* Requests before the clock starts: connections, caches, branch prediction.
 * The Lua contenders send as many. */
#define WARM_UP 50

/* Received bytes; grows, and is used again. */
struct kept {
  char *bytes;
  size_t len;
  size_t size;
};

static inline void die(const char *what)
{
  fprintf(stderr, "bench: %s\n", what);
  exit(EXIT_FAILURE);
}

/* User and system time of this process. */
static inline double cpu_seconds(void)
{
  struct rusage usage;
  if (getrusage(RUSAGE_SELF, &usage) != 0) {
    die("getrusage");
  }
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static inline double wall_seconds(void)
{
  struct timespec now;
  if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
    die("clock_gettime");
  }
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* How many to do now; 0: all are done. */
static inline long next_turn(void)
{
  char line[32];
  return fgets(line, sizeof line, stdin) == NULL ? 0 : strtol(line, NULL, 10);
}

/* Prints how long that took. */
static inline void end_turn(double cpu, double wall)
{
  if (printf("%.6f %.6f\n", cpu, wall) < 0 || fflush(stdout) != 0) {
    die("stdout");
  }
}

/* libcurl's callback for headers and bodies. */
static inline size_t keep(char *bytes, size_t size, size_t count, void *arg)
{
  struct kept *kept = arg;
  size_t len = size * count;
  if (len > kept->size - kept->len) {
    size_t wanted = (kept->len + len) * 2;
    char *longer = realloc(kept->bytes, wanted);
    if (longer == NULL) {
      return 0; /* makes the transfer fail */
    }
    kept->bytes = longer;
    kept->size = wanted;
  }
  memcpy(kept->bytes + kept->len, bytes, len);
  kept->len += len;
  return len;
}

/* The module sets this one, to notice that a request is about to leave. */
static inline int about_to_send(void *arg, char *to, char *from, int to_port,
                                int from_port)
{
  (void)arg, (void)to, (void)from, (void)to_port, (void)from_port;
  return CURL_PREREQFUNC_OK;
}

/* The headers that the client sends, with the bearer token. */
static inline struct curl_slist *make_headers(void)
{
  static const char *const lines[] = {
      "Authorization: Bearer qwErtY8zyW1abcdefGHI",
      "Accept: application/json",
      "User-Agent: lua-equinix/0.1.0",
  };
  struct curl_slist *list = NULL;
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
    struct curl_slist *longer = curl_slist_append(list, lines[i]);
    if (longer == NULL) {
      die("out of memory");
    }
    list = longer;
  }
  return list;
}

/* A handle with the options that the module sets for a GET; HTTP/2 where
 * TLS offers it is libcurl's default. ca_file may be NULL. */
static inline CURL *prepare(const char *url, struct curl_slist *list,
                            const char *ca_file)
{
  static char words[CURL_ERROR_SIZE];
  CURL *curl = curl_easy_init();
  CURLcode rc = CURLE_FAILED_INIT;
  if (curl == NULL || (rc = curl_easy_setopt(curl, CURLOPT_URL, url)) ||
      (rc = curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L)) ||
      (rc = curl_easy_setopt(curl, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L)) ||
      (rc = curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L)) ||
      (rc = curl_easy_setopt(curl, CURLOPT_SSLVERSION,
                             (long)CURL_SSLVERSION_TLSv1_2)) ||
      (ca_file != NULL &&
       ((rc = curl_easy_setopt(curl, CURLOPT_CAPATH, NULL)) ||
        (rc = curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file)))) ||
      (rc = curl_easy_setopt(curl, CURLOPT_PIPEWAIT, 1L)) ||
      (rc = curl_easy_setopt(curl, CURLOPT_PROXY, "")) ||
      (rc = curl_easy_setopt(curl, CURLOPT_NOPROXY, "")) ||
      (rc = curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 30000L)) ||
      (rc = curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, 10000L)) ||
      (rc = curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "")) ||
      (rc = curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list)) ||
      (rc = curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, words)) ||
      (rc = curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, about_to_send)) ||
      (rc = curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, keep)) ||
      (rc = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep))) {
    die(curl_easy_strerror(rc));
  }
  return curl;
}

/* Sets the buffers for the next response. */
static inline void receive_into(CURL *curl, struct kept *headers,
                                struct kept *body)
{
  if (curl_easy_setopt(curl, CURLOPT_HEADERDATA, headers) != CURLE_OK ||
      curl_easy_setopt(curl, CURLOPT_WRITEDATA, body) != CURLE_OK) {
    die("curl_easy_setopt");
  }
}

/* Ends the program unless the response was a 200 with a body. */
static inline void check(CURL *curl, CURLcode result, const struct kept *body)
{
  long status = 0;
  if (result != CURLE_OK) {
    die(curl_easy_strerror(result));
  }
  if (curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK ||
      status != 200 || body->len == 0) {
    die("not the answer that was expected");
  }
}

#endif
