--- admin: the calls below /_emulator/, by which a test sets knobs and reads
--- the log.
--
-- Law of this file: a change is made as a whole or not at all. With one
-- unknown name or bad value in it, no knob changes.

local knobs = require "equinix.emulator.knobs"
local request_log = require "equinix.emulator.request_log"
local tokens = require "equinix.emulator.tokens"

local M = {}

--- The current values of the knobs.
---@param world table
---@return table<string, any>
function M.knobs(world)
  local values = {}
  for _, knob in ipairs(knobs.list) do
    local value = world.dict:get("knob " .. knob.name)
    if value == nil then
      value = world.start[knob.name]
    end
    if value == nil then
      value = knob.default
    end
    values[knob.name] = value
  end
  return values
end

local function show_config(world)
  local values, config = M.knobs(world), {}
  for _, knob in ipairs(knobs.list) do
    config[knob.name] = {
      value = values[knob.name],
      default = knob.default,
      help = knob.help,
    }
  end
  return { status = 200, body = config }
end

local function error_response(status, message)
  return { status = status, body = { error = message } }
end

-- The values to store, by name, and the names of knobs to reset: those whose
-- value is null. Nothing and a message where a name or a value is wrong.
local function read_wanted(world, wanted)
  local checked, resets = {}, {}
  for name, value in pairs(wanted) do
    local valid, message = nil, nil
    if value ~= world.null or not knobs.by_name[name] then
      valid, message = knobs.check(name, value)
    end
    if message then
      return nil, message
    elseif valid == nil then
      resets[#resets + 1] = name
    else
      checked[name] = valid
    end
  end
  return checked, resets
end

local function configure(world, request)
  local wanted = world.decode(request.body)
  if type(wanted) ~= "table" then
    return error_response(400, "the body must be a JSON object of knobs")
  end
  local checked, resets = read_wanted(world, wanted)
  if not checked then
    return error_response(400, resets)
  end
  if checked.revoke_all then
    tokens.revoke_all(world)
  end
  checked.revoke_all = nil -- an action, so there is no value to store
  -- `times` and `total_change` count from the last change.
  world.dict:delete "faults"
  world.dict:delete "pages"
  for name, value in pairs(checked) do
    world.dict:set("knob " .. name, value)
  end
  for _, name in ipairs(resets) do
    world.dict:delete("knob " .. name)
  end
  return show_config(world)
end

local function reset(world)
  world.dict:flush_all()
  world.log:flush_all()
  return { status = 200, body = { reset = true } }
end

local CALLS = {
  ["GET /_emulator/config"] = show_config,
  ["POST /_emulator/config"] = configure,
  ["POST /_emulator/reset"] = reset,
  ["GET /_emulator/log"] = function(world)
    return { status = 200, body = request_log.dump(world) }
  end,
}

--- The response to a request below /_emulator/.
function M.respond(world, request)
  local call = CALLS[request.method .. " " .. request.path]
  if not call then
    return error_response(404, "no such call; the emulator has "
      .. "GET and POST /_emulator/config, GET /_emulator/log and "
      .. "POST /_emulator/reset")
  end
  return call(world, request)
end

return M
