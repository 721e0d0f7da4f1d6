-- crowd_starved: waits while the memory runs out, at every point in turn.
--
-- Law of this file: host.c runs it, with the server's URL. A call either
-- answers or raises; whichever, no outcome is lost.
local core = require "equinix.core"

local url = ...
local crowd = core.multi()
local prepared = core.prepare { method = "GET", url = url .. "/path" }

local failures = 0
-- Lets it run until there is enough memory for it. Libcurl's own memory is
-- not Lua's, so nothing that it does fails.
local function starved(use)
  for n = 0, 1000 do
    local ok, a, b = host.starve(n, use) -- luacheck: globals host
    if ok then
      return a, b
    end
    failures = failures + 1
    assert(tostring(a):find "not enough memory", a)
  end
  error "it never came to an end"
end

for _ = 1, 5 do
  local number = starved(function()
    return crowd:add(prepared, 10)
  end)
  local ended, response = starved(function()
    return crowd:wait(10)
  end)
  assert(ended == number, "an outcome was lost")
  assert(response.body == "/path")
  assert(not crowd:wait(), "an outcome was told twice")
end
assert(failures > 10, failures)
crowd:close()
