--- output: what a capability picks out of Equinix's response.
--
-- Law of this file: values are picked, never changed: each goes out as the
-- text that came in. What is not there is null.

local before = require("equinix.base.text").before
local json_text = require "equinix.base.json_text"

local M = {}

local NULL = "null"

-- The parts of one response, each taken apart once.
local function new_parts()
  return setmetatable({}, {
    __index = function(parts, text)
      local kind = json_text.kind(text)
      parts[text] = kind == "object" and json_text.members(text)
        or kind == "array" and json_text.items(text) or {}
      return parts[text]
    end,
  })
end

-- A name belongs to an object, a number to an array, which counts from 0.
local function member(parts, text, step)
  local kind = json_text.kind(text)
  if type(step) == "number" and kind == "array" then
    return parts[text][step + 1] or NULL
  elseif type(step) == "string" and kind == "object" then
    return parts[text][step] or NULL
  end
  return NULL
end

-- All parts of a value, those of an object by their names.
local function all_of(parts, text)
  local members = parts[text]
  if json_text.kind(text) ~= "object" then
    return members
  end
  local names, list = {}, {}
  for name in pairs(members) do
    names[#names + 1] = name
  end
  table.sort(names, before)
  for i, name in ipairs(names) do
    list[i] = members[name]
  end
  return list
end

local function is_all(step)
  return type(step) == "table"
end

-- What the steps from the i-th on lead to, from each part of a value, in one
-- list.
local function pick_all(parts, text, steps, i, list)
  for _, part in ipairs(all_of(parts, text)) do
    local from = i
    while steps[from] ~= nil and not is_all(steps[from]) do
      part, from = member(parts, part, steps[from]), from + 1
    end
    if steps[from] == nil then
      list[#list + 1] = part
    else
      pick_all(parts, part, steps, from + 1, list)
    end
  end
  return list
end

local function pick(parts, text, steps, i)
  local step = steps[i]
  if step == nil then
    return text
  elseif is_all(step) then
    return json_text.array(pick_all(parts, text, steps, i + 1, {}))
  end
  return pick(parts, member(parts, text, step), steps, i + 1)
end

local map

local function map_items(parts, text, items)
  local list = {}
  for i, item in ipairs(parts[text]) do
    list[i] = map(parts, item, items)
  end
  return json_text.array(list)
end

local function has_any(list)
  return list and #list > 0
end

function map(parts, text, output)
  if output.const ~= nil then
    return json_text.value(output.const)
  end
  local value = pick(parts, text, output.steps or {}, 1)
  if has_any(output.properties) and value ~= NULL then
    local members = {}
    for _, property in ipairs(output.properties) do
      members[property.name] = map(parts, value, property)
    end
    return json_text.object(members)
  elseif output.items and json_text.kind(value) == "array" then
    return map_items(parts, value, output.items)
  end
  return value
end

--- The response of a call.
---@param output table as a plan has it
---@param text string JSON, as json_text.read returned it
---@return string JSON
function M.map(output, text)
  return map(new_parts(), text, output)
end

return M
