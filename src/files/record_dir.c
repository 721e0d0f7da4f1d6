/*
 * record_dir: records kept safely in one private folder, for Lua.
 *
 * Law of this file: a folder object is a path and nothing else. Between two
 * calls no file is open but those of leases, so the folder may be removed and
 * made again, and a fork needs no care. What is in a record, and how long it
 * is valid, is up to the caller.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/errno_name.h"
#include "base/object.h"
#include "core.h"
#include "files/lease_file.h"
#include "files/make_folder.h"
#include "files/private_dir.h"

#define FOLDER "equinix.folder"
#define LEASE "equinix.lease"

/* The longest record that can be read. */
#define READ_MAX 1048576

/* 292 years: more nanoseconds don't fit into an int64_t. */
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
  luaL_argcheck(L, eq_private_dir_is_name(name, len), 2, "not a name");
  return name;
}

static lua_Number check_seconds(lua_State *L, int arg)
{
  lua_Number seconds = luaL_checknumber(L, arg);
  luaL_argcheck(L, !isnan(seconds), arg, "not a number of seconds");
  return seconds;
}

static int64_t nanoseconds(lua_Number seconds)
{
  return seconds >= LAST_SECOND ? INT64_MAX
         : seconds > 0          ? (int64_t)(seconds * (lua_Number)EQ_NS_PER_S)
                                : 0;
}

/* How long the folder's lock is waited for: a second at most, and what the
 * caller has left at `arg`, if that is less. */
static void limit_patience(lua_State *L, int arg, struct eq_private_dir *dir)
{
  int64_t ns =
      lua_isnoneornil(L, arg) ? INT64_MAX : nanoseconds(check_seconds(L, arg));
  dir->patience = ns < 1 ? 1 : ns < EQ_NS_PER_S ? ns : EQ_NS_PER_S;
}

static size_t check_size(lua_State *L, int arg)
{
  lua_Integer size = luaL_checkinteger(L, arg);
  luaL_argcheck(L, size >= 1 && size <= READ_MAX, arg, "not a size");
  return (size_t)size;
}

/* ----------------------------------------------------------------- results */

/* nil, "what happened: where". What happened first: a log may cut the end. */
static int push_failure(lua_State *L, const struct eq_private_dir *dir)
{
  const char *code =
      dir->failure.os != 0 ? eq_errno_name(dir->failure.os) : "";
  lua_pushnil(L);
  lua_pushstring(L, dir->failure.message);
  if (code == NULL) {
    lua_pushfstring(L, " (errno %d)", dir->failure.os);
  } else {
    lua_pushfstring(L, *code != '\0' ? " (%s)" : "%s", code);
  }
  lua_pushfstring(L, *dir->failure.file != '\0' ? ": %s/%s" : ": %s",
                  dir->path, dir->failure.file);
  lua_concat(L, 3);
  return 2;
}

/* What every method but read returns. */
static int push_result(lua_State *L, enum eq_file_result result,
                       const struct eq_private_dir *dir)
{
  switch (result) {
  case EQ_FILE_DONE:
  case EQ_FILE_ABSENT:
    lua_pushboolean(L, 1);
    return 1;
  case EQ_FILE_BUSY:
    lua_pushnil(L);
    lua_pushliteral(L, "busy");
    return 2;
  case EQ_FILE_STALE:
    lua_pushnil(L);
    lua_pushliteral(L, "stale");
    return 2;
  case EQ_FILE_FAILED:
    break;
  }
  return push_failure(L, dir);
}

static void name_record(char *file, const char *name)
{
  (void)snprintf(file, EQ_FILE_SIZE, "%s%s", name, EQ_RECORD);
}

/* ----------------------------------------------------------------- methods */

/*
 * folder:read(name, max) -> bytes | nil | nil, reason
 * The record of that name, its first `max` bytes if it is longer. nil alone:
 * there is none. Creates nothing, takes no lock.
 */
