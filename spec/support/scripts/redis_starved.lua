-- redis_starved: a lock in Redis is taken and given back while the memory runs
-- out, at every point in turn. The same store gets it again at once.
-- arguments: the port
-- luacheck: read globals host worker workers
if jit then
  jit.off() -- code that LuaJIT has compiled may crash without memory
end
local store = assert(require("equinix").store.redis { port = tonumber((...)) })

local function lock()
  return assert(store:lock("k", 60))
end

local function unlock(lease)
  return assert(store:unlock(lease))
end

unlock(lock())

local n, raised = 0, 0
local ok, lease
repeat
  n = n + 1
  ok, lease = host.starve(n, lock)
  raised = raised + (ok and 0 or 1)
  unlock(ok and lease or lock())
until ok
assert(raised > 10, "it never ran out of memory")

n, raised = 0, 0
repeat
  n, lease = n + 1, lock()
  ok = host.starve(n, unlock, lease)
  raised = raised + (ok and 0 or 1)
  unlock(lock())
until ok
assert(raised > 5, "it never ran out of memory")
