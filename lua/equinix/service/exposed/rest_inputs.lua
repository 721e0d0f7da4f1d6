--- rest_inputs: what a caller of a REST route sent, as values.
--
-- Law of this file: only what the route declares is taken, once; whatever else
-- is in the path, the query or the body is refused and named. A text becomes
-- the JSON of its declared type, so that all that follows is the same for REST
-- and MCP.

local json_text = require "equinix.base.json_text"
local lower = require("equinix.base.text").lower
local schema = require "equinix.service.mcp.schema"
local suggest = require "equinix.base.suggest"

local M = {}

local MAX_NAME = 64 -- bytes of a name that is shown

---@class equinix.exposed.RestInputs
---@field private by_place table<string, table<string, table>> the inputs, by
---  their names on the wire
---@field private whole? table the input that is the whole body
---@field private has_headers? boolean
---@field private has_needs? boolean
---@field private schema equinix.mcp.Schema
local RestInputs = {}
RestInputs.__index = RestInputs

local NUMBERS = { number = true, integer = true }

-- A text of a path, a query or a header as JSON of that type; nil where it is
-- none.
local function typed(kind, text)
  if NUMBERS[kind] or kind == "object" or kind == "array" then
    local value = json_text.read(text)
    return value and json_text.kind(value) == (NUMBERS[kind] and "number"
      or kind) and value or nil
  elseif kind == "boolean" then
    return (text == "true" or text == "false") and text or nil
  end
  return json_text.utf8(text) == text and json_text.value(text) or nil
end

local function wrong_type(input)
  return ("%s must be of type %s"):format(input.name, input.type
    or "string, in UTF-8")
end

local function decoded(text)
  if text:gsub("%%%x%x", ""):find("%", 1, true) then
    return nil
  end
  return (text:gsub("%%(%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end))
end

-- A name may be a value that was put in the wrong place.
local function unknown(name, known)
  if #name > MAX_NAME or not name:find "^[A-Za-z_][A-Za-z0-9_.-]*$" then
    return "a name that is not known here"
  end
  local near = suggest.name(name, known)
  return name .. (near and " (did you mean " .. near .. "?)" or "")
end

local function add_path(self, names, segments, given)
  for i, name in ipairs(names) do
    local input = self.by_place.path[name]
    local text = decoded(segments[i])
    local value = text and typed(input.type, text)
    if not value then
      return wrong_type(input)
    end
    given[input.name] = value
  end
end

-- The texts of each parameter, in their order.
local function split(query, known)
  local lists = {}
  for pair in query:gmatch "[^&]+" do
    local name, text = pair:match "^([^=]*)=?(.*)$"
    name, text = decoded((name:gsub("%+", " "))),
      decoded((text:gsub("%+", " ")))
    if not name or not text then
      return nil, "the query has a % that begins no escape"
    elseif not known[name] then
      return nil, "not understood: " .. unknown(name, known)
    end
    lists[name] = lists[name] or {}
    table.insert(lists[name], text)
  end
  return lists
end

local function array_of(input, texts)
  local items = {}
  for i, text in ipairs(texts) do
    items[i] = typed(input.items, text)
    if not items[i] then
      return nil
    end
  end
  return json_text.array(items)
end

local function add_query(self, query, given)
  local known = self.by_place.query
  local lists, message = split(query, known)
  if not lists then
    return message
  end
  for name, texts in pairs(lists) do
    local input = known[name]
    local is_list = input.type == "array"
    if not is_list and #texts > 1 then
      return name .. " is given twice"
    end
    local value = is_list and array_of(input, texts)
      or not is_list and typed(input.type, texts[1])
    if not value then
      return wrong_type(input)
    end
    given[input.name] = value
  end
end

local function add_headers(self, headers, given)
  for name, input in pairs(self.by_place.header) do
    local text = headers[lower(name)]
    if text then
      given[input.name] = typed(input.type, text)
      if not given[input.name] then
        return wrong_type(input)
      end
    end
  end
end

local function add_body(self, text, given)
  local value, message = json_text.read(text)
  if not value then
    return "the body is not valid JSON: " .. message
  elseif self.whole then
    given[self.whole.name] = value
    return nil
  elseif json_text.kind(value) ~= "object" then
    return "the body must be a JSON object"
  end
  local known = self.by_place.body
  for name, member in pairs(json_text.members(value)) do
    if not known[name] then
      return "not understood: " .. unknown(name, known)
    end
    given[known[name].name] = member
  end
end

--- The values that a request has.
---@param names string[] of the variables in the path
---@param segments string[] what they stand for
---@param request equinix.service.HttpRequest
---@param body string its body; "": none
---@return table<string, string>|nil given JSON by the input's name
---@return string|nil message what is wrong
function RestInputs:read(names, segments, request, body)
  local given = {}
  local message = add_path(self, names, segments, given)
    or request.query and add_query(self, request.query, given)
    or self.has_headers and add_headers(self, request.headers, given)
    or body ~= "" and add_body(self, body, given)
    or (self.has_needs or request.query or body ~= "")
      and self.schema:complaint(given)
  if message then
    return nil, message
  end
  return given
end

-- The type of a whole body is what it is.
local function schema_of(inputs)
  local fields, required = {}, {}
  for i, input in ipairs(inputs) do
    fields[i] = {
      name = input.name,
      type = not input.whole and input.type or nil,
      enum = input.enum,
    }
    required[#required + 1] = input.required and input.name or nil
  end
  return schema.new(fields, { required = required })
end

--- What reads the requests of a route.
---@param inputs table[] of a route, as a plan has them
---@return equinix.exposed.RestInputs
function M.new(inputs)
  local self = setmetatable({
    by_place = { path = {}, query = {}, header = {}, body = {} },
    schema = schema_of(inputs),
  }, RestInputs)
  for _, input in ipairs(inputs) do
    self.has_headers = self.has_headers or input.place == "header"
    -- What has to be checked whatever the query and the body are.
    self.has_needs = self.has_needs or input.required
      or input.place == "header" or input.place == "path"
    if input.whole then
      self.whole = input
    else
      self.by_place[input.place][input.name] = input
    end
  end
  return self
end

return M
