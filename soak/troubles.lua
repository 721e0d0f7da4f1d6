-- troubles: what is switched on, stopped or killed meanwhile.
--
-- Law of this file: each ends by itself or is ended here before the next one
-- begins, and each is one that the client promises to get over.
local file = require "equinix.base.file"
local process = require "spec.support.process"

local M = {}

local API, TOKENS = "/fabric", "/oauth2"

-- Faults of the emulator, for a few requests.
local FAULTS = {
  ["503 with Retry-After"] = { scope = API, api_status = 503,
    retry_after = "1", times = 3 },
  ["502"] = { scope = API, api_status = 502, times = 2 },
  ["429"] = { scope = API, api_status = 429, retry_after = "1", times = 3 },
  ["web page"] = { scope = API, api_status = 503, html = true, times = 1 },
  ["body cut"] = { scope = API, cut = true, times = 2 },
  ["slow body"] = { scope = API, slow = 1, times = 2 },
  ["503 of a token"] = { scope = TOKENS, status = 503, times = 1 },
  ["429 of a token"] = { scope = TOKENS, status = 429, retry_after = "1",
    times = 1 },
  ["token cut"] = { scope = TOKENS, cut = true, times = 1 },
}

local function wait(seconds)
  process.eventually(function() end, seconds)
end

local troubles = {}

for name, knobs in pairs(FAULTS) do
  troubles[name] = function(world)
    world.emulator:config(knobs)
  end
end

troubles["latency"] = function(world)
  world.emulator:config { latency = 0.3 }
  wait(3)
end

troubles["connections closed"] = function(world)
  world.emulator:config { close_every = 7 }
  wait(3)
end

troubles["reload of nginx"] = function(world)
  world.nginx:signal "HUP"
end

troubles["worker killed"] = function(world)
  local pids = world.nginx:worker_pids()
  if #pids > 0 then
    world.nginx:signal("KILL", pids[math.random(#pids)])
  end
end

-- Stops the master that has the tokens, as a crash or as a machine that hangs.
troubles["master lost"] = function(world)
  local key = world.cluster:keys "equinix:*token*"[1]
  local node = key and world.cluster:master_of(key)
  if not node then
    return
  elseif math.random(2) == 1 then
    node:kill()
  else
    world.cluster:pause(node)
  end
  process.eventually(function()
    world:look()
    return (world.cluster:master_of(key) or node) ~= node
  end, 60)
  world.cluster:heal()
end

troubles["clock jumped"] = function(world)
  -- Never before the emulator's certificate was made.
  local jumps = { "30", "600", "3600", "0" }
  assert(file.write(world.clock, jumps[math.random(#jumps)]))
end

-- All, or those that TROUBLES names: "502,master lost".
local names = {}
local wanted = "," .. (os.getenv "TROUBLES" or "") .. ","
for name in pairs(troubles) do
  if wanted == ",," or wanted:find("," .. name .. ",", 1, true) then
    names[#names + 1] = name
  end
end
table.sort(names)
assert(#names > 0, "TROUBLES names none that there is")

--- Ends what the last one left.
function M.calm(world)
  world.emulator:config { latency = 0, close_every = 0, api_status = 0,
    status = 0, cut = false, slow = 0, html = false, scope = "",
    retry_after = "" }
end

-- Token requests without an answer, one after the other, have to hold the
-- client back: each may have been refused, and five lock an account. So there
-- are some that succeed in between.
local BETWEEN = 8
local before = -BETWEEN

local function may_trouble_tokens(world)
  local requests = world.emulator:log().token_requests
  if requests < before + BETWEEN then
    return false
  end
  before = requests
  return true
end

--- Begins another one.
---@return string name
function M.next(world)
  M.calm(world)
  local name = names[math.random(#names)]
  local knobs = FAULTS[name]
  if knobs and knobs.scope == TOKENS and not may_trouble_tokens(world) then
    return "rests"
  end
  troubles[name](world)
  return name
end

return M
