-- redis_forked: children of one parent ask Redis at the same time, each with
-- the copy of a store that had a connection before the fork.
--
-- Law of this file: host.c runs it; it raises if a reply belongs to another
-- process. luacheck: read globals host
local core = require "equinix.core"

local FORKS = 3 -- so eight processes

local port = ...
local store = assert(require("equinix").store.redis {
  port = tonumber(port),
  timeout = 10,
})
assert(store:lock("first", 60))

local function await(tally, n)
  local limit = core.now() + 30
  while host.tally(tally, 0) < n and core.now() < limit do
    host.nap()
  end
  assert(host.tally(tally, 0) == n, "a process failed")
end

local is_child = false
for _ = 1, FORKS do
  is_child = host.fork() or is_child
end
host.tally(1, 1)
await(1, 2 ^ FORKS)

local key = "process" .. core.pid()
local record = (key .. " "):rep(1000)
local lease = assert(store:lock(key, 60))
for _ = 1, 100 do
  assert(store:save(key, record, 60, lease))
  assert(store:load(key) == record)
end
assert(select(2, store:lock("first", 60)) == "busy")

host.tally(2, 1)
if not is_child then
  await(2, 2 ^ FORKS)
end
