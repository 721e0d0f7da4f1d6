-- engine_starved: waits while the memory runs out, at every point in turn.
--
-- Law of this file: host.c runs it, with the server's URL. A call either
-- returns or raises; in both cases no result is lost.
local core = require "equinix.core"

local url = ...
local engine = require("spec.support.engine").new()
local prepared = core.prepare { method = "GET", url = url .. "/path" }

local failures = 0
-- Calls it with one more allocation each time until it succeeds. Libcurl's
-- memory is not Lua's, so its allocations do not fail.
local function starved(use)
  for n = 0, 1000 do
    local ok, a, b = host.starve(n, use) -- luacheck: globals host
    if ok then
      return a, b
    end
    failures = failures + 1
    assert(tostring(a):find "not enough memory", a)
  end
  error "it never succeeded"
end

for _ = 1, 5 do
  local number = starved(function()
    return engine:start(prepared, 10)
  end)
  local ended, response = starved(function()
    return engine:wait(60)
  end)
  assert(ended == number, "a result was lost")
  assert(response.body == "/path")
  assert(not engine:wait(), "a result was returned twice")
end
assert(failures > 10, failures)
engine:close()
