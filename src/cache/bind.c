/*
 * bind: the laws are in bind.h.
 */
#include "cache/bind.h"

#include "cache/lua_values.h"

int eq_push_header(lua_State *L, struct eq_slot *slot, int box)
{
  if (!eq_slot_hits(slot)) {
    enum eq_state state = eq_slot_refresh(L, slot, box);
    if (state != EQ_FRESH) {
      lua_pushnil(L);
      eq_push_state(L, state);
      return 2;
    }
  }
  lua_rawgeti(L, box, 1);
  return 1;
}

/* slot:peek() as a function: [slot, box] are its upvalues, not checked. */
static int bound(lua_State *L)
{
  struct eq_slot *slot = lua_touserdata(L, lua_upvalueindex(1));
  return eq_push_header(L, slot, lua_upvalueindex(2));
}

#if EQ_HAS_CALLK
static int all_results(lua_State *L, int status, lua_KContext context)
{
  (void)status;
  (void)context;
  return lua_gettop(L);
}
#endif

/* What slow(...) returns, the function at that upvalue. */
static int call_slow(lua_State *L, int slow)
{
  lua_pushvalue(L, slow);
  lua_insert(L, 1); /* [slow, arguments...] */
#if EQ_HAS_CALLK
  lua_callk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, all_results);
#else
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
#endif
  return lua_gettop(L);
}

/* [slot, box, slow] as upvalues */
static int bound_with_slow(lua_State *L)
{
  struct eq_slot *slot = lua_touserdata(L, lua_upvalueindex(1));
  int box = lua_upvalueindex(2);
  if (eq_slot_hits(slot) || eq_slot_refresh(L, slot, box) == EQ_FRESH) {
    lua_rawgeti(L, box, 1);
    return 1;
  }
  return call_slow(L, lua_upvalueindex(3));
}

/* The first ones ------------------------------------------------------------
 * [header, box, slow, slot] as upvalues; the slot only so that it lives.
 */
#define HEADER lua_upvalueindex(1)
#define BOX lua_upvalueindex(2)
#define SLOW lua_upvalueindex(3)

struct binding {
  alignas(EQ_LINE) struct eq_slot *slot; /* lives as long as the function */
  uint64_t copy; /* of the slot, when the header was taken; 0: there is none */
};

/* The box has what is served; the header becomes that. */
static int take_header(lua_State *L, struct binding *binding)
{
  struct eq_slot *slot = binding->slot;
  if (!eq_slot_hits(slot) && eq_slot_refresh(L, slot, BOX) != EQ_FRESH) {
    binding->copy = 0;
    lua_pushnil(L); /* the string can be collected */
    lua_replace(L, HEADER);
    return call_slow(L, SLOW);
  }
  binding->copy = slot->copy;
  lua_rawgeti(L, BOX, 1);
  lua_pushvalue(L, -1);
  lua_replace(L, HEADER);
  return 1;
}

static inline int serve(lua_State *L, struct binding *binding)
{
  struct eq_slot *slot = binding->slot;
  if (eq_slot_hits(slot) && binding->copy == slot->copy) {
    lua_pushvalue(L, HEADER);
    return 1;
  }
  return take_header(L, binding);
}

/* clang-format off */
#define ALL(X) \
  X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) \
  X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
/* clang-format on */

#define FUNCTION(i)                                                           \
  static int serve_##i(lua_State *L)                                          \
  {                                                                           \
    return serve(L, &bindings[i]);                                            \
  }
#define NAME(i) serve_##i,

enum { FIRST = 16 };

static struct binding bindings[FIRST];
ALL(FUNCTION)
static const lua_CFunction functions[FIRST] = {ALL(NAME)};

/* One that was given to no function yet; NULL: there is none any more. */
static struct binding *next_binding(void)
{
  static atomic_uint given;
  if (atomic_load_explicit(&given, memory_order_relaxed) >= FIRST) {
    return NULL; /* and the number does not grow for ever */
  }
  unsigned i = atomic_fetch_add_explicit(&given, 1, memory_order_relaxed);
  return i < FIRST ? &bindings[i] : NULL;
}

/* [slot, slow, box] -> [function] */
static void push_with_slow(lua_State *L)
{
  struct binding *binding = next_binding();
  if (binding == NULL) {
    lua_insert(L, 2); /* [slot, box, slow] */
    lua_pushcclosure(L, bound_with_slow, 3);
    return;
  }
  binding->slot = lua_touserdata(L, 1);
  lua_insert(L, 1);
  lua_pushnil(L);
  lua_insert(L, 1); /* [nil, box, slot, slow] */
  lua_insert(L, 3); /* [nil, box, slow, slot] */
  lua_pushcclosure(L, functions[binding - bindings], 4);
}

/*
 * slot:bind([slow [, yields]]) -> function | nil
 * Without `slow`: a function that is slot:peek(), only faster. With it: one
 * that returns the header on a hit, and else what slow(...) returns. Nil
 * when slow `yields` and a C function can't be yielded across (Lua 5.1,
 * LuaJIT).
 */
int eq_bind(lua_State *L)
{
  luaL_argcheck(L, eq_slot_at(L, 1) != NULL, 1, "token slot expected");
  bool yields = lua_toboolean(L, 3) != 0;
  lua_settop(L, 2);
  eq_slot_box(L, 1); /* [slot, slow, box] */
  if (lua_isnil(L, 2)) {
    lua_remove(L, 2);
    lua_pushcclosure(L, bound, 2);
    return 1;
  }
  luaL_checktype(L, 2, LUA_TFUNCTION);
  if (yields && !EQ_HAS_CALLK) {
    lua_pushnil(L);
    return 1;
  }
  push_with_slow(L);
  return 1;
}
