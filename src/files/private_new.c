/*
 * private_new: a folder, files and pipes that no other user may read, for
 * programs that this one starts.
 *
 * Law of this file: only what must be done in C. Lua can't say whose rights a
 * file has; whatever the umask is, what is made here is for its owner alone,
 * and its owner can read it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/errno_name.h"
#include "core.h"

static int push_result(lua_State *L, int os)
{
  if (os == 0) {
    lua_pushboolean(L, 1);
    return 1;
  }
  const char *name = eq_errno_name(os);
  lua_pushnil(L);
  lua_pushstring(L, name != NULL ? name : "unknown");
  return 2;
}

/* core.make_private_folder(path) -> true | nil, name of the error
 * EEXIST: there is something of that name, which is left as it is. */
static int l_make_private_folder(lua_State *L)
{
  const char *path = luaL_checkstring(L, 1);
  bool made = mkdir(path, S_IRWXU) == 0 && chmod(path, S_IRWXU) == 0;
  return push_result(L, made ? 0 : errno);
}

/* core.make_private_pipe(path) -> true | nil, name of the error
 * One with a name (mkfifo). EEXIST: there is something of that name. */
static int l_make_private_pipe(lua_State *L)
{
  const char *path = luaL_checkstring(L, 1);
  bool made = mkfifo(path, S_IRUSR | S_IWUSR) == 0 &&
              chmod(path, S_IRUSR | S_IWUSR) == 0;
  return push_result(L, made ? 0 : errno);
}

/* 0 or an errno value. */
static int write_all(int fd, const char *bytes, size_t len)
{
  while (len > 0) {
    ssize_t written = write(fd, bytes, len);
    if (written < 0 && errno != EINTR) {
      return errno;
    } else if (written > 0) {
      bytes += written;
      len -= (size_t)written;
    }
  }
  return 0;
}

/* core.write_private_file(path, bytes) -> true | nil, name of the error
 * Over what was in it; not through a link. */
static int l_write_private_file(lua_State *L)
{
  const char *path = luaL_checkstring(L, 1);
  size_t len;
  const char *bytes = luaL_checklstring(L, 2, &len);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                S_IRUSR | S_IWUSR);
  if (fd < 0) {
    return push_result(L, errno);
  }
  int os =
      fchmod(fd, S_IRUSR | S_IWUSR) == 0 ? write_all(fd, bytes, len) : errno;
  if (close(fd) != 0 && os == 0) {
    os = errno;
  }
  return push_result(L, os);
}

int eq_open_private_new(lua_State *L)
{
  static const luaL_Reg functions[] = {
      {"make_private_folder", l_make_private_folder},
      {"make_private_pipe", l_make_private_pipe},
      {"write_private_file", l_write_private_file},
      {NULL, NULL},
  };
  eq_newlib(L, functions);
  return 1;
}