static int l_read(lua_State *L)
{
  struct eq_private_dir dir = {.fd = -1};
  const char *path = check_folder(L);
  const char *name = check_name(L);
  size_t size = check_size(L, 3);
  char file[EQ_FILE_SIZE];
  size_t len = 0;
  char *bytes =
      lua_newuserdata(L, size); /* may raise: before anything is open */
  name_record(file, name);
  enum eq_file_result result = eq_private_dir_open(&dir, path, false);
  if (result == EQ_FILE_DONE) {
    result = eq_private_dir_read_file(&dir, file, bytes, size, &len);
  }
  eq_private_dir_close(&dir);
  if (result == EQ_FILE_FAILED) {
    return push_failure(L, &dir);
  }
  if (result == EQ_FILE_ABSENT) {
    lua_pushnil(L);
  } else {
    lua_pushlstring(L, bytes, len);
  }
  return 1;
}

/*
 * folder:save(name, bytes, end, lease [, seconds])
 *     -> true | nil, "stale" | nil, reason
 * Replaces the record, completely or not at all; needs the lease of that name.
 * end: the wall-clock second (core.time) from which on it is of no use; a day
 * later a cleanup may remove it.
 */
static int l_save(lua_State *L)
{
  struct eq_private_dir dir = {.fd = -1};
  const char *path = check_folder(L);
  const char *name = check_name(L);
  struct eq_record record;
  luaL_checktype(L, 3, LUA_TSTRING);
  record.bytes = lua_tolstring(L, 3, &record.len);
  record.end = (double)check_seconds(L, 4);
  const struct eq_lease_file *lease = luaL_checkudata(L, 5, LEASE);
  limit_patience(L, 6, &dir);
  enum eq_file_result result = eq_private_dir_open(&dir, path, false);
  if (result == EQ_FILE_DONE) {
    result = eq_lease_file_save(&dir, name, &record, lease);
  } else if (result == EQ_FILE_ABSENT) {
    result = EQ_FILE_STALE; /* the lease was removed with its folder */
  }
  eq_private_dir_close(&dir);
  return push_result(L, result, &dir);
}

/*
 * folder:lock(name, ttl [, seconds]) -> lease | nil, "busy" | nil, reason
 * Does not wait for a lease that is taken. Makes the folder if it is missing.
 * The lease ends when it is closed, with this process, or after `ttl` seconds.
 */
static int l_lock(lua_State *L)
{
  struct eq_private_dir dir = {.fd = -1};
  const char *path = check_folder(L);
  const char *name = check_name(L);
  int64_t ns = nanoseconds(check_seconds(L, 3));
  limit_patience(L, 4, &dir);
  struct eq_lease_file *lease = eq_newobject(L, sizeof *lease, LEASE);
  enum eq_file_result result = eq_private_dir_open(&dir, path, true);
  if (result == EQ_FILE_DONE) {
    result = eq_lease_file_take(&dir, name, ns, lease);
  }
  eq_private_dir_close(&dir);
  return result == EQ_FILE_DONE ? 1 : push_result(L, result, &dir);
}

/*
 * folder:extend(lease, ttl [, seconds]) -> true | nil, "stale" | nil, reason
 * Gives a lease `ttl` seconds from now on.
 */
static int l_extend(lua_State *L)
{
  struct eq_private_dir dir = {.fd = -1};
  const char *path = check_folder(L);
  struct eq_lease_file *lease = luaL_checkudata(L, 2, LEASE);
  int64_t ns = nanoseconds(check_seconds(L, 3));
  limit_patience(L, 4, &dir);
  enum eq_file_result result = eq_private_dir_open(&dir, path, false);
  if (result == EQ_FILE_DONE) {
    result = eq_lease_file_extend(&dir, ns, lease);
  } else if (result == EQ_FILE_ABSENT) {
    result = EQ_FILE_STALE; /* the lease was removed with its folder */
  }
  eq_private_dir_close(&dir);
  return push_result(L, result, &dir);
}

/*
 * folder:unlock(lease)
 * Ends a lease and removes its file. Does not wait, and does nothing for one
 * that has ended.
 */
static int l_unlock(lua_State *L)
{
  struct eq_private_dir dir = {.fd = -1};
  const char *path = check_folder(L);
  struct eq_lease_file *lease = luaL_checkudata(L, 2, LEASE);
  if (lease->held && eq_private_dir_open(&dir, path, false) == EQ_FILE_DONE) {
    eq_lease_file_end(&dir, lease);
  }
  eq_private_dir_close(&dir);
  eq_lease_file_drop(lease);
  return 0;
}

/*
 * folder:remove(name [, seconds]) -> true | nil, reason
 * Removes the record, not its lease; true if there is none.
 */
