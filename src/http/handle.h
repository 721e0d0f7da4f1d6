/*
 * handle: the handle that Lua holds, as the C files behind it see it.
 */
#ifndef EQ_HTTP_HANDLE_H
#define EQ_HTTP_HANDLE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "http/multi.h"

struct eq_http {
  const void *magic; /* first: tells our userdata from all others */
  bool open;
  bool busy; /* a call is under way */
  struct eq_multi multi;
  struct eq_buffer lines; /* header lines of what is being sent */
};

#endif
