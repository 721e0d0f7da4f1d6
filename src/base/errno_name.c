/*
 * errno_name: a table. The law is in errno_name.h.
 */
#include "base/errno_name.h"

#include <errno.h>
#include <stddef.h>

#define ROW(number)                                                           \
  {                                                                           \
    number, #number                                                           \
  }

static const struct {
  int os;
  const char *name;
} names[] = {
    /* what sockets report */
    ROW(ECONNREFUSED),
    ROW(ENETUNREACH),
    ROW(EHOSTUNREACH),
    ROW(EADDRNOTAVAIL),
    ROW(EAFNOSUPPORT),
    ROW(EMFILE),
    ROW(ENFILE),
    ROW(EACCES),
    ROW(EPERM),
    ROW(ETIMEDOUT),
    ROW(ENETDOWN),
    ROW(ECONNRESET),
    ROW(ECONNABORTED),
    ROW(EPIPE),
    ROW(ENOBUFS),
    ROW(ENOMEM),
    /* what only files report */
    ROW(ENOENT),
    ROW(ENOTDIR),
    ROW(EISDIR),
    ROW(EROFS),
    ROW(ENOSPC),
    ROW(EDQUOT),
    ROW(EFBIG),
    ROW(ENAMETOOLONG),
    ROW(ELOOP),
    ROW(EEXIST),
    ROW(EIO),
    ROW(ENOTSUP),
};

const char *eq_errno_name(int os)
{
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (names[i].os == os) {
      return names[i].name;
    }
  }
  return NULL;
}
