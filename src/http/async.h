/*
 * async: what core.c gives to core.multi().
 */
#ifndef EQ_HTTP_ASYNC_H
#define EQ_HTTP_ASYNC_H

/*
 * Besides standard input, one more descriptor ends multi:wait(seconds, true)
 * when it is readable; this function returns it, -1: there is none. Defined
 * in core.c, as this room knows no other.
 */
extern int (*const eq_async_stop_fd)(void);

#endif
