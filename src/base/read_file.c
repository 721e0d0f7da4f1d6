/*
 * read_file: the laws are in read_file.h; core.read_file, core.keep_file and
 * core.is_pipe join the core module.
 */
#include "base/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/compat.h"
#include "base/errno_name.h"
#include "core.h"

/* Files whose bytes are kept; a program names a few. */
#define KEPT_MAX 64

/* What one of them may give. */
#define FILE_MAX ((size_t)1024 * 1024)

/* Which pipe it is. The next one may get the inode of one that was deleted. */
struct pipe_id {
  dev_t device;
  ino_t inode;
  int64_t born; /* 0: unknown, as of one without a name */
};

/* What a pipe gave, or a file that was to be kept. */
struct kept {
  struct kept *next;
  char *path; /* owned; NULL: a pipe, which is known by its id */
  struct pipe_id id;
  struct eq_buffer bytes;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct kept *first; /* under the lock; the newest */

/* Another thread of the parent may have held it: the child has none. */
static void renew_lock(void)
{
  (void)pthread_mutex_init(&lock, NULL);
}

static void init(void)
{
  (void)pthread_atfork(NULL, NULL, renew_lock);
}

static int add(struct eq_buffer *buffer, const void *bytes, size_t n)
{
  switch (eq_buffer_add(buffer, bytes, n)) {
  case EQ_BUFFER_OK:
    return 0;
  case EQ_BUFFER_FULL:
    return EFBIG;
  default:
    return ENOMEM;
  }
}

/* Waits until there is something to read, or the end. 0 or an errno value. */
static int await(int fd, double seconds)
{
  int64_t deadline = eq_deadline(seconds);
  for (;;) {
    struct pollfd file = {.fd = fd, .events = POLLIN};
    int n = poll(&file, 1, eq_deadline_ms(deadline));
    if (n > 0) {
      return 0;
    }
    if (n == 0) {
      return ETIMEDOUT;
    }
    if (errno != EINTR) {
      return errno;
    }
  }
}

/* Reads up to the end. A pipe is waited for; its end is none before that. */
static int read_all(int fd, double seconds, struct eq_buffer *bytes)
{
  char part[4096];
  int rc = 0;
  for (ssize_t n = 1; n != 0 && rc == 0;) {
    rc = await(fd, seconds);
    n = rc == 0 ? read(fd, part, sizeof part) : 0;
    if (n > 0) {
      rc = add(bytes, part, (size_t)n);
    } else if (n < 0 && errno != EINTR && errno != EAGAIN) {
      rc = errno;
    }
  }
  eq_wipe(part, sizeof part);
  return rc;
}

static int64_t born(int fd, const struct stat *about)
{
#if defined(STATX_BTIME)
  struct statx more;
  (void)about;
  if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &more) != 0 ||
      (more.stx_mask & STATX_BTIME) == 0) {
    return 0;
  }
  return more.stx_btime.tv_sec * EQ_NS_PER_S + more.stx_btime.tv_nsec;
#elif defined(__APPLE__)
  (void)fd;
  return about->st_birthtimespec.tv_sec * EQ_NS_PER_S +
         about->st_birthtimespec.tv_nsec;
#else
  (void)fd;
  (void)about;
  return 0;
#endif
}

static const struct kept *find(const struct pipe_id *id)
{
  const struct kept *kept = first;
  while (kept != NULL &&
         (kept->path != NULL || kept->id.device != id->device ||
          kept->id.inode != id->inode || kept->id.born != id->born)) {
    kept = kept->next;
  }
  return kept;
}

/* The link to what is kept under that path; to NULL where nothing is. */
static struct kept **find_path(const char *path)
{
  struct kept **link = &first;
  while (*link != NULL &&
         ((*link)->path == NULL || strcmp((*link)->path, path) != 0)) {
    link = &(*link)->next;
  }
  return link;
}

static void free_kept(struct kept *kept)
{
  if (kept != NULL) {
    eq_buffer_free(&kept->bytes);
    free(kept->path);
    free(kept);
  }
}

static void forget(struct kept **link)
{
  struct kept *kept = *link;
  if (kept != NULL) {
    *link = kept->next;
    free_kept(kept);
  }
}

static void push(struct kept *kept)
{
  kept->next = first;
  first = kept;
  struct kept **link = &first;
  for (int i = 0; i < KEPT_MAX && *link != NULL; i++) {
    link = &(*link)->next;
  }
  forget(link); /* the oldest */
}

/* Reads a pipe and keeps its bytes. 0 or an errno value: nothing is kept. */
static int keep(int fd, const struct pipe_id *id, double seconds)
{
  struct kept *kept = calloc(1, sizeof *kept);
  if (kept == NULL) {
    return ENOMEM;
  }
  kept->id = *id;
  eq_buffer_init(&kept->bytes, FILE_MAX);
  int rc = read_all(fd, seconds, &kept->bytes);
  if (rc != 0) {
    free_kept(kept);
    return rc;
  }
  push(kept);
  return 0;
}

static int read_pipe(int fd, const struct stat *about, double seconds,
                     struct eq_buffer *bytes)
{
  int rc = 0;
  const struct pipe_id id = {.device = about->st_dev,
                             .inode = about->st_ino,
                             .born = born(fd, about)};
  (void)pthread_once(&once, init);
  (void)pthread_mutex_lock(&lock);
  const struct kept *kept = find(&id);
  if (kept == NULL) {
    rc = keep(fd, &id, seconds);
    kept = first;
  }
  if (rc == 0) {
    rc = add(bytes, eq_buffer_text(&kept->bytes), kept->bytes.len);
  }
  (void)pthread_mutex_unlock(&lock);
  return rc;
}

