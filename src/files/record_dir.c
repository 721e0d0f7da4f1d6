/*
 * record_dir: records kept safely in one private folder, for Lua.
 *
 * Law of this file: a folder object is a path and nothing else. No file is
 * open between two calls but those of leases, so that a folder may go and
 * come back, and a fork has nothing to mind. What is in a record, and how
 * long it is good, is the caller's business.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/compat.h"
#include "files/lease_file.h"
#include "files/private_dir.h"
#include "http/error.h"

#define FOLDER "equinix.folder"
#define LEASE "equinix.lease"

/* No record is longer, whatever the caller asks for. */
#define READ_MAX 1048576

/* Seconds from which on nanoseconds leave an int64_t. */
#define LAST_SECOND 9.2e9

/* --------------------------------------------------------------- arguments */

static const char *check_folder(lua_State *L)
{
  return luaL_checkudata(L, 1, FOLDER);
}

static const char *check_name(lua_State *L)
{
  size_t len;
  luaL_checktype(L, 2, LUA_TSTRING);
  const char *name = lua_tolstring(L, 2, &len);
  luaL_argcheck(L, eq_private_is_name(name, len), 2, "not a name");
  return name;
}

static lua_Number check_seconds(lua_State *L, int arg)
{
  lua_Number seconds = luaL_checknumber(L, arg);
  luaL_argcheck(L, !isnan(seconds), arg, "not a number of seconds");
  return seconds;
}

static size_t check_size(lua_State *L, int arg)
{
  lua_Integer size = luaL_checkinteger(L, arg);
  luaL_argcheck(L, size >= 1 && size <= READ_MAX, arg, "not a size");
  return (size_t)size;
}

/* ----------------------------------------------------------------- answers */

/* nil, "what happened: where". The words come first: they may be cut. */
static int push_why(lua_State *L, const struct eq_private *dir)
{
  const char *code = dir->why.os != 0 ? eq_fault_errno(dir->why.os) : "";
  lua_pushnil(L);
  lua_pushstring(L, dir->why.words);
  if (code == NULL) {
    lua_pushfstring(L, " (errno %d)", dir->why.os);
  } else {
    lua_pushfstring(L, *code != '\0' ? " (%s)" : "%s", code);
  }
  lua_pushfstring(L, *dir->why.file != '\0' ? ": %s/%s" : ": %s", dir->path,
                  dir->why.file);
  lua_concat(L, 3);
  return 2;
}

/* What every method but read brings back. */
static int push_deed(lua_State *L, enum eq_deed deed,
                     const struct eq_private *dir)
{
  switch (deed) {
  case EQ_DONE:
  case EQ_ABSENT:
    lua_pushboolean(L, 1);
    return 1;
  case EQ_BUSY:
    lua_pushnil(L);
    lua_pushliteral(L, "busy");
    return 2;
  case EQ_STALE:
    lua_pushnil(L);
    lua_pushliteral(L, "stale");
    return 2;
  case EQ_FAILED:
    break;
  }
  return push_why(L, dir);
}

static void name_record(char *file, const char *name)
{
  (void)snprintf(file, EQ_FILE_SIZE, "%s%s", name, EQ_RECORD);
}

/* ----------------------------------------------------------------- methods */

/*
 * folder:read(name, max) -> bytes | nil | nil, reason
 * The record of that name, its first `max` bytes if it is longer. nil alone:
 * there is none. Makes nothing, takes no lock.
 */
static int l_read(lua_State *L)
{
  struct eq_private dir = {.fd = -1};
  const char *path = check_folder(L);
  const char *name = check_name(L);
  size_t size = check_size(L, 3);
  char file[EQ_FILE_SIZE];
  size_t len = 0;
  char *bytes = lua_newuserdata(L, size); /* before anything is open */
  name_record(file, name);
  enum eq_deed deed = eq_private_open(&dir, path, false);
  if (deed == EQ_DONE) {
    deed = eq_private_read(&dir, file, bytes, size, &len);
  }
  eq_private_close(&dir);
  if (deed == EQ_FAILED) {
    return push_why(L, &dir);
  }
  if (deed == EQ_ABSENT) {
    lua_pushnil(L);
  } else {
    lua_pushlstring(L, bytes, len);
  }
  return 1;
}

/*
 * folder:save(name, bytes, end, lease) -> true | nil, "stale" | nil, reason
 * Replaces the record, as a whole or not at all; needs the lease of that
 * name. end: the wall-clock second (core.time) from which on nobody wants it;
 * a day later it may be swept away.
 */
static int l_save(lua_State *L)
{
  struct eq_private dir = {.fd = -1};
  const char *path = check_folder(L);
  const char *name = check_name(L);
  struct eq_bytes record;
  luaL_checktype(L, 3, LUA_TSTRING);
  record.bytes = lua_tolstring(L, 3, &record.len);
  record.end = (double)check_seconds(L, 4);
  const struct eq_claim *claim = luaL_checkudata(L, 5, LEASE);
  enum eq_deed deed = eq_private_open(&dir, path, false);
  if (deed == EQ_DONE) {
    deed = eq_claim_save(&dir, name, &record, claim);
  } else if (deed == EQ_ABSENT) {
    deed = EQ_STALE; /* the file of the lease went with its folder */
  }
  eq_private_close(&dir);
  return push_deed(L, deed, &dir);
}

