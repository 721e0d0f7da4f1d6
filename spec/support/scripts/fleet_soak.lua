-- fleet_soak: renews in step with the others, again and again: a renewal is
-- what all of them want at the same time. Failures are counted, not raised.
-- arguments: the folder of spec/support/fleet.lua with options.json, rounds
local core = require "equinix.core"
local equinix = require "equinix"
local json = require "equinix.base.json"
local read_file = require("equinix.base.file").read
local stores = require "spec.support.stores"
local dir, rounds = ...

local ARRIVED, FAILED, EVENTS, STALE = 1, 2, 3, 4 -- what is tallied
local SHOWN = 20 -- messages at most

local function say(...)
  if host.tally(5, 1) <= SHOWN then
    io.stderr:write(table.concat({ ... }, " "), "\n")
  end
end

local options = assert(json.decode(assert(read_file(dir .. "/options.json"))))
local client = assert(equinix.new {
  base_url = options.base_url,
  client_id = options.client_id,
  client_secret = options.client_secret,
  timeout = options.timeout,
  store = stores.open(options.store),
  on_event = function(name)
    if name == "store_failed" then
      host.tally(EVENTS, 1)
    elseif name == "refresh_failed" then
      host.tally(STALE, 1)
    end
  end,
})

-- Until all have come so far. A worker that ended by an error leaves the
-- others waiting; the limit of the host program ends them.
local function meet(round)
  host.tally(ARRIVED, 1)
  while host.tally(ARRIVED, 0) < round * workers do
    core.sleep(0.002)
  end
end

assert(client:token())
local longest = 0
for round = 1, tonumber(rounds) do
  meet(round)
  local begun = core.now()
  local token, err = client:refresh()
  longest = math.max(longest, core.now() - begun)
  if not token then
    host.tally(FAILED, 1)
    say("round", round, "worker", worker, tostring(err))
  end
  if worker == 1 then
    local file = assert(io.open(dir .. "/round.new", "wb"))
    file:write(("%d"):format(round))
    file:close()
    assert(os.rename(dir .. "/round.new", dir .. "/round"))
  end
end
meet(tonumber(rounds) + 1)
io.stdout:write(("longest %.2f\n"):format(longest))
if worker == 1 then
  io.stdout:write(("failed %d\nevents %d\nrefused %d\n"):format(
    host.tally(FAILED, 0), host.tally(EVENTS, 0), host.tally(STALE, 0)))
end
