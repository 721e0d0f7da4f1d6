/*
 * loops: authenticated GETs, all at once, in a loop of one's own: C on
 * curl_multi_socket_action and epoll, with the options of the module and a
 * static bearer header.
 *
 *   loops URL                             a contender of side.lua
 *
 * Every response is kept to the end of its turn.
 */
#include <sys/epoll.h>
#include <unistd.h>

#include "loop.h"

#define MAX 1000
#define EVENTS 64

struct answer {
  struct kept headers;
  struct kept body;
};

struct loop {
  CURLM *multi;
  int epoll;
  double timer; /* when libcurl wants to be called; 0: not at all */
};

/* CURLMOPT_SOCKETFUNCTION */
static int watch(CURL *curl, curl_socket_t fd, int what, void *arg,
                 void *known)
{
  struct loop *loop = arg;
  struct epoll_event event = {.data.fd = fd};
  (void)curl;
  if (what == CURL_POLL_REMOVE) {
    (void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, fd, NULL);
    return 0;
  }
  event.events = (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0U) |
                 (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0U);
  if (epoll_ctl(loop->epoll, known != NULL ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd,
                &event) != 0 ||
      curl_multi_assign(loop->multi, fd, loop) != CURLM_OK) {
    die("epoll_ctl");
  }
  return 0;
}

/* CURLMOPT_TIMERFUNCTION */
static int set_timer(CURLM *multi, long ms, void *arg)
{
  struct loop *loop = arg;
  (void)multi;
  loop->timer = ms < 0 ? 0 : wall_seconds() + (double)ms / 1e3;
  return 0;
}

static void act(struct loop *loop, curl_socket_t fd, int what)
{
  int running = 0;
  if (curl_multi_socket_action(loop->multi, fd, what, &running) != CURLM_OK) {
    die("curl_multi_socket_action");
  }
}

/* Waits for what comes next and passes it on. */
static void turn(struct loop *loop)
{
  struct epoll_event events[EVENTS];
  int ms = -1;
  if (loop->timer > 0) {
    double left = loop->timer - wall_seconds();
    ms = left > 0 ? (int)(left * 1e3) + 1 : 0;
  }
  int n = epoll_wait(loop->epoll, events, EVENTS, ms);
  for (int i = 0; i < n; i++) {
    act(loop, events[i].data.fd,
        (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
            (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
            (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0));
  }
  if (loop->timer > 0 && loop->timer <= wall_seconds()) {
    loop->timer = 0;
    act(loop, CURL_SOCKET_TIMEOUT, 0);
  }
}

/* Removes what has ended -> how many. */
static long reap(struct loop *loop)
{
  long ended = 0;
  int left = 0;
  CURLMsg *message;
  while ((message = curl_multi_info_read(loop->multi, &left)) != NULL) {
    struct answer *answer = NULL;
    CURL *curl = message->easy_handle;
    if (curl_easy_getinfo(curl, CURLINFO_PRIVATE, (char **)&answer) !=
        CURLE_OK) {
      die("curl_easy_getinfo");
    }
    check(curl, message->data.result, &answer->body);
    if (curl_multi_remove_handle(loop->multi, curl) != CURLM_OK) {
      die("curl_multi_remove_handle");
    }
    ended++;
  }
  return ended;
}

static void run(struct loop *loop, CURL **handles, long count)
{
  struct answer *answers = calloc((size_t)count, sizeof *answers);
  if (answers == NULL) {
    die("out of memory");
  }
  for (long i = 0; i < count; i++) {
    receive_into(handles[i], &answers[i].headers, &answers[i].body);
    if (curl_easy_setopt(handles[i], CURLOPT_PRIVATE, &answers[i]) !=
            CURLE_OK ||
        curl_multi_add_handle(loop->multi, handles[i]) != CURLM_OK) {
      die("curl_multi_add_handle");
    }
  }
  for (long ended = 0; ended < count; ended += reap(loop)) {
    turn(loop);
  }
  for (long i = 0; i < count; i++) {
    free(answers[i].headers.bytes);
    free(answers[i].body.bytes);
  }
  free(answers);
}

int main(int argc, char **argv)
{
  static CURL *handles[MAX];
  struct loop loop = {.epoll = epoll_create1(EPOLL_CLOEXEC)};
  if (argc != 2 || loop.epoll == -1 ||
      curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
      (loop.multi = curl_multi_init()) == NULL ||
      curl_multi_setopt(loop.multi, CURLMOPT_SOCKETFUNCTION, watch) ||
      curl_multi_setopt(loop.multi, CURLMOPT_SOCKETDATA, &loop) ||
      curl_multi_setopt(loop.multi, CURLMOPT_TIMERFUNCTION, set_timer) ||
      curl_multi_setopt(loop.multi, CURLMOPT_TIMERDATA, &loop)) {
    die("usage: loops URL");
  }
  struct curl_slist *list = make_headers();
  for (long i = 0; i < MAX; i++) {
    handles[i] = prepare(argv[1], list, NULL);
  }
  for (long count = next_turn(); count > 0 && count <= MAX;
       count = next_turn()) {
    double cpu = cpu_seconds();
    double wall = wall_seconds();
    run(&loop, handles, count);
    end_turn(cpu_seconds() - cpu, wall_seconds() - wall);
  }
  for (long i = 0; i < MAX; i++) {
    curl_easy_cleanup(handles[i]);
  }
  (void)curl_multi_cleanup(loop.multi);
  (void)close(loop.epoll);
  curl_slist_free_all(list);
  curl_global_cleanup();
  return EXIT_SUCCESS;
}
