-- engine_woken: a thread that waits for one transfer is woken for others.
--
-- Law of this file: host.c runs it in two threads, with the server's URL. The
-- second thread drives; the first one starts one transfer after the other
-- while it waits. Each would lie until libcurl's own look, once a second, so
-- all of them together would take longer than the limit: then it raises.
local core = require "equinix.core"

local url = ...
local ROUNDS, LIMIT = 60, 30 -- seconds
local stop = core.now() + LIMIT

if worker ~= 1 then -- luacheck: globals worker host
  while host.tally(1) == 0 do
    host.nap()
  end
  while host.tally(2) == 0 and core.now() < stop do
    core.drive(host.tally(1), 1)
  end
  return
end

local engine = core.engine()

local function start(path)
  return assert(engine:start(core.prepare { method = "GET",
    url = url .. path }, 2 * LIMIT))
end

-- The body of the next response.
local function read()
  while true do
    local result = engine:results()[1]
    if result then
      return assert(result.response, result.err and result.err.message).body
    end
    assert(core.now() < stop, "the driver was not woken")
    host.nap()
  end
end

host.tally(1, assert(engine:id()))
start "/held" -- so that there is something to wait for
for i = 1, ROUNDS do
  host.nap()
  start("/" .. i)
  assert(read() == "/" .. i)
end
host.tally(2, 1)
engine:close()
