--- admin: /_emulator/, by which a test turns the knobs and reads the log.
--
-- Law of this file: a change is all or nothing. One unknown name or bad
-- value, and no knob moves.

local knobs = require "equinix.emulator.knobs"
local log = require "equinix.emulator.request_log"
local tokens = require "equinix.emulator.tokens"

local M = {}

--- The knobs as they stand.
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

local function shown(world)
  local values, list = M.knobs(world), {}
  for _, knob in ipairs(knobs.list) do
    list[knob.name] = {
      value = values[knob.name],
      default = knob.default,
      help = knob.help,
    }
  end
  return { status = 200, body = list }
end

local function problem(status, message)
  return { status = status, body = { error = message } }
end

local function configure(world, request)
  local wanted = world.decode(request.body)
  if type(wanted) ~= "table" then
    return problem(400, "the body must be a JSON object of knobs")
  end
  local checked = {}
  for name, value in pairs(wanted) do
    local kept, reason = knobs.check(name, value)
    if kept == nil then
      return problem(400, reason)
    end
    checked[name] = kept
  end
  if checked.revoke_all then
    tokens.revoke_all(world) -- an act, no state: it is not kept
  end
  checked.revoke_all = nil
  -- `times` and `total_change` count from the last change.
  world.dict:delete "faults"
  world.dict:delete "pages"
  for name, value in pairs(checked) do
    world.dict:set("knob " .. name, value)
  end
  return shown(world)
end

local function reset(world)
  world.dict:flush_all()
  world.log:flush_all()
  return { status = 200, body = { reset = true } }
end

local CALLS = {
  ["GET /_emulator/config"] = shown,
  ["POST /_emulator/config"] = configure,
  ["POST /_emulator/reset"] = reset,
  ["GET /_emulator/log"] = function(world)
    return { status = 200, body = log.dump(world) }
  end,
}

--- Answers a request below /_emulator/.
function M.answer(world, request)
  local call = CALLS[request.method .. " " .. request.path]
  if not call then
    return problem(404, "there are GET and POST /_emulator/config, "
      .. "GET /_emulator/log and POST /_emulator/reset")
  end
  return call(world, request)
end

return M
