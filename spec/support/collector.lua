-- collector: the garbage collector's settings, which each Lua names in its own
-- way.
--
-- Law of this file: a changed setting is restored, and no spec has to know on
-- which Lua it runs.

local M = {}

-- Sets one; returns its old value. Lua 5.5 has one function for all of them.
local function set(name, value)
  if _VERSION >= "Lua 5.5" then
    return collectgarbage("param", name, value)
  end
  return collectgarbage("set" .. name, value)
end

--- From now on the collector never pauses. Returns a function that restores
--- the settings.
function M.restless()
  local pause, stepmul = set("pause", 1), set("stepmul", 1000)
  if _VERSION == "Lua 5.1" then -- a pause counts from the next cycle on
    collectgarbage()
  end
  return function()
    set("pause", pause)
    set("stepmul", stepmul)
  end
end

--- Calls a function; during the call one step of the collector is a whole
--- cycle.
function M.in_long_strides(call)
  if _VERSION == "Lua 5.4" then
    collectgarbage("incremental", 100, 1000, 40)
    call()
    collectgarbage("incremental", 200, 100, 13)
    return
  end
  -- "No limit" is 0 in some versions and a large number in others.
  local none = _VERSION == "Lua 5.1" or _VERSION >= "Lua 5.5"
  local before = set("stepmul", none and 0 or 1000000)
  call()
  set("stepmul", before)
end

return M
