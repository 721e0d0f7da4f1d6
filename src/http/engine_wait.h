/*
 * engine_wait: an engine in a host without a loop.
 *
 * Law of this file: it blocks this OS thread, and drives the engine meanwhile.
 */
#ifndef EQ_HTTP_ENGINE_WAIT_H
#define EQ_HTTP_ENGINE_WAIT_H

#include "http/engine.h"

/* Waits until there are results, or until the deadline (on eq_now_ns, or
 * EQ_NO_DEADLINE: then at once where nothing is under way). */
void eq_engine_wait(struct eq_engine *engine, int64_t deadline);

/* The same, but also until standard input, or stop_fd (-1: none), can be read;
 * without a deadline it waits for these. The caller looks which it was. */
void eq_engine_wait_among(struct eq_engine *engine, int64_t deadline,
                          int stop_fd);

#endif
