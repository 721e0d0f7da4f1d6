--- output: what an answer is made of, where a file wants less than all of it.
--
-- Law of this file: a path is read once, here, into steps; what runs them
-- needs no parser. A path stands for the value that surrounds it: `$.` is all
-- of it. What is more than names, indexes and [*] is refused.

local problems_of = require "equinix.capability.problems"
local value_of = require "equinix.capability.value"

local M = {}

local TYPES = {
  string = true, number = true, integer = true, boolean = true, array = true,
  object = true,
}

-- One step at `at`: the step and the position after it.
local function step_at(text, at)
  local name, behind = text:match("^%.([A-Za-z0-9_$@-]+)()", at)
  if not name then
    name, behind = text:match("^%[%s*'([^']*)'%s*%]()", at)
  end
  if not name then
    name, behind = text:match('^%[%s*"([^"]*)"%s*%]()', at)
  end
  if name then
    return name, behind
  end
  local index
  index, behind = text:match("^%[%s*(%d+)%s*%]()", at)
  if index and #index < 10 then
    return tonumber(index), behind
  end
  behind = text:match("^%[%s*%*%s*%]()", at) or text:match("^%.%*()", at)
  return behind and { all = true }, behind
end

--- Reads a path.
---@param text string "$.data[0].id"
---@return (string|integer|{all: true})[]|nil steps
function M.steps(text)
  text = text:match "^%s*(.-)%s*$"
  if text == "$" or text == "$." then
    return {}
  elseif text:sub(1, 1) ~= "$" then
    return nil
  end
  local steps, at = {}, 2
  while at <= #text do
    local step, behind = step_at(text, at)
    if not step then
      return nil
    end
    steps[#steps + 1], at = step, behind
  end
  return steps
end

local read

local function read_constant(object, problems)
  local key = object.value and "value" or "const"
  local node = object[key]
  if node.kind ~= "text" then
    problems:add(object.places[key], "%s.%s must be a text", object.where, key)
    return nil
  elseif value_of.template(node.text) or value_of.has_part(node.text) then
    problems:add(object.places[key], "%s.%s is a template: use mapping, a "
      .. "path into the answer", object.where, key)
    return nil
  end
  return { type = object.type, const = value_of.typed(node, object.type) }
end

local function read_properties(list, problems)
  local properties, seen = {}, {}
  for _, object in ipairs(list) do
    if object.name and seen[object.name] then
      problems:add(object.place, "%s: the name stands twice", object.where)
    elseif object.name then
      seen[object.name] = true
      local output = read(object, problems)
      output.name = object.name
      properties[#properties + 1] = output
    end
  end
  return properties
end

function read(object, problems)
  if object.type and not TYPES[object.type] then
    problems:add(object.places.type, "%s: unknown type %s%s", object.where,
      problems_of.name(object.type), problems_of.meant(object.type, TYPES))
  end
  if (object.value or object.const) and not object.mapping then
    return read_constant(object, problems) or {}
  end
  local steps = M.steps(object.mapping or "$.")
  if not steps then
    problems:add(object.places.mapping, "%s.mapping is no path such as $.a.b, "
      .. "$.a[0] or $.a[*]", object.where)
  end
  return {
    type = object.type, steps = steps or {},
    properties = object.properties
      and read_properties(object.properties, problems),
    items = object.items and read(object.items, problems),
  }
end

-- Whether it is the whole answer, byte for byte.
local function is_whole(output)
  return output.steps and #output.steps == 0 and not output.properties
    and not output.items
end

--- Reads the outputParameters of a route or a tool.
---@param list equinix.capability.Object[]|nil
---@param problems equinix.capability.Problems
---@return table|nil nil: the whole answer
function M.read(list, problems)
  if not list or #list == 0 then
    return nil
  elseif #list == 1 and not (list[1].name and list[1].mapping) then
    local output = read(list[1], problems)
    return not is_whole(output) and output or nil
  end
  for _, object in ipairs(list) do
    if not object.name then
      problems:add(object.place, "%s has no 'name', and is not the only one",
        object.where)
    end
  end
  return {
    type = "object", steps = {}, properties = read_properties(list, problems),
  }
end

return M
