-- store_hammer: all workers lock, load, save and unlock one record, 200 saves
-- altogether. Each record has its number and is long; the tallies count,
-- without the store, the holders of the lock and the saves. arguments: the
-- folder luacheck: read globals host worker workers
local store = assert(require "equinix.store.file" { dir = ... })
local IN, SAVED = 1, 2
local SAVES = 200

local function text(n)
  return n .. " " .. ("%d."):format(n):rep(200 + n * 37 % 5000)
end

-- The number of the record, which must be complete; 0 if there is none.
local function load()
  local record, reason = store:load "k"
  if not record then
    assert(reason == nil, reason)
    return 0
  end
  local n = tonumber(record:match "^%d+")
  assert(record == text(n), "a torn record")
  return n
end

local last, limit = 0, os.time() + 60
host.barrier()
while host.tally(SAVED) < SAVES do
  assert(os.time() < limit, "the others don't unlock")
  local lease, reason = store:lock("k", 60)
  if lease then
    assert(host.tally(IN, 1) == 1, "two have the lock")
    local n = host.tally(SAVED)
    assert(load() == n, "an older record came back")
    if n < SAVES then
      assert(store:save("k", text(n + 1), 60, lease))
      host.tally(SAVED, 1)
    end
    host.tally(IN, -1)
    assert(store:unlock(lease))
  else
    assert(reason == "busy", reason)
    local n = load()
    assert(n >= last, "an older record came back")
    last = n
  end
end
