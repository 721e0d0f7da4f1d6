-- exchange_starved: exchanges while the memory runs out, at every point in
-- turn.
--
-- Law of this file: host.c runs it, with the server's port. A call either
-- returns or raises; in both cases no result is lost. Libcurl's memory is not
-- Lua's, so its allocations do not fail.
local core = require "equinix.core"
local resp = require "spec.support.resp"

local engine = core.engine()
local options = resp.options(tonumber((...)), { identity = "who",
  server_name = "another", login = resp.command("SELECT", 1) })

local failures = 0

local function starved(use)
  for n = 0, 1000 do
    local ok, a = host.starve(n, use) -- luacheck: globals host
    if ok then
      return a
    end
    failures = failures + 1
    assert(tostring(a):find "not enough memory", a)
  end
  error "it never succeeded"
end

for i = 1, 5 do
  local exchange = starved(function()
    return core.exchange(options)
  end)
  local number = starved(function()
    return engine:start(exchange, 30)
  end)
  local results = starved(function()
    return engine:wait(30)
  end)
  assert(#results == 1 and results[1].number == number, "a result was lost")
  assert(results[1].response.body == "+OK\r\n")
  assert(results[1].response.kept == (i > 1))
  assert(#engine:wait(0) == 0, "a result was returned twice")
end
assert(failures > 20, failures)
engine:close()
