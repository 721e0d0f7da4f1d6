/*
 * multi_parked: transfers of a multi handle that libcurl does not have.
 *
 * Laws of this file:
 * - one is parked until its origin has room for it, or held for some
 *   milliseconds until a connection has settled (attempt.h); to hold it blocks
 *   no thread;
 * - it counts as running, and its deadline holds.
 */
#ifndef EQ_HTTP_MULTI_PARKED_H
#define EQ_HTTP_MULTI_PARKED_H

#include "http/multi.h"

/* Gives a transfer to libcurl. */
CURLcode eq_multi_hand_over(struct eq_multi *multi,
                            struct eq_transfer *transfer);

/* Deadlines, and what is parked, are looked at then, or earlier. */
void eq_multi_check_by(struct eq_multi *multi, int64_t at);

/* Keeps one back; what is parked is looked at then. */
void eq_multi_park(struct eq_multi *multi, struct eq_transfer *transfer,
                   int64_t look_at);

/* Keeps a new one back that has to wait for a connection; false: it need
 * not. */
bool eq_multi_hold(struct eq_multi *multi, struct eq_transfer *transfer);

/*
 * Gives what is parked, and held no longer, to libcurl again: one whose origin
 * is that of *room, or (NULL) all. What libcurl can't take stays here until
 * its deadline.
 */
void eq_multi_unpark(struct eq_multi *multi, const unsigned *room);

#endif