/* The bytes of a file that was kept; `reason` where it was not. */
static int read_kept(const char *path, int reason, struct eq_buffer *bytes)
{
  (void)pthread_once(&once, init);
  (void)pthread_mutex_lock(&lock);
  const struct kept *kept = *find_path(path);
  int rc = kept == NULL
               ? reason
               : add(bytes, eq_buffer_text(&kept->bytes), kept->bytes.len);
  (void)pthread_mutex_unlock(&lock);
  if (rc != 0) {
    eq_buffer_clear(bytes);
  }
  return rc;
}

static bool is_kept(const char *path)
{
  (void)pthread_once(&once, init);
  (void)pthread_mutex_lock(&lock);
  bool found = *find_path(path) != NULL;
  (void)pthread_mutex_unlock(&lock);
  return found;
}

int eq_read_file(const char *path, double seconds, struct eq_buffer *bytes)
{
  struct stat about;
  /* A named pipe without a writer would block in open. */
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd == -1) {
    return read_kept(path, errno, bytes);
  }
  int rc = fstat(fd, &about) == 0 ? 0 : errno;
  if (rc == 0 && (S_ISREG(about.st_mode) || S_ISDIR(about.st_mode))) {
    rc = read_all(fd, seconds, bytes);
  } else if (rc == 0) {
    rc = read_pipe(fd, &about, seconds, bytes);
  }
  (void)close(fd);
  if (rc != 0) {
    eq_buffer_clear(bytes);
  }
  return rc;
}

int eq_read_file_keep(const char *path, double seconds)
{
  struct kept *kept = calloc(1, sizeof *kept);
  if (kept == NULL) {
    return ENOMEM;
  }
  eq_buffer_init(&kept->bytes, FILE_MAX);
  kept->path = strdup(path);
  int rc =
      kept->path == NULL ? ENOMEM : eq_read_file(path, seconds, &kept->bytes);
  if (rc != 0) {
    free_kept(kept);
    return rc;
  }
  (void)pthread_once(&once, init);
  (void)pthread_mutex_lock(&lock);
  forget(find_path(path)); /* an older version */
  push(kept);
  (void)pthread_mutex_unlock(&lock);
  return 0;
}

bool eq_read_file_is_pipe(const char *path)
{
  struct stat about;
  if (stat(path, &about) == 0 && !S_ISREG(about.st_mode) &&
      !S_ISDIR(about.st_mode)) {
    return true;
  }
  return access(path, R_OK) != 0 && is_kept(path);
}

/* A path for a C function, at 1. */
static const char *check_path(lua_State *L)
{
  size_t n;
  const char *path = luaL_checklstring(L, 1, &n);
  luaL_argcheck(L, n == strlen(path), 1, "has a NUL");
  return path;
}

/* [buffer] -> its bytes. Protected: the memory may end. */
static int push_bytes(lua_State *L)
{
  const struct eq_buffer *bytes = lua_touserdata(L, 1);
  lua_pushlstring(L, eq_buffer_text(bytes), bytes->len);
  return 1;
}

/* -> nil, code */
static int push_code(lua_State *L, int rc)
{
  const char *code = eq_errno_name(rc);
  lua_pushnil(L);
  lua_pushstring(L, code != NULL ? code : "EIO");
  return 2;
}

/*
 * core.read_file(path, max [, seconds]) -> bytes | nil, code
 * The bytes of a file of at most max bytes; those of a pipe are read once and
 * kept for later calls. The code is "ENOENT", "EFBIG" (it is longer),
 * "ETIMEDOUT" (a pipe was silent for so long, by default a minute) or the
 * like. Blocks this OS thread.
 */
static int l_read_file(lua_State *L)
{
  const char *path = check_path(L);
  lua_Integer max = luaL_checkinteger(L, 2);
  double seconds = (double)luaL_optnumber(L, 3, EQ_READ_FILE_SECONDS);
  luaL_argcheck(L, max >= 0 && max <= (lua_Integer)FILE_MAX, 2,
                "0 to 1 MiB expected");
  luaL_argcheck(L, !isnan(seconds), 3, "not a number");
  lua_pushcfunction(L, push_bytes);
  struct eq_buffer *bytes = lua_newuserdata(L, sizeof *bytes);
  eq_buffer_init(bytes, (size_t)max);
  int rc = eq_read_file(path, seconds, bytes);
  int status = rc == 0 ? lua_pcall(L, 1, 1, 0) : 0;
  eq_buffer_free(bytes);
  if (rc != 0) {
    return push_code(L, rc);
  }
  return status == 0 ? 1 : lua_error(L);
}

/*
 * core.keep_file(path) -> true | nil, code
 * Reads a file of up to 1 MiB now, for readers that will not be able to open
 * it: this process is going to change its root or its user. As long as it can
 * be opened it is read anew. The codes are core.read_file's. Blocks this OS
 * thread.
 */
static int l_keep_file(lua_State *L)
{
  int rc = eq_read_file_keep(check_path(L), EQ_READ_FILE_SECONDS);
  if (rc != 0) {
    return push_code(L, rc);
  }
  lua_pushboolean(L, 1);
  return 1;
}

/*
 * core.is_pipe(path) -> boolean
 * Whether there is a pipe of that name, or anything else that can't be read
 * again; a kept file that can no longer be opened counts, too. Opens nothing.
 */
static int l_is_pipe(lua_State *L)
{
  lua_pushboolean(L, eq_read_file_is_pipe(check_path(L)));
  return 1;
}

int eq_open_read_file(lua_State *L)
{
  static const luaL_Reg functions[] = {{"is_pipe", l_is_pipe},
                                       {"keep_file", l_keep_file},
                                       {"read_file", l_read_file},
                                       {NULL, NULL}};
  eq_newlib(L, functions);
  return 1;
}
