-- loop_forked: a program forks while calls are in flight in its loop, and
-- both processes go on.
--
-- Law of this file: host.c runs it, with the loop's name and the server's URL.
-- It raises if parent and child share a transfer. luacheck: read globals host
local core = require "equinix.core"
local equinix = require "equinix"
local world = require "spec.support.loop_world"

local name, url = ...
local loop = require("spec.support.loops." .. name)
local w = world.new(loop, url)
local client, bodies, ready = w:client(), {}, false

loop.start(function()
  world.get(client, "/first")
  for i = 1, 2 do
    loop.start(function()
      bodies[i] = world.get(client, "/held")
    end)
  end
  w:wait_for(client, 2)
  ready = true
end)
w:turn_until(function()
  return ready
end)

-- The child's calls get their own answers, with the parent's token; a loop
-- that can't be used after a fork is left alone.
local function child()
  local same = { base_url = url, client_id = client.config.client_id,
    client_secret = "a secret of no use",
    transport = loop.fork and loop.transport or nil }
  local mine, done = assert(equinix.new(same)), false
  local function work()
    assert(world.get(mine, "/child") == '"/child"')
    assert(world.get(mine, "/go") == '"/go"')
    done = true
  end
  if not loop.fork then
    work()
  else
    if loop.fork == "new" then
      loop.forget()
    end
    loop.start(work)
    w:turn_until(function()
      return done
    end)
  end
  assert(done and next(bodies) == nil, "the child has a parent's answer")
  host.tally(1, 1)
end

if host.fork() then
  child()
  -- To close the state would be to use libuv's loop, and with it the parent's.
  os.exit(0)
end
loop.finish()
assert(bodies[1] == '"/held"' and bodies[2] == '"/held"', bodies[1])
local limit = core.now() + 60
while host.tally(1) == 0 do
  assert(core.now() < limit, "the child failed")
  host.nap()
end
