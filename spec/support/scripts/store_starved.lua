-- store_starved: each step of a store while memory runs out. It raises or
-- succeeds, and no file stays open.
-- arguments: the folder
-- luacheck: read globals host worker workers
local lfs = require "lfs"
local store = assert(require "equinix.store.file" { dir = ... })

local function open_files()
  local n = 0
  for _ in lfs.dir "/proc/self/fd" do
    n = n + 1
  end
  return n
end

local function all()
  local lease = assert(store:lock("k", 60))
  assert(store:save("k", ("r"):rep(5000), 60, lease))
  assert(store:load "k")
  assert(store:unlock(lease))
  assert(store:delete "k")
end

all()
collectgarbage()
collectgarbage()
local before = open_files()
local granted = 0
while not host.starve(granted, all) do
  granted = granted + 1
  assert(granted < 1000, "never enough")
  collectgarbage() -- the lease of a step that raised
  collectgarbage()
  assert(open_files() == before, "a file stays open")
end
assert(granted > 5, "memory was never short")
