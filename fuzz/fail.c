/*
 * fail: lets allocations and system calls of the product fail.
 *
 * Law of this file: the linker puts these in the place of the functions
 * (--wrap, see tools/fuzz.mk), for what is linked into the program; libraries
 * of the system keep theirs. One fails at a time, the one that was asked for.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "fuzz.h"

static unsigned allocations; /* until one fails; 0: none does */
static unsigned calls;

void fail_allocation(unsigned n)
{
  allocations = n;
}

void fail_call(unsigned n)
{
  calls = n;
}

static bool no_memory(void)
{
  return allocations != 0 && --allocations == 0;
}

static bool no_call(void)
{
  if (calls == 0 || --calls != 0) {
    return false;
  }
  errno = EIO;
  return true;
}

/* A function of the same arguments that fails when its turn has come. */
#define WRAP(type, name, parameters, arguments, fails, failure)               \
  type __real_##name parameters;                                              \
  type __wrap_##name parameters;                                              \
  type __wrap_##name parameters                                               \
  {                                                                           \
    return fails() ? (failure) : __real_##name arguments;                     \
  }

WRAP(void *, malloc, (size_t n), (n), no_memory, NULL)
WRAP(void *, calloc, (size_t n, size_t size), (n, size), no_memory, NULL)
WRAP(void *, realloc, (void *old, size_t n), (old, n), no_memory, NULL)

WRAP(int, fstat, (int fd, struct stat *st), (fd, st), no_call, -1)
WRAP(int, fstatat, (int fd, const char *path, struct stat *st, int flags),
     (fd, path, st, flags), no_call, -1)
WRAP(ssize_t, read, (int fd, void *to, size_t n), (fd, to, n), no_call, -1)
WRAP(ssize_t, write, (int fd, const void *from, size_t n), (fd, from, n),
     no_call, -1)
WRAP(ssize_t, pread, (int fd, void *to, size_t n, off_t at), (fd, to, n, at),
     no_call, -1)
WRAP(ssize_t, pwrite, (int fd, const void *from, size_t n, off_t at),
     (fd, from, n, at), no_call, -1)
WRAP(int, ftruncate, (int fd, off_t size), (fd, size), no_call, -1)
WRAP(int, fsync, (int fd), (fd), no_call, -1)
WRAP(int, flock, (int fd, int how), (fd, how), no_call, -1)
WRAP(int, renameat, (int fd, const char *from, int to_fd, const char *to),
     (fd, from, to_fd, to), no_call, -1)
WRAP(int, unlinkat, (int fd, const char *path, int flags), (fd, path, flags),
     no_call, -1)

int __real_openat(int fd, const char *path, int flags, ...);
int __wrap_openat(int fd, const char *path, int flags, ...);
int __wrap_openat(int fd, const char *path, int flags, ...)
{
  va_list more;
  va_start(more, flags);
  mode_t mode = va_arg(more, mode_t); /* anything where there is none */
  va_end(more);
  return no_call() ? -1 : __real_openat(fd, path, flags, mode);
}
