--- template: a body written in a capability, with the values of a call in it.
--
-- Law of this file: a template is walked as data and never as text, so that no
-- value can change its structure: what stands where a value belongs becomes
-- that value, with its type, or is left out where there is none.

local json_text = require "equinix.base.json_text"

local M = {}

local fill

local function object(pairs_of, values)
  local members = {}
  for _, pair in ipairs(pairs_of) do
    members[pair[1]] = fill(pair[2], values)
  end
  return json_text.object(members)
end

local function array(trees, values)
  local items = {}
  for _, tree in ipairs(trees) do
    items[#items + 1] = fill(tree, values)
  end
  return json_text.array(items)
end

function fill(tree, values)
  if tree.object then
    return object(tree.object, values)
  elseif tree.array then
    return array(tree.array, values)
  elseif tree.input then
    return values[tree.input]
  elseif tree.null then
    return "null"
  end
  return json_text.value(tree.value)
end

--- The body as JSON.
---@param tree table as a plan has it
---@param values table<string, string> JSON by the input's name
---@return string|nil text nil: the whole of it is a value that is missing
function M.fill(tree, values)
  return fill(tree, values)
end

return M
