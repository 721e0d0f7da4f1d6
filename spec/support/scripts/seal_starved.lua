-- seal_starved: seals and unseals while the memory runs out, at every point
-- in turn. Each call returns or raises; none returns a wrong result.
--
-- Law of this file: host.c runs it.
-- luacheck: read globals host
local core = require "equinix.core"

local SECRET, KEY = "the secret", "the key"
local sealed = core.seal(SECRET, KEY, ("text"):rep(1000))

-- Made anew for each comparison: LuaJIT has every string once, and to return a
-- string that exists takes no memory.
local function is_text(bytes)
  return bytes == ("text"):rep(1000)
end

local calls = {
  seal = {
    function() return core.seal(SECRET, KEY, ("text"):rep(1000)) end,
    function(bytes) return is_text(core.unseal(SECRET, KEY, bytes)) end,
  },
  unseal = {
    function() return core.unseal(SECRET, KEY, sealed) end,
    is_text,
  },
  forged = {
    function() return core.unseal("no secret", KEY, sealed) end,
    function(bytes) return bytes == nil end,
  },
  name = {
    function() return core.record_name(SECRET, KEY) end,
    function(name) return name == core.record_name(SECRET, KEY) end,
  },
}
for name, call in pairs(calls) do
  local n = 0
  repeat
    collectgarbage()
    collectgarbage()
    local ok, result = host.starve(n, call[1])
    if ok then
      assert(call[2](result), name)
    else
      assert(tostring(result):find "not enough memory", result)
    end
    n = n + 1
    assert(n < 100, "it never succeeded")
  until ok
  assert(n > 1, name .. " never ran out of memory")
end
assert(is_text(core.unseal(SECRET, KEY, sealed)))
