/*
 * file_mode: whose a file is, and who may read and change it.
 *
 * Law of this file: only what must be done in C. Lua can't ask for the rights
 * of a file, and a secret in one that others can read is none.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/errno_name.h"
#include "core.h"

/* Whose a file is, as far as it matters here. */
static const char *owner(uid_t uid)
{
  return uid == geteuid() ? "self" : uid == 0 ? "root" : "other";
}

/* core.file_mode(path) -> the rights of the file that the path leads to, as a
 * number (0600 is 384), and its owner: "self", "root", "other" | nil, name of
 * the error */
static int l_file_mode(lua_State *L)
{
  const char *path = luaL_checkstring(L, 1);
  struct stat st;
  if (stat(path, &st) == 0) {
    lua_pushinteger(L, (lua_Integer)(st.st_mode & 07777));
    lua_pushstring(L, owner(st.st_uid));
    return 2;
  }
  int os = errno;
  const char *name = eq_errno_name(os);
  lua_pushnil(L);
  if (name != NULL) {
    lua_pushstring(L, name);
  } else {
    lua_pushfstring(L, "errno %d", os);
  }
  return 2;
}

int eq_open_file_mode(lua_State *L)
{
  static const luaL_Reg functions[] = {{"file_mode", l_file_mode},
                                       {NULL, NULL}};
  eq_newlib(L, functions);
  return 1;
}
