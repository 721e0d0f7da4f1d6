/*
 * faults: a library for LD_PRELOAD that makes the system, or libcurl, fail as
 * no server can make it. Each fault happens while a file exists, whose folder
 * is in FAULTS:
 *   refuse   the next send on a socket takes no byte: ECONNRESET, once
 *   silent   libcurl reports the end of no transfer
 *
 *   cc -std=c11 -D_GNU_SOURCE -shared -fPIC -o faults.so faults.c
 *      -Wl,--no-as-needed -lcurl
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <curl/curl.h>

/* The path of a fault's file. */
static const char *path_of(const char *fault, char path[256])
{
  const char *dir = getenv("FAULTS");
  (void)snprintf(path, 256, "%s/%s", dir == NULL ? "" : dir, fault);
  return path;
}

static bool is_on(const char *fault)
{
  char path[256];
  return access(path_of(fault, path), F_OK) == 0;
}

static bool refuses(int fd)
{
  char path[256];
  int type = 0;
  socklen_t len = sizeof type;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0 ||
      type != SOCK_STREAM || !is_on("refuse")) {
    return false;
  }
  (void)unlink(path_of("refuse", path));
  (void)shutdown(fd, SHUT_RDWR);
  errno = ECONNRESET;
  return true;
}

ssize_t send(int fd, const void *bytes, size_t n, int flags)
{
  return refuses(fd) ? -1 : sendto(fd, bytes, n, flags, NULL, 0);
}

/* OpenSSL writes to a socket as to any file. */
ssize_t write(int fd, const void *bytes, size_t n)
{
  static ssize_t (*next)(int, const void *, size_t);
  if (next == NULL) {
    *(void **)&next = dlsym(RTLD_NEXT, "write");
  }
  return refuses(fd) ? -1 : next(fd, bytes, n);
}

CURLMsg *curl_multi_info_read(CURLM *multi, int *left)
{
  static CURLMsg *(*next)(CURLM *, int *);
  if (next == NULL) {
    *(void **)&next = dlsym(RTLD_NEXT, "curl_multi_info_read");
  }
  *left = 0;
  return is_on("silent") ? NULL : next(multi, left);
}
