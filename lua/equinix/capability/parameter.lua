--- parameter: one input as it is declared, of an operation, a route or a tool.
--
-- Law of this file: what can't be sent is refused here: a place that does not
-- exist, a type that is none, a header that belongs to the service or to HTTP.

local lower = require("equinix.base.text").lower
local problems_of = require "equinix.capability.problems"
local value_of = require "equinix.capability.value"

local M = {}

local PLACES = { path = true, query = true, header = true, body = true }

-- Whose request it is, where a message ends, a coding that nothing here reads
-- (and so no token in it), and another method than the one that is shown.
local FORBIDDEN = {
  authorization = true, host = true, cookie = true, connection = true,
  ["transfer-encoding"] = true, te = true, trailer = true, upgrade = true,
  ["keep-alive"] = true, expect = true, ["accept-encoding"] = true,
  ["x-http-method"] = true, ["x-http-method-override"] = true,
  ["x-method-override"] = true,
}

--- Whether a header may be set by a file: a token, and not one of ours.
---@param name string
---@return boolean
function M.is_header(name)
  local text = lower(name)
  return name:find "^[A-Za-z0-9!#$%%&'*+.^_`|~-]+$" ~= nil
    and not FORBIDDEN[text]
    and not text:find "^content%-" and not text:find "^proxy%-"
end

--- What is wrong with the name of an input.
---@param name string
---@return string|nil
function M.name_complaint(name)
  if #name > 128 then
    return "is longer than 128 bytes"
  elseif name:find "[%z\1-\31\127{}]" or name:find "^ "
    or name:find " $" then
    return "has a brace, or a space at its end"
  end
end

--- How many inputs an operation, a route or a tool may have.
M.MAX_INPUTS = 100

--- Whether a constant can stand in its place.
---@param place string
---@param value any
---@return boolean
function M.fits(place, value)
  if type(value) ~= "string" then
    return true
  elseif place == "path" then
    return value ~= "" and value ~= "." and value ~= ".."
      and not value:find "[%z\1-\31/\\%%\127]"
  end
  return place ~= "header" or not value:find "[%z\1-\31\127]"
end

local function check_type(object, key, problems)
  local kind = object[key]
  if kind and not value_of.TYPES[kind] then
    problems:add(object.places[key], "%s.%s: unknown type %s%s", object.where,
      key, problems_of.name(kind), problems_of.meant(kind, value_of.TYPES))
    object[key] = nil
  end
end

local function check_place(object, problems)
  local place = object["in"]
  if place and not PLACES[place] then
    problems:add(object.places["in"], "%s: in: %s is not supported; it is one "
      .. "of path, query, header and body", object.where,
      problems_of.name(place))
    object["in"] = nil
    object.misplaced = true
  elseif place == "header" and not M.is_header(object.name) then
    problems:add(object.places["in"], "%s: the header %s can't be set by a "
      .. "file", object.where, problems_of.name(object.name))
    object.misplaced = true
  end
end

--- Checks a declared input. One without a name has been reported.
---@param object equinix.capability.Object
---@param problems equinix.capability.Problems
---@return boolean|nil usable
function M.check(object, problems)
  if not object.name then
    return nil
  end
  local complaint = M.name_complaint(object.name)
  if complaint then
    problems:add(object.places.name, "%s: the name %s", object.where,
      complaint)
    return nil
  end
  check_type(object, "type", problems)
  if object.items then
    check_type(object.items, "type", problems)
  end
  check_place(object, problems)
  return not object.misplaced
end

return M
