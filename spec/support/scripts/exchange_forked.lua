-- exchange_forked: forks with a kept connection and an exchange under way.
--
-- Law of this file: host.c runs it, with the port of a Redis that speaks TLS
-- and its authority, as one forked worker that forks again. It raises if
-- parent and child share anything.
local core = require "equinix.core"
local resp = require "spec.support.resp"

local port, ca_file = ...
local engine = core.engine()

local function start(...)
  return assert(engine:start(core.exchange(resp.options(tonumber(port), {
    tls = true, ca_file = ca_file, send = resp.command(...) })), 30))
end

local results = {}

local function finish(number)
  while not results[number] do
    local list = engine:wait(30)
    assert(#list > 0, "the result did not come")
    for _, result in ipairs(list) do
      results[result.number] = result
    end
  end
  local result = results[number]
  return assert(result.response, result.err and result.err.message)
end

assert(not finish(start "PING").kept)
assert(finish(start "PING").kept)
-- One connection waits for an element, another one is idle.
local held = start("BLPOP", "list", 20)
assert(#engine:wait(0.1) == 0)
assert(not finish(start "PING").kept)
if host.fork() then -- luacheck: globals host
  assert(#engine:wait(0.1) == 0, "the child has an exchange of its parent")
  assert(not engine:cancel(held))
  assert(not finish(start("LPUSH", "other", "x")).kept,
    "the child uses its parent's connection")
  engine:close()
  engine = nil
  collectgarbage()
  host.tally(1, 1)
  return
end
while host.tally(1) == 0 do
  host.nap()
end
local response = finish(start("LPUSH", "list", "element"))
assert(response.kept, "the parent's connection is gone")
assert(response.body == ":1\r\n")
response = finish(held)
assert(response.body == "*2\r\n$4\r\nlist\r\n$7\r\nelement\r\n")
assert(finish(start "PING").kept)
engine:close()