/*
 * folder:lock(name, seconds) -> lease | nil, "busy" | nil, reason
 * Does not wait for another's lease. Makes the folder where there is none.
 * The lease ends by its close, with this process, or after `seconds`.
 */
static int l_lock(lua_State *L)
{
  struct eq_private dir = {.fd = -1};
  const char *path = check_folder(L);
  const char *name = check_name(L);
  lua_Number seconds = check_seconds(L, 3);
  int64_t ns = seconds >= LAST_SECOND ? INT64_MAX
               : seconds > 0 ? (int64_t)(seconds * (lua_Number)EQ_NS_PER_S)
                             : 0;
  struct eq_claim *claim = eq_newobject(L, sizeof *claim, LEASE);
  enum eq_deed deed = eq_private_open(&dir, path, true);
  if (deed == EQ_DONE) {
    deed = eq_claim_take(&dir, name, ns, claim);
  }
  eq_private_close(&dir);
  return deed == EQ_DONE ? 1 : push_deed(L, deed, &dir);
}

/*
 * folder:remove(name) -> true | nil, reason
 * Removes the record, not its lease; true where there is none.
 */
static int l_remove(lua_State *L)
{
  struct eq_private dir = {.fd = -1};
  const char *path = check_folder(L);
  const char *name = check_name(L);
  char file[EQ_FILE_SIZE];
  name_record(file, name);
  enum eq_deed deed = eq_private_open(&dir, path, false);
  if (deed == EQ_DONE) {
    deed = eq_private_lock(&dir);
  }
  if (deed == EQ_DONE) {
    deed = eq_private_remove(&dir, file);
  }
  if (deed == EQ_DONE) {
    deed = eq_private_sync(&dir);
  }
  eq_private_close(&dir);
  return push_deed(L, deed, &dir);
}

/* Renames the record if these are its bytes. Under the folder's lock. */
static enum eq_deed put_aside(struct eq_private *dir, const char *file,
                              const char *bytes, size_t len, char *found,
                              size_t size)
{
  size_t n = 0;
  enum eq_deed deed = eq_private_read(dir, file, found, size, &n);
  if (deed != EQ_DONE || n != len || memcmp(bytes, found, n) != 0) {
    return deed;
  }
  if (renameat(dir->fd, file, dir->fd, EQ_CORRUPT) != 0) {
    return eq_private_fail(dir, file, "it can't be put aside", errno);
  }
  return EQ_DONE;
}

/*
 * folder:aside(name, bytes, max) -> true | nil, reason
 * Puts a record aside that read(name, max) brought and nobody can use, for
 * somebody to look at. Only the last one is kept. Another record that is
 * there by now stays.
 */
static int l_aside(lua_State *L)
{
  struct eq_private dir = {.fd = -1};
  const char *path = check_folder(L);
  const char *name = check_name(L);
  size_t len;
  const char *bytes = luaL_checklstring(L, 3, &len);
  size_t size = check_size(L, 4);
  char file[EQ_FILE_SIZE];
  char *found = lua_newuserdata(L, size);
  name_record(file, name);
  enum eq_deed deed = eq_private_open(&dir, path, false);
  if (deed == EQ_DONE) {
    deed = eq_private_lock(&dir);
  }
  if (deed == EQ_DONE) {
    deed = put_aside(&dir, file, bytes, len, found, size);
  }
  eq_private_close(&dir);
  return push_deed(L, deed, &dir);
}

/* lease:close(): ends the lease; again, or in a forked child: nothing. */
static int l_close(lua_State *L)
{
  eq_claim_drop(luaL_checkudata(L, 1, LEASE));
  return 0;
}

static int l_tostring(lua_State *L)
{
  const struct eq_claim *claim = luaL_checkudata(L, 1, LEASE);
  lua_pushstring(L, claim->held ? LEASE : LEASE " (closed)");
  return 1;
}

/*
 * core.folder(path) -> folder
 * Touches nothing. path: absolute.
 */
static int l_folder(lua_State *L)
{
  size_t len;
  const char *path = luaL_checklstring(L, 1, &len);
  luaL_argcheck(L, path[0] == '/' && strlen(path) == len, 1,
                "not an absolute path");
  /* The object is the path. */
  char *copy = eq_newobject(L, len + 1, FOLDER);
  memcpy(copy, path, len + 1);
  return 1;
}

int eq_open_folder(lua_State *L)
{
  static const luaL_Reg functions[] = {{"folder", l_folder}, {NULL, NULL}};
  static const luaL_Reg folder[] = {
      {"aside", l_aside},   {"lock", l_lock}, {"read", l_read},
      {"remove", l_remove}, {"save", l_save}, {NULL, NULL},
  };
  static const luaL_Reg lease[] = {{"close", l_close}, {NULL, NULL}};
  static const luaL_Reg of_lease[] = {
      {"__close", l_close},
      {"__gc", l_close},
      {"__tostring", l_tostring},
      {NULL, NULL},
  };
  eq_newclass(L, FOLDER, folder, NULL);
  eq_newclass(L, LEASE, lease, of_lease);
  eq_newlib(L, functions);
  return 1;
}
