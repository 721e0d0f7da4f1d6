-- postgres_forked: a parent and its child each step in PostgreSQL, the child
-- with the copy of a store that had a session before the fork.
--
-- Law of this file: host.c runs it; it raises if the parent's session is not
-- the same afterwards. luacheck: read globals host
local core = require "equinix.core"

local where, child_uses_it = ...
local store = dofile "examples/store_postgres.lua"(where)

local function session_of()
  local cursor = assert(store:run(30, nil, "select pg_backend_pid()"))
  local number = cursor:fetch()
  cursor:close()
  return number
end

local before = session_of()
local lease = assert(store:lock("k", 600))

if host.fork() then
  if child_uses_it == "yes" then
    assert(session_of() ~= before)
    assert(select(2, store:lock("k", 600)) == "busy")
    assert(store:lock("child", 600))
    store:close()
  end
  host.tally(1, 1)
  return -- the state closes, and with it what it still has
end

local limit = core.now() + 60
while host.tally(1, 0) < 1 and core.now() < limit do
  host.nap()
end
assert(host.tally(1, 0) == 1, "the child failed")
assert(store:save("k", "r", 600, lease))
if child_uses_it == "yes" then
  assert(session_of() == before, "the parent's session is gone")
end
