-- hits: all read while worker 1 writes. No reader gets a torn header, an older
-- one after a newer one, or one that was rejected before the read began.
-- argv: how many tokens.
-- luacheck: read globals host worker
local count = tonumber((...))
local core = require "equinix.core"
local slot = core.tokens.open "hits"

local PUBLISHED, REJECTED = 1, 2

local function header_of(i)
  -- each has another length, so that a torn header equals none
  return ("Bearer %d "):format(i) .. ("x"):rep(i * 37 % 2000)
end

local function write()
  for i = 1, count do
    local _, lease = slot:acquire(nil, true)
    local t = core.now() + 1000
    host.tally(PUBLISHED, 1)
    local serial = assert(slot:publish(lease, ("r"):rep(i * 91 % 4000),
      header_of(i), { fresh = t, advisory = t, expires = t }))
    if i % 3 == 0 then
      assert(slot:reject(serial))
      host.tally(REJECTED, i - host.tally(REJECTED))
    end
  end
end

-- By slot:bind, without and with `slow`, and by the FFI.
local WAYS = {
  [0] = slot.bind,
  function()
    return slot:bind(function() end)
  end,
  require("equinix.tokens.fast_path").bind,
}

local function read()
  local hit, newest, reads = WAYS[worker % 3](slot), 0, 0
  while host.tally(PUBLISHED) < count do
    local rejected = host.tally(REJECTED)
    local header = hit()
    if header then
      local i = tonumber(header:match "^Bearer (%d+) ")
      assert(i and header == header_of(i), "torn")
      assert(i >= newest, "is older")
      assert(i > rejected, "rejected before")
      newest, reads = i, reads + 1
    end
  end
  return reads
end

host.barrier()
if worker == 1 then
  write()
else
  read()
end
host.barrier()
-- and all agree about the last one
local last = count % 3 == 0 and "rejected" or header_of(count)
local header, state = slot:peek()
assert((header or state) == last)
