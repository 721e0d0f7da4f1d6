/*
 * record_dir: the file store's folder, with files in it that others left.
 *
 * Input: steps of one byte: a file of any kind and content is put there, or a
 * method is called; from 200 on one of the next system calls fails, too. The
 * folder is empty at first.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

static char base[64];   /* a folder of this process */
static char canary[96]; /* a file beside the store's folder */
static char store[96];

static const char secret[] = "not to be touched";

static void clear_folder(void)
{
  DIR *dir = opendir(store);
  if (dir == NULL) {
    return;
  }
  struct dirent *entry;
  while ((entry = readdir(dir)) != NULL) {
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
      bool gone = unlinkat(dirfd(dir), entry->d_name, 0) == 0 ||
                  unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR) == 0;
      expect(gone, "a folder of a run can be emptied");
    }
  }
  (void)closedir(dir);
}

static void remove_all(void)
{
  clear_folder();
  (void)rmdir(store);
  (void)unlink(canary);
  (void)rmdir(base);
}

static void write_file(const char *path, struct piece piece, mode_t mode)
{
  (void)unlink(path); /* it may be a link to the canary */
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (fd >= 0) {
    expect(write(fd, piece.bytes, piece.len) == (ssize_t)piece.len,
           "a file of a run can be written");
    (void)fchmod(fd, mode);
    (void)close(fd);
  }
}

void prepare(lua_State *L)
{
  (void)L;
  const char *shm = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  (void)snprintf(base, sizeof base, "%s/equinix-fuzz-XXXXXX", shm);
  expect(mkdtemp(base) != NULL, "a folder can be made");
  (void)snprintf(canary, sizeof canary, "%s/canary", base);
  (void)snprintf(store, sizeof store, "%s/store", base);
  write_file(canary, (struct piece){secret, sizeof secret}, 0600);
  expect(mkdir(store, 0700) == 0, "a folder can be made");
  expect(atexit(remove_all) == 0, "it is removed at the end");
}

static void check_canary(void)
{
  char found[sizeof secret] = "";
  int fd = open(canary, O_RDONLY);
  expect(fd >= 0 && read(fd, found, sizeof found) == sizeof found,
         "files beside the folder stay");
  (void)close(fd);
  expect(memcmp(found, secret, sizeof secret) == 0,
         "files beside the folder stay as they are");
}

static const char *const names[] = {"a", "b", "token-1", "..", "a/b", ""};
static const char *const endings[] = {
    ".eq-record", ".eq-lock", ".eq-corrupt", ".eq-temp-0123456789abcdef",
    ".eq-temp-",  ""};

static const char *take_name(struct input *in)
{
  return names[take_byte(in) % (sizeof names / sizeof *names)];
}

/* A file, a link, a folder or a pipe at a name that the store may use. */
static void put_file(struct input *in)
{
  char path[256];
  const char *ending =
      endings[take_byte(in) % (sizeof endings / sizeof *endings)];
  (void)snprintf(path, sizeof path, "%s/%s%s", store, names[take_byte(in) % 3],
                 ending);
  switch (take_byte(in) % 8) {
  case 0:
    (void)symlink(canary, path);
    break;
  case 1:
    (void)link(canary, path);
    break;
  case 2:
    (void)mkdir(path, 0700);
    break;
  case 3:
    (void)mkfifo(path, 0600);
    break;
  case 4:
    write_file(path, take_piece(in), 0644);
    break;
  default:
    write_file(path, take_piece(in), 0600);
    break;
  }
}

/* [folder, lease] -> [folder, lease, results..] */
static bool method(lua_State *L, const char *name, int nargs)
{
  lua_getfield(L, 1, name); /* [folder, lease, args.., f] */
  lua_insert(L, 3);
  lua_pushvalue(L, 1);
  lua_insert(L, 4);
  return call(L, nargs + 1);
}

static void push_piece(lua_State *L, struct input *in)
{
  struct piece piece = take_piece(in);
  lua_pushlstring(L, piece.bytes, piece.len);
}

static void check_result(lua_State *L)
{
  expect(lua_toboolean(L, 3) || lua_isnil(L, 3), "a result is true or nil");
  expect(!lua_isnil(L, 3) || lua_gettop(L) == 3 ||
             lua_type(L, 4) == LUA_TSTRING,
         "a failure has a reason");
}

static void lock(lua_State *L, struct input *in)
{
  lua_pushstring(L, take_name(in));
  lua_pushnumber(L, (lua_Number)take_byte(in) - 8);
  if (method(L, "lock", 2)) {
    check_result(L);
    if (!lua_isnil(L, 3)) {
      lua_pushvalue(L, 3);
      lua_replace(L, 2);
    }
  }
}

static void save(lua_State *L, struct input *in)
{
  const char *name = take_name(in);
  lua_pushstring(L, name);
  push_piece(L, in);
  lua_pushnumber(L, (lua_Number)take_byte(in) * 1e8);
  lua_pushvalue(L, 2);
  lua_pushvalue(L, 4); /* below the arguments: what is saved */
  lua_insert(L, 3);    /* [folder, lease, text, name, text, end, lease] */
  lua_getfield(L, 1, "save");
  lua_insert(L, 4);
  lua_pushvalue(L, 1);
  lua_insert(L, 5);
  if (!call(L, 5) || !lua_toboolean(L, 4)) {
    return;
  }
  fail_call(0);
  lua_settop(L, 3);
  lua_getfield(L, 1, "read");
  lua_pushvalue(L, 1);
  lua_pushstring(L, name);
  lua_pushinteger(L, 4096);
  expect(call(L, 3) && lua_rawequal(L, 3, 4),
         "what was saved is what is read");
}

static void step(lua_State *L, struct input *in)
{
  lua_settop(L, 2);
  unsigned what = take_byte(in);
  if (what >= 200) {
    fail_call(what - 199); /* of this step or of one that follows */
  }
  switch (what % 10) {
  case 0:
    lock(L, in);
    break;
  case 1:
    save(L, in);
    break;
  case 2:
    lua_pushstring(L, take_name(in));
    lua_pushinteger(L, (lua_Integer)take_byte(in) + 1);
    (void)method(L, "read", 2);
    break;
  case 3:
    lua_pushvalue(L, 2);
    lua_pushnumber(L, (lua_Number)take_byte(in) - 8);
    (void)method(L, "extend", 2);
    break;
  case 4:
    lua_pushvalue(L, 2);
    (void)method(L, "unlock", 1);
    break;
  case 5:
    lua_pushstring(L, take_name(in));
    (void)method(L, "remove", 1);
    break;
  case 6:
    lua_pushstring(L, take_name(in));
    push_piece(L, in);
    lua_pushinteger(L, 4096);
    (void)method(L, "aside", 3);
    break;
  default:
    fail_call(0);
    put_file(in);
    break;
  }
}

void run(lua_State *L, struct input in)
{
  push_core(L, "folder");
  lua_pushstring(L, store);
  expect(call(L, 1), "a folder object is a path");
  lua_pushnil(L); /* [folder, lease] */
  for (int steps = 0; steps < 16 && in.at < in.end; steps++) {
    step(L, &in);
  }
  fail_call(0);
  lua_settop(L, 2);
  if (!lua_isnil(L, 2)) {
    (void)method(L, "unlock", (lua_pushvalue(L, 2), 1));
  }
  check_canary();
  clear_folder();
}
