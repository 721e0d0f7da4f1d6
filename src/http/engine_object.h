/*
 * engine_object: what core.c gives to core.engine().
 */
#ifndef EQ_HTTP_ENGINE_OBJECT_H
#define EQ_HTTP_ENGINE_OBJECT_H

/*
 * Besides standard input, one more descriptor ends engine:wait(seconds, true)
 * when it is readable; this function returns it, -1: there is none. Defined
 * in core.c, as this room knows no other.
 */
extern int (*const eq_engine_stop_fd)(void);

#endif
