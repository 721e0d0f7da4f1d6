-- engine_forked: forks with transfers under way, and goes on in both.
--
-- Law of this file: host.c runs it, with the server's URL, as one forked
-- worker that forks again. It raises if parent and child share a transfer.
local core = require "equinix.core"

local url = ...
local engine = require("spec.support.engine").new()

local function add(path)
  return assert(engine:start(core.prepare { method = "GET",
    url = url .. path }, 20))
end

local function get(path)
  local number = add(path)
  repeat
    local ended, response = engine:wait(60)
    assert(ended, "the result did not come")
    if ended == number then
      assert(response and response.body == path)
    end
  until ended == number
end

get "/first"
local held = add "/held"
local late = assert(engine:start(core.prepare { method = "GET",
  url = url }, 0))
assert(engine:wait(60) == late)
assert(engine:wait(0.02) == nil)
late = assert(engine:start(core.prepare { method = "GET",
  url = url }, 0))
if host.fork() then -- luacheck: globals host
  assert(engine:wait() == nil, "the child has a transfer of its parent")
  assert(not engine:cancel(held) and not engine:cancel(late))
  get "/child"
  get "/go"
  engine:close()
  host.tally(1, 1)
  return
end
assert(engine:wait(60) == late)
-- The server responds when the child has requested /go.
local ended, response = engine:wait(60)
assert(ended == held and response.body == "/held")
while host.tally(1) == 0 do
  host.nap()
end
get "/parent"
engine:close()
