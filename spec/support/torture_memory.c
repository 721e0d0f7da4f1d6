/*
 * torture_memory: the laws are in torture_memory.h.
 */
#include "torture_memory.h"

#include <errno.h>
#include <execinfo.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* ------------------------------------------------------- what is to fail */

static bool armed;
static struct torture_faults how;
static long left; /* allocations that succeed, if armed */
static bool has_failed;
static bool retried; /* Lua asks again after a collection */

/* Whether this allocation fails. */
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
  if (!has_failed && how.trace) {
    void *frames[40];
    armed = false;
    backtrace_symbols_fd(frames, backtrace(frames, 40), STDERR_FILENO);
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

static void *allocate_for_lua(void *ud, void *block, size_t from, size_t to)
{
  static size_t last_size;
  bool more = to > 0 && (block == NULL || to > from);
  if (more && how.lua) {
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

void torture_arm(const struct torture_faults *faults, long n)
{
  how = *faults;
  has_failed = retried = false;
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

#if !defined(__SANITIZE_ADDRESS__)

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t count, size_t n);
void *__libc_realloc(void *block, size_t n);
void __libc_free(void *block);

static struct range spared; /* lua-cjson */
static struct range loader;
static struct range owned; /* the module; libcurl allocates by it */

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

static bool c_fails(void *caller)
{
  return !how.lua && armed && !is_in(spared, (uintptr_t)caller) &&
         !is_in(loader, (uintptr_t)caller) && fails();
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

void torture_find_libraries(void)
{
  spared = range_of("/cjson.so");
  loader = range_of("/ld-linux");
  owned = range_of("equinix/core.so");
}

#else /* the sanitizer has the allocator, and finds the leaks */

static long count;
void torture_find_libraries(void)
{
}

#endif

bool torture_is_outside(void *const *frames, int n)
{
  static const char *const names[] = {"/libcurl",   "/libcrypto",
                                      "/libssl",    "/libnghttp2",
                                      "/libgnutls", "/libluajit"};
  for (int f = 0; f < n; f++) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
      if (is_in(range_of(names[i]), (uintptr_t)frames[f])) {
        return true;
      }
    }
  }
  return false;
}
