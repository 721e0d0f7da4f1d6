/*
 * torture_memory: the laws are in torture_memory.h.
 */
#include "torture_memory.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ------------------------------------------------------- what is to fail */

static bool armed;
static struct torture_faults how;
static long left; /* allocations that succeed, if armed */
static bool has_failed;
static bool retried; /* Lua asks again after a collection */

static lua_State *traced;

/* Where the first that failed were asked for. Two, since the C library itself
 * goes on where there is no memory for a file's buffer. */
enum { LOOKED_AT = 2, MOST_FRAMES = 40 };
static struct {
  void *frames[MOST_FRAMES];
  int depth;
} asked[LOOKED_AT];
static int failures; /* that were looked at */

/* Where Lua is, which takes no memory. */
static void show_lua(void)
{
  lua_Debug at;
  for (int i = 0; i < 30 && lua_getstack(traced, i, &at) == 1; i++) {
    if (lua_getinfo(traced, "Sl", &at) != 0) {
      fprintf(stderr, "    %s:%d\n", at.short_src, at.currentline);
    }
  }
}

/* Whether this allocation fails. */
static void look_at_stack(void)
{
  void **frames = asked[failures].frames;
  int depth = how.hosted ? 0 : backtrace(frames, MOST_FRAMES);
  asked[failures++].depth = depth;
  if (how.trace) {
    backtrace_symbols_fd(frames, depth, STDERR_FILENO);
    show_lua();
  }
}

static bool fails(void)
{
  if (!armed) {
    return false;
  }
  if (left > 0) {
    left--;
    return false;
  }
  if (has_failed && how.once) {
    return false;
  }
  if (failures < LOOKED_AT && (how.trace || !how.lua)) {
    armed = false;
    look_at_stack();
    armed = true;
  }
  has_failed = true;
  return true;
}

#if LUA_VERSION_NUM > 501
enum { LUA_RETRIES = 1 };
#else
enum { LUA_RETRIES = 0 };
#endif

static lua_Alloc plenty;
static uintptr_t interpreter; /* of LuaJIT, hosted */

/* Where ngx_lua had called LuaJIT; 0: not in what is on the stack. */
static uintptr_t entry_of_host(void)
{
  void *places[MOST_FRAMES];
  Dl_info at;
  int n = backtrace(places, MOST_FRAMES);
  for (int i = 1; i < n; i++) {
    if (dladdr(places[i], &at) != 0 &&
        strstr(at.dli_fname, "/ngx_http_lua") != NULL) {
      return (uintptr_t)places[i - 1];
    }
  }
  return 0;
}

/* Whether Lua is asked by ngx_lua itself, which may end the worker where that
 * fails, and not by Lua code that it runs. That code runs in one small part of
 * LuaJIT, in which the call that armed this was, too. */
static bool is_asked_by_host(void)
{
  enum { INTERPRETER = 0x8000 };
  armed = false;
  uintptr_t entry = entry_of_host();
  armed = true;
  return entry != 0 && interpreter != 0 &&
         (entry > interpreter + INTERPRETER ||
          entry + INTERPRETER < interpreter);
}

static void *allocate_for_lua(void *ud, void *block, size_t from, size_t to)
{
  static size_t last_size;
  bool more = to > 0 && (block == NULL || to > from);
  if (more && how.lua && !(armed && how.hosted && is_asked_by_host())) {
    if (armed && retried && to == last_size) {
      retried = false;
      return NULL;
    }
    if (fails()) {
      retried = LUA_RETRIES && how.once;
      last_size = to;
      return NULL;
    }
  }
  bool was = armed;
  armed = false; /* the C library is another case */
  void *result = plenty(ud, block, from, to);
  armed = was;
  return result;
}

void torture_take_over(lua_State *L)
{
  void *ud = NULL;
  plenty = lua_getallocf(L, &ud);
  lua_setallocf(L, allocate_for_lua, ud);
}

void torture_arm(lua_State *L, const struct torture_faults *faults, long n)
{
  how = *faults;
  traced = L;
  interpreter = how.hosted ? entry_of_host() : 0;
  has_failed = retried = false;
  failures = 0;
  left = n - 1;
  armed = n > 0;
}

bool torture_disarm(void)
{
  armed = false;
  return has_failed;
}

/* ------------------------------------------------------ the C library's */

struct range {
  uintptr_t from, to;
};

static bool is_in(struct range range, uintptr_t address)
{
  return address >= range.from && address < range.to;
}

/* The code of a library that is loaded. */
struct wanted {
  const char *name;
  struct range range;
};

static int find_range(struct dl_phdr_info *info, size_t size, void *data)
{
  struct wanted *wanted = data;
  (void)size;
  if (strstr(info->dlpi_name, wanted->name) == NULL) {
    return 0;
  }
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &info->dlpi_phdr[i];
    if (part->p_type == PT_LOAD && (part->p_flags & PF_X) != 0) {
      wanted->range.from = info->dlpi_addr + part->p_vaddr;
      wanted->range.to = wanted->range.from + part->p_memsz;
    }
  }
  return 1;
}

