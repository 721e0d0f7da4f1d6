--- knob_values: what the knobs are set to now, and for how many requests.
--
-- Law of this file: a value that counts down is stored together with the
-- number of its count (the flags of its entry), and a count is only ever
-- decremented, which is atomic over all workers. When a count is over, its
-- knobs are at their start value without a further write. So a fault affects
-- exactly as many requests as it should, and the request that ends it can't
-- undo what a test has set in the meantime.

local knobs = require "equinix.emulator.knobs"

local M = {}

local START = "start" -- the count of `--set times=n`

--- How many more requests a count has.
---@param world table
---@param count integer|string
---@return integer
function M.left(world, count)
  local left = world.dict:get("times " .. count)
    or count == START and world.start.times or 0
  return math.max(left, 0)
end

-- The value that null, or the end of a count, returns a knob to, and its
-- count. A count of the start returns to the knob's own default.
local function at_start(world, knob)
  local value = world.start[knob.name]
  if value == nil then
    return knob.default
  elseif not knob.fault or (world.start.times or 0) == 0 then
    return value
  elseif M.left(world, START) == 0 then
    return knob.default
  end
  return value, START
end

local function current(world, knob)
  local value, count = world.dict:get("knob " .. knob.name)
  if value ~= nil and (not count or M.left(world, count) > 0) then
    return value, count
  end
  return at_start(world, knob)
end

--- The values of all knobs, and the counts of those that count down. `times`
--- is the most requests that any count has left.
---@param world table
---@return table<string, any> values
---@return table<string, integer|string> counts
function M.all(world)
  local values, counts, most = {}, {}, 0
  for _, knob in ipairs(knobs.list) do
    local name = knob.name
    values[name], counts[name] = current(world, knob)
    if counts[name] then
      most = math.max(most, M.left(world, counts[name]))
    end
  end
  values.times = most
  return values, counts
end

--- Begins to count.
---@param world table
---@param times integer 0: no count, the value stays until it is changed
---@return integer|nil count
function M.count(world, times)
  if times > 0 then
    local count = world.dict:incr("counts", 1, 0)
    world.dict:set("times " .. count, times)
    return count
  end
end

--- Sets a knob; with a count, until that is over.
function M.set(world, name, value, count)
  world.dict:set("knob " .. name, value, 0, count or 0)
end

--- Returns a knob to its value at the start.
function M.reset(world, name)
  world.dict:delete("knob " .. name)
end

--- Takes one request from a count.
---@return boolean taken false when another request took the last one
function M.take(world, count)
  local left = world.dict:incr("times " .. count, -1,
    count == START and world.start.times or nil)
  return left ~= nil and left >= 0
end

--- Puts into `values` what follows a count that is over.
function M.expire(world, values, counts, over)
  for name, count in pairs(counts) do
    if count == over then
      values[name], counts[name] = at_start(world, knobs.by_name[name])
    end
  end
end

return M
