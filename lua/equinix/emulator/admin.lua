--- admin: the calls below /_emulator/, by which a test sets knobs and reads
--- the log.
--
-- Law of this file: a change is made as a whole or not at all. With one
-- unknown name or bad value in it, no knob changes.

local accounts = require "equinix.emulator.accounts"
local console = require "equinix.emulator.console"
local copy = require("equinix.base.table").copy
local knob_values = require "equinix.emulator.knob_values"
local knobs = require "equinix.emulator.knobs"
local own_origin = require "equinix.emulator.own_origin"
local request_log = require "equinix.emulator.request_log"
local tokens = require "equinix.emulator.tokens"

local M = {}

local function show_config(world)
  local values, counts = knob_values.all(world)
  local config = {}
  for _, knob in ipairs(knobs.list) do
    local count = counts[knob.name]
    config[knob.name] = {
      value = values[knob.name],
      default = knob.default,
      help = knob.help,
      fault = knob.fault,
      left = count and knob_values.left(world, count) or nil,
    }
  end
  return { status = 200, body = config }
end

local function error_response(status, message)
  return { status = status, body = { error = message } }
end

-- Reads `{"value": 503, "times": 3}`, which a fault may be set to.
local function read_counted(name, wanted)
  for member in pairs(wanted) do
    if member ~= "value" and member ~= "times" then
      return nil, ("knob '%s' has a member other than value and times")
        :format(name)
    end
  end
  local value, message = knobs.check(name, wanted.value)
  if message then
    return nil, message
  elseif not knobs.by_name[name].fault then
    return nil, ("knob '%s' is no fault, and does not count down"):format(name)
  end
  local times
  times, message = knobs.check("times", wanted.times)
  return value, message, times
end

---@class equinix.emulator.Change
---@field values table<string, any> to be stored
---@field times table<string, integer> for these knobs alone
---@field resets string[] knobs whose value is null
---@field any? boolean `times` is good without a fault, too

-- What a change consists of. Nil and a message where a name or a value in it
-- is wrong.
local function read_wanted(world, wanted)
  local change = { values = {}, times = {}, resets = {} }
  for name, value in pairs(wanted) do
    local valid, message, times
    if value == world.null and knobs.by_name[name] then
      change.resets[#change.resets + 1] = name
    elseif type(value) == "table" and knobs.by_name[name] then
      valid, message, times = read_counted(name, value)
    else
      valid, message = knobs.check(name, value)
    end
    if message then
      return nil, message
    end
    change.values[name], change.times[name] = valid, times
  end
  if wanted.times == world.null then
    change.values.times, change.any = world.start.times or 0, true
  end
  return change
end

-- The faults that `times` is about: those of the same change, else those that
-- are on. Nil and a message where there are none.
local function add_faults(world, change)
  for name in pairs(change.values) do
    if knobs.by_name[name].fault and not change.times[name] then
      return true
    end
  end
  local now = knob_values.all(world)
  local found = change.values.times == 0 or change.any
  for _, knob in ipairs(knobs.list) do
    if knob.fault and change.values[knob.name] == nil
      and now[knob.name] ~= knob.default then
      change.values[knob.name] = now[knob.name]
      found = true
    end
  end
  if not found then
    return nil, "knob 'times' counts faults, and none is on: set one in the "
      .. "same call, as in {\"status\": 503, \"times\": 3}"
  end
  return true
end

local function store(world, change)
  local values = change.values
  local common = knob_values.count(world, values.times or 0)
  values.times = nil
  for name, value in pairs(values) do
    local times = change.times[name]
    local count = knobs.by_name[name].fault and common or nil
    if times then
      count = knob_values.count(world, times)
    end
    knob_values.set(world, name, value, count)
  end
  for _, name in ipairs(change.resets) do
    knob_values.reset(world, name)
  end
end

local function configure(world, request)
  local wanted = world.decode(request.body)
  if type(wanted) ~= "table" then
    return error_response(400, "the body must be a JSON object of knobs")
  end
  local change, message = read_wanted(world, wanted)
  local ok = change ~= nil
  if change and change.values.times then
    ok, message = add_faults(world, change)
  end
  if not ok then
    return error_response(400, message)
  end
  if change.values.revoke_all then
    tokens.revoke_all(world)
  end
  change.values.revoke_all = nil -- an action, so there is no value to store
  world.dict:delete "pages" -- `total_change` counts from the last change
  store(world, change)
  return show_config(world)
end

-- A rotated secret stays: clients hold back one that was refused before, so
-- the first one would be of no use any more.
local function reset(world)
  local secret = accounts.secret(world)
  world.dict:flush_all()
  accounts.set_secret(world, secret)
  world.log:flush_all()
  world.log:set("reset", world.now())
  return { status = 200, body = { reset = true } }
end

local function rotate_secret(world)
  return { status = 200, body = {
    client_id = world.accounts.client_id,
    client_secret = accounts.rotate_secret(world),
  } }
end

-- A call whose query may have `after`.
local function after(call)
  return function(world, request)
    local text = request.query.after or "0"
    local n = #text < 16 and text:find "^%d+$" and tonumber(text)
    if not n then
      return error_response(400, "after must be the number of a request")
    end
    return { status = 200, body = call(world, n) }
  end
end

local CALLS = {
  ["GET /_emulator/config"] = show_config,
  ["POST /_emulator/config"] = configure,
  ["POST /_emulator/reset"] = reset,
  ["POST /_emulator/rotate_secret"] = rotate_secret,
  ["GET /_emulator/log"] = after(request_log.dump),
  ["GET /_emulator/console/state"] = after(console.state),
}

local function respond(world, request)
  local message = own_origin.refusal(request)
  if message then
    return error_response(403, message)
  end
  local call = CALLS[request.method .. " " .. request.path]
  if call then
    return call(world, request)
  end
  return console.file(request) or error_response(404, "no such call; the "
    .. "emulator has GET and POST /_emulator/config, GET /_emulator/log, "
    .. "POST /_emulator/reset and /_emulator/rotate_secret, and /_emulator/ "
    .. "for a browser")
end

--- The response to a request below /_emulator/.
function M.respond(world, request)
  local response = respond(world, request)
  response.headers = copy(console.HEADERS)
  response.headers.Location = response.location
  return response
end

return M