static struct range range_of(const char *name)
{
  struct wanted wanted = {name, {0, 0}};
  (void)dl_iterate_phdr(find_range, &wanted);
  return wanted.range;
}

#if defined(__SANITIZE_ADDRESS__) /* which has them under these names */
#define __libc_malloc __interceptor_malloc
#define __libc_calloc __interceptor_calloc
#define __libc_realloc __interceptor_realloc
#define __libc_free __interceptor_free
void __lsan_ignore_object(const void *block);
#else
#define __lsan_ignore_object(block) ((void)(block))
#endif
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t count, size_t n);
void *__libc_realloc(void *block, size_t n);
void __libc_free(void *block);

static struct range spared; /* lua-cjson */
static struct range loader;
static struct range owned; /* the module; libcurl allocates by it */
static struct range only;  /* the one whose allocations fail, if not all */

/* The blocks of the module, by address. */
enum { BLOCKS = 1 << 16 };
static void *blocks[BLOCKS];
static long count;

long torture_blocks(void)
{
  return count;
}

static size_t place_of(void *block)
{
  return ((uintptr_t)block >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 48;
}

static void note(void *block, void *caller)
{
  if (is_in(loader, (uintptr_t)caller)) {
    __lsan_ignore_object(block);
  }
  if (block == NULL || !is_in(owned, (uintptr_t)caller)) {
    return;
  }
  for (size_t i = place_of(block), n = 0; n < 64; i++, n++) {
    if (blocks[i % BLOCKS] == NULL) {
      blocks[i % BLOCKS] = block;
      count++;
      return;
    }
  }
}

static bool forget(void *block)
{
  for (size_t i = place_of(block), n = 0; block != NULL && n < 64; i++, n++) {
    if (blocks[i % BLOCKS] == block) {
      blocks[i % BLOCKS] = NULL;
      count--;
      return true;
    }
  }
  return false;
}

/* The program itself, and what nginx has loaded for Lua. */
static const char *const host_names[] = {"", "/ngx_", "/ndk_", "/libluajit"};
static struct range hosts[sizeof host_names / sizeof *host_names];

static bool is_host(void *caller)
{
  for (size_t i = 0; how.hosted && i < sizeof hosts / sizeof *hosts; i++) {
    if (is_in(hosts[i], (uintptr_t)caller)) {
      return true;
    }
  }
  return false;
}

static bool c_fails(void *caller)
{
  if (how.lua || !armed || is_in(spared, (uintptr_t)caller) ||
      is_in(loader, (uintptr_t)caller) || is_host(caller)) {
    return false;
  }
  return (how.library == NULL || is_in(only, (uintptr_t)caller)) && fails();
}

void *malloc(size_t n)
{
  void *caller = __builtin_return_address(0);
  if (c_fails(caller)) {
    errno = ENOMEM;
    return NULL;
  }
  void *block = __libc_malloc(n);
  note(block, caller);
  return block;
}

void *calloc(size_t times, size_t n)
{
  void *caller = __builtin_return_address(0);
  if (c_fails(caller)) {
    errno = ENOMEM;
    return NULL;
  }
  void *block = __libc_calloc(times, n);
  note(block, caller);
  return block;
}

void *realloc(void *block, size_t n)
{
  void *caller = __builtin_return_address(0);
  if (n > 0 && c_fails(caller)) {
    errno = ENOMEM;
    return NULL;
  }
  (void)forget(block);
  void *next = __libc_realloc(block, n);
  note(next, caller);
  return next;
}

void free(void *block)
{
  (void)forget(block);
  __libc_free(block);
}

void torture_find_libraries(const char *library)
{
  only = range_of(library != NULL ? library : "");
  spared = range_of("/cjson.so");
  loader = range_of("/ld-linux");
  owned = range_of("equinix/core.so");
  for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
    hosts[i] = range_of(host_names[i]);
  }
}

bool torture_was_in(const char *library)
{
  struct range range = range_of(library);
  for (int f = 0; f < failures; f++) {
    for (int i = 0; i < asked[f].depth; i++) {
      if (is_in(range, (uintptr_t)asked[f].frames[i])) {
        return true;
      }
    }
  }
  return false;
}

bool torture_is_outside(void *const *places, int n)
{
  static const char *const names[] = {"/libcurl",   "/libcrypto",
                                      "/libssl",    "/libnghttp2",
                                      "/libgnutls", "/libluajit"};
  for (int f = 0; f < n; f++) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
      if (is_in(range_of(names[i]), (uintptr_t)places[f])) {
        return true;
      }
    }
  }
  return false;
}
