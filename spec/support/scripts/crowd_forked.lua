-- crowd_forked: forks with transfers under way, and goes on in both.
--
-- Law of this file: host.c runs it, with the server's URL, as one forked
-- worker that forks again. It raises where the two meet.
local core = require "equinix.core"

local url = ...
local crowd = core.multi()

local function add(path)
  return assert(crowd:add(core.prepare { method = "GET", url = url .. path },
    20))
end

local function get(path)
  local number = add(path)
  repeat
    local ended, response = crowd:wait(20)
    assert(ended, "the outcome did not come")
    if ended == number then
      assert(response and response.body == path)
    end
  until ended == number
end

get "/first"
local held = add "/held"
local late = assert(crowd:add(core.prepare { method = "GET", url = url }, 0))
assert(crowd:wait(20) == late)
assert(crowd:wait(0.02) == nil)
late = assert(crowd:add(core.prepare { method = "GET", url = url }, 0))
if host.fork() then -- luacheck: globals host
  assert(crowd:wait() == nil, "a transfer of the parent's in its child")
  assert(not crowd:cancel(held) and not crowd:cancel(late))
  get "/child"
  get "/go"
  crowd:close()
  host.tally(1, 1)
  return
end
assert(crowd:wait(20) == late)
-- Answered when the child has asked for it.
local ended, response = crowd:wait(20)
assert(ended == held and response.body == "/held")
while host.tally(1) == 0 do
  host.nap()
end
get "/parent"
crowd:close()
