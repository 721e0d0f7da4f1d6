/*
 * multi: transfers side by side on one libcurl multi handle.
 *
 * Laws of this file:
 * - one pool of connections for all transfers of a handle, single ones
 *   included; transfers that ended wait, configured, for the next request;
 * - one OS thread at a time; waiting blocks it;
 * - how long transfers stay under way is the owner's: http's are over when a
 *   call returns, crowd's go on between calls;
 * - it belongs to the process that made it. In a child the handles are
 *   abandoned: cleaning them up would say goodbye (TLS close, HTTP/2 GOAWAY)
 *   on sockets that the parent goes on using, and using them would mix up
 *   the answers of both.
 */
#ifndef EQ_HTTP_MULTI_H
#define EQ_HTTP_MULTI_H

#include "http/transfer.h"

struct eq_multi {
  CURLM *multi;               /* owned; NULL until the first transfer */
  unsigned process;           /* eq_process_generation of its maker */
  long kept;                  /* how many idle connections it may keep */
  struct eq_transfer *idle;   /* owned; configured, without a request */
  struct eq_transfer *active; /* owned; taken */
};

/* Empty; allocates nothing. */
void eq_multi_init(struct eq_multi *multi);

/*
 * To be called before transfers are taken: makes or renews the multi handle,
 * for n transfers at a time.
 */
CURLcode eq_multi_enter(struct eq_multi *multi, long n);

/* A transfer to be started; NULL: no memory. */
struct eq_transfer *eq_multi_take(struct eq_multi *multi);

/* Hands a started transfer to libcurl. False: it has failed. */
bool eq_multi_add(struct eq_multi *multi, struct eq_transfer *transfer);

/*
 * Moves what can be moved, without waiting. A transfer that ended by it,
 * finished, or NULL. At least one must have been added.
 */
struct eq_transfer *eq_multi_step(struct eq_multi *multi);

/* Waits until there is something to move. NULL, or one that failed by it. */
struct eq_transfer *eq_multi_rest(struct eq_multi *multi);

/*
 * The same, but also until one of n other files is ready or `ms` milliseconds
 * are over, a second at most. The caller looks at the files: libcurl tells
 * the end of a pipe on some systems only.
 */
struct eq_transfer *eq_multi_rest_among(struct eq_multi *multi,
                                        struct curl_waitfd *files, unsigned n,
                                        int ms);

/*
 * Steps and rests until a transfer ends and returns it, finished. At least
 * one must have been added.
 */
struct eq_transfer *eq_multi_next(struct eq_multi *multi);

/* What came of the transfer was read: it is idle again. */
void eq_multi_release(struct eq_multi *multi, struct eq_transfer *transfer);

/* Breaks off one that was taken, whatever it is in the middle of. */
void eq_multi_drop(struct eq_multi *multi, struct eq_transfer *transfer);

/* Breaks off what is under way. Harmless when nothing is. */
void eq_multi_cancel(struct eq_multi *multi);

/* Ends all and closes the connections. Harmless on an empty one. */
void eq_multi_close(struct eq_multi *multi);

#endif
