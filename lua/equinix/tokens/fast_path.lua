--- fast_path: the shortest way from a caller to the header of a cached token.
--
-- Law of this file: a hit is decided in one place, by the core's slot; here is
-- only how it is asked. Stock Lua calls a C function that has the header at
-- hand. In LuaJIT such a call costs more than all that is done in it, and
-- keeps the code around it from being compiled; so its FFI calls the function
-- that decides.

local in_c_locale = require("equinix.base.text").in_c_locale
local tokens = require("equinix.core").tokens

local M = {}

-- The FFI's `int hits(const void *slot)` of an address; nil where there is no
-- FFI, or where its calls are not compiled (they are slow then). The type is
-- made once: LuaJIT never gives one up.
local function caster()
  local jit = rawget(_G, "jit")
  if not jit or not jit.status() then
    return nil
  end
  local found, ffi = in_c_locale(require, "ffi")
  if not found then
    return nil
  end
  local pointer = ffi.typeof "int (**)(const void *)"
  return function(address)
    return ffi.cast(pointer, address)[0]
  end
end

local cast = caster()

-- `hits` reads the slot's own memory, so the closure keeps the slot alive.
-- Nothing else can run between its result and the read of the box.
local function by_ffi(slot, slow)
  local box, address = slot:ffi()
  local hits = cast(address)
  return function()
    if hits(slot) ~= 0 then
      return box[1]
    end
    local header, state = slot:peek()
    if header or not slow then
      return header, state
    end
    return slow()
  end
end

--- A function that returns the header on a hit, and else what slow() does;
--- without `slow` it is slot:peek().
---@param slot equinix.slot
---@param slow? function
---@param yields? boolean slow may yield
---@return function
function M.bind(slot, slow, yields)
  local bound = tokens.bind(slot, slow, yields)
  if bound then
    return bound
  end
  -- This Lua can't yield across a C function.
  local peek = tokens.bind(slot)
  return function()
    local header = peek()
    if header then
      return header
    end
    return slow()
  end
end

if cast then
  M.bind = by_ffi
elseif tokens.yields then
  M.bind = tokens.bind
end

return M
