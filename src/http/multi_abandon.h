/*
 * multi_abandon: a multi handle that belongs to a parent process.
 *
 * Law of this file: in a forked child such a handle is neither used nor freed
 * (multi.h says why). It is kept in a list, so that leak checkers see that
 * this is on purpose.
 */
#ifndef EQ_HTTP_MULTI_ABANDON_H
#define EQ_HTTP_MULTI_ABANDON_H

#include "http/multi.h"

/* Keeps a copy for ever; the caller forgets the handle, and closes the
 * descriptors of its events, which the parent has, too. */
void eq_multi_abandon(const struct eq_multi *multi);

#endif
