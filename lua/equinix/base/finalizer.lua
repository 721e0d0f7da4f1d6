--- finalizer: a function that is called when a value is dropped.
--
-- Law of this file: in Lua 5.1 and LuaJIT a table has no __gc, a proxy has.
-- The function runs wherever the collector happens to work: it may not wait,
-- and what it raises is lost.

local M = {}

local newproxy = rawget(_G, "newproxy")

--- Makes a value; the function is called once when it has been dropped.
---@param f fun()
---@return any
function M.new(f)
  local function finalize()
    pcall(f)
  end
  if newproxy then
    local proxy = newproxy(true)
    getmetatable(proxy).__gc = finalize
    return proxy
  end
  return setmetatable({}, { __gc = finalize })
end

return M
