/*
 * get: the least that an authenticated GET costs: a loop on libcurl in C, one
 * connection kept alive, the options of the module, a static bearer header.
 *
 *   get URL     a contender of side.lua
 *
 * Headers and body of each response are kept until the next one, as a caller
 * that reads them must; nothing else is done with them.
 */
#include "loop.h"

static void get(CURL *curl, struct kept *headers, struct kept *body)
{
  headers->len = 0;
  body->len = 0;
  check(curl, curl_easy_perform(curl), body);
}

int main(int argc, char **argv)
{
  struct kept headers = {0};
  struct kept body = {0};
  if (argc != 2) {
    die("usage: get URL");
  }
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    die("curl_global_init");
  }
  struct curl_slist *list = make_headers();
  CURL *curl = prepare(argv[1], list, NULL);
  receive_into(curl, &headers, &body);
  for (int i = 0; i < WARM_UP; i++) {
    get(curl, &headers, &body);
  }

  for (long count = next_turn(); count > 0; count = next_turn()) {
    double cpu = cpu_seconds();
    double wall = wall_seconds();
    for (long i = 0; i < count; i++) {
      get(curl, &headers, &body);
    }
    end_turn(cpu_seconds() - cpu, wall_seconds() - wall);
  }

  curl_easy_cleanup(curl);
  curl_slist_free_all(list);
  curl_global_cleanup();
  free(headers.bytes);
  free(body.bytes);
  return EXIT_SUCCESS;
}
