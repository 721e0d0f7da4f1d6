-- redis_fork_inside: a process forks between two steps; the child asks Redis
-- and ends, which must not touch the connection that the parent keeps.
--
-- Law of this file: host.c runs it; it raises if the parent lost its
-- connection or its timeout. luacheck: read globals host
local core = require "equinix.core"
local curl = require "equinix.transport.curl"
local resp = require "equinix.store.redis.resp"

local port, redis_pid = ...
local store = assert(require("equinix").store.redis {
  port = tonumber(port),
  timeout = 0.5,
  grace = 0,
})

-- The number that Redis has for the connection that is used.
local function connection()
  local node = store.steps.owner.node
  return assert(node:ask(curl, resp.command("CLIENT", "ID"), 1,
    core.now() + 30))
end

local lease = assert(store:lock("k", 60))
local kept = connection()
assert(kept == connection())

if host.fork() then
  assert(core.pid() == host.pid())
  assert(store:save("k", "child", 60, lease))
  assert(connection() ~= kept)
  host.tally(1, 1)
  return
end

local limit = core.now() + 30
while host.tally(1) == 0 and core.now() < limit do
  host.nap()
end
assert(host.tally(1) == 1, "the child failed")
assert(store:load "k" == "child")
assert(connection() == kept, "the connection was lost")

-- A socket that was made blocking would wait for ever.
assert(os.execute("kill -STOP " .. redis_pid))
local _, reason = store:load "k"
os.execute("kill -CONT " .. redis_pid)
assert(tostring(reason):find "timed out", reason)
