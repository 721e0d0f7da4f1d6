/*
 * engine_wait: the laws are in engine_wait.h.
 */
#include "http/engine_wait.h"

#include <poll.h>
#include <unistd.h>

#include "base/clock.h"

void eq_engine_wait_among(struct eq_engine *engine, int64_t deadline,
                          int stop_fd)
{
  struct pollfd files[3] = {
      {.fd = STDIN_FILENO, .events = POLLIN},
      {.fd = stop_fd, .events = POLLIN},
      {.fd = eq_engine_fd(engine), .events = POLLIN},
  };
  for (;;) {
    (void)eq_engine_step(engine, EQ_ENGINE_PACE, true);
    if (eq_engine_ended(engine) != NULL) {
      return;
    }
    int ms = eq_deadline_ms(deadline);
    /* Whether it was a file, the time or a signal: the caller checks. */
    if (poll(files, sizeof files / sizeof *files, ms) < 0 || ms == 0 ||
        files[0].revents != 0 || files[1].revents != 0) {
      return;
    }
  }
}

/* Nothing is under way: waits for the time only. */
static void rest(int64_t deadline)
{
  int ms;
  while (deadline != EQ_NO_DEADLINE && (ms = eq_deadline_ms(deadline)) > 0) {
    (void)poll(NULL, 0, ms); /* a signal ends it early */
  }
}

void eq_engine_wait(struct eq_engine *engine, int64_t deadline)
{
  if (!eq_engine_is_busy(engine)) {
    rest(deadline);
    return;
  }
  int ms;
  do {
    ms = eq_deadline_ms(deadline);
  } while (eq_engine_drive(engine, ms) && ms != 0 &&
           eq_engine_is_busy(engine) && eq_engine_ended(engine) == NULL);
}