static int l_remove(lua_State *L)
{
  struct eq_private_dir dir = {.fd = -1};
  const char *path = check_folder(L);
  const char *name = check_name(L);
  char file[EQ_FILE_SIZE];
  name_record(file, name);
  limit_patience(L, 3, &dir);
  enum eq_file_result result = eq_private_dir_open(&dir, path, false);
  if (result == EQ_FILE_DONE) {
    result = eq_private_dir_lock(&dir);
  }
  if (result == EQ_FILE_DONE) {
    result = eq_private_dir_remove_file(&dir, file);
  }
  if (result == EQ_FILE_DONE) {
    result = eq_private_dir_sync(&dir);
  }
  eq_private_dir_close(&dir);
  return push_result(L, result, &dir);
}

/* Renames the record if these are its bytes. Under the folder's lock. */
static enum eq_file_result put_aside(struct eq_private_dir *dir,
                                     const char *file, const char *bytes,
                                     size_t len, char *found, size_t size)
{
  size_t n = 0;
  enum eq_file_result result =
      eq_private_dir_read_file(dir, file, found, size, &n);
  if (result != EQ_FILE_DONE || n != len || memcmp(bytes, found, n) != 0) {
    return result;
  }
  if (renameat(dir->fd, file, dir->fd, EQ_CORRUPT) != 0) {
    return eq_private_dir_fail(dir, file, "it can't be put aside", errno);
  }
  return EQ_FILE_DONE;
}

/*
 * folder:aside(name, bytes, max [, seconds]) -> true | nil, reason
 * Puts aside a record that read(name, max) returned and that can't be used, so
 * that a person can inspect it. Only the last one is kept. If the record was
 * replaced meanwhile, the new one stays.
 */
static int l_aside(lua_State *L)
{
  struct eq_private_dir dir = {.fd = -1};
  const char *path = check_folder(L);
  const char *name = check_name(L);
  size_t len;
  const char *bytes = luaL_checklstring(L, 3, &len);
  size_t size = check_size(L, 4);
  limit_patience(L, 5, &dir);
  char file[EQ_FILE_SIZE];
  char *found = lua_newuserdata(L, size);
  name_record(file, name);
  enum eq_file_result result = eq_private_dir_open(&dir, path, false);
  if (result == EQ_FILE_DONE) {
    result = eq_private_dir_lock(&dir);
  }
  if (result == EQ_FILE_DONE) {
    result = put_aside(&dir, file, bytes, len, found, size);
  }
  eq_private_dir_close(&dir);
  return push_result(L, result, &dir);
}

/* lease:close(): ends the lease. Idempotent; does nothing in a child. */
static int l_close(lua_State *L)
{
  eq_lease_file_drop(luaL_checkudata(L, 1, LEASE));
  return 0;
}

static int l_tostring(lua_State *L)
{
  const struct eq_lease_file *lease = luaL_checkudata(L, 1, LEASE);
  lua_pushstring(L, lease->held ? LEASE : LEASE " (closed)");
  return 1;
}

/*
 * core.folder(path) -> folder
 * Creates and opens nothing. path: absolute.
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

/*
 * core.may_make_folder(path) -> true | nil, reason
 * Is every folder above that path this user's or the system's? reason:
 * "foreign", or the name of a system error. path: absolute.
 */
static int l_may_make_folder(lua_State *L)
{
  int reason = eq_may_make_folder(luaL_checkstring(L, 1));
  if (reason == 0) {
    lua_pushboolean(L, 1);
    return 1;
  }
  lua_pushnil(L);
  if (reason == EQ_FOREIGN_FOLDER) {
    lua_pushliteral(L, "foreign");
  } else {
    const char *name = eq_errno_name(reason);
    lua_pushstring(L, name != NULL ? name : "unknown");
  }
  return 2;
}

int eq_open_record_dir(lua_State *L)
{
  static const luaL_Reg functions[] = {
      {"folder", l_folder},
      {"may_make_folder", l_may_make_folder},
      {NULL, NULL},
  };
  static const luaL_Reg folder[] = {
      {"aside", l_aside},   {"extend", l_extend}, {"lock", l_lock},
      {"read", l_read},     {"remove", l_remove}, {"save", l_save},
      {"unlock", l_unlock}, {NULL, NULL},
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
