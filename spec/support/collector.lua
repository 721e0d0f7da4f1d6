-- The collector's settings, as each Lua names them.
--
-- Law of this file: what is changed is put back, and no spec knows which Lua
-- it runs on.

local M = {}

-- Sets one; returns what it was. Lua 5.5 has all of them under one name.
local function set(name, value)
  if _VERSION >= "Lua 5.5" then
    return collectgarbage("param", name, value)
  end
  return collectgarbage("set" .. name, value)
end

--- From here on it never rests. Returns what puts it back.
function M.restless()
  local pause, stepmul = set("pause", 1), set("stepmul", 1000)
  if _VERSION == "Lua 5.1" then -- heeds the pause from the next cycle on
    collectgarbage()
  end
  return function()
    set("pause", pause)
    set("stepmul", stepmul)
  end
end

--- Calls a function; one step of the collector is a whole cycle meanwhile.
function M.in_long_strides(call)
  if _VERSION == "Lua 5.4" then
    collectgarbage("incremental", 100, 1000, 40)
    call()
    collectgarbage("incremental", 200, 100, 13)
    return
  end
  -- "No limit" is 0 on some and a large number on the others.
  local none = _VERSION == "Lua 5.1" or _VERSION >= "Lua 5.5"
  local before = set("stepmul", none and 0 or 1000000)
  call()
  set("stepmul", before)
end

return M
