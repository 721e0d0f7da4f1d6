--- openapi_parameters: the parameters and the body of an OpenAPI operation as
--- inputs of a capability.
--
-- Law of this file: only references within the document are followed, and not
-- in circles. A description is one line.

local parameter = require "equinix.capability.parameter"
local path_of = require "equinix.capability.path"
local problems_of = require "equinix.capability.problems"
local value_of = require "equinix.capability.value"
local writer = require "equinix.capability.writer"

local M = {}

local MAX_REFERENCES = 16
local MAX_WORDS = 300 -- bytes of a description

--- The text under a key of a map.
---@param node equinix.capability.Node|nil
---@param key string
---@return string|nil
function M.text_at(node, key)
  local value = node and node.by and node.by[key]
  return value and value.kind == "text" and value.text ~= "" and value.text
    or nil
end
local text_at = M.text_at

local function pointed(root, reference)
  local node = root
  for name in reference:gmatch "/([^/]+)" do
    name = name:gsub("~1", "/"):gsub("~0", "~")
    node = node and node.by and node.by[name]
  end
  return reference:sub(1, 2) == "#/" and node or nil
end

--- What a node stands for, behind its references.
---@param root equinix.capability.Node
---@param node equinix.capability.Node|nil
---@return equinix.capability.Node an empty map where it leads nowhere
function M.resolve(root, node)
  for _ = 1, MAX_REFERENCES do
    local reference = text_at(node, "$ref")
    if not reference then
      break
    end
    node = pointed(root, reference)
  end
  return node and not text_at(node, "$ref") and node
    or { kind = "map", pairs = {}, by = {}, line = 0, column = 0 }
end
local resolve = M.resolve

--- A text as one line of at most 300 bytes.
---@param text string
---@return string
function M.words(text)
  text = text:gsub("%s+", " "):gsub("[%z\1-\31\127]", "")
    :match "^%s*(.-)%s*$"
  if #text > MAX_WORDS then
    text = text:sub(1, MAX_WORDS):match "^(.*) " or text:sub(1, MAX_WORDS)
    text = text:gsub("[\192-\255][\128-\191]*$", "") .. "..."
  end
  return text
end

local function described(node)
  local text = text_at(node, "description")
  return text and M.words(text) or nil
end

-- The type of a schema: of several the first that is not null.
local function type_of(root, node)
  local schema = resolve(root, node)
  local kind = schema.by and schema.by.type
  local names = kind and (kind.items or { kind }) or {}
  for _, name in ipairs(names) do
    if name.kind == "text" and value_of.TYPES[name.text] then
      return name.text, schema
    end
  end
  return nil, schema
end

local function enum_of(schema)
  local list = {}
  local enum = schema.by and schema.by.enum
  for i, item in ipairs(enum and enum.items or {}) do
    if item.kind ~= "text" then
      return nil
    end
    list[i] = item.text
  end
  return list[1] and list or nil
end

local PLACES = { path = true, query = true, header = true }

-- Why a parameter is left out.
local function complaint(name, place)
  if not PLACES[place] then
    return "in: " .. tostring(place) .. " is not served"
  elseif place == "header" and not parameter.is_header(name) then
    return "this header is not the caller's to set"
  elseif name == "body" or parameter.name_complaint(name) then
    return "it can't have this name here"
  end
end

local function read_parameter(self, node)
  local name, place = text_at(node, "name"), text_at(node, "in")
  local key = tostring(place) .. " " .. tostring(name)
  if not name or self.seen[key] then
    return
  end
  self.seen[key] = true
  local reason = complaint(name, place)
  reason = reason or self.names[name] and "two parameters have this name"
  if reason then
    self.notes[#self.notes + 1] = ("without the parameter %s: %s"):format(
      problems_of.name(name), reason)
    return
  end
  self.names[name] = true
  local schema = node.by.schema
  local kind
  kind, schema = type_of(self.root, schema)
  local items = kind == "array" and schema.by.items
    and type_of(self.root, schema.by.items)
  self.inputs[#self.inputs + 1] = writer.map("name", name, "in", place,
    "type", kind, "items", items and writer.map("type", items) or nil,
    "description", described(node),
    "required", (place == "path" or text_at(node, "required") == "true")
      or nil,
    "enum", kind == "string" and enum_of(schema) or nil)
end

local function json_of(content)
  for _, pair in ipairs(content and content.pairs or {}) do
    local media = pair.name:match "^[^;%s]+" or ""
    if media == "application/json" or media:find "%+json$" or media == "*/*"
    then
      return pair
    end
  end
end

-- Returns why the operation can't be served.
local function read_body(self, node)
  if not node then
    return nil
  end
  node = resolve(self.root, node)
  local media = json_of(node.by and node.by.content)
  local required = text_at(node, "required") == "true"
  if not media then
    return "its body is not JSON"
  end
  self.inputs[#self.inputs + 1] = writer.map("name", "body", "in", "body",
    "type", type_of(self.root, media.by and media.by.schema),
    "description", described(node) or "The request's body, JSON.",
    "required", required or nil)
end

-- A variable of the path that no parameter describes is one all the same.
local function check_variables(self, path)
  local parts = path_of.parse(path) or {}
  for _, name in ipairs(path_of.variables(parts)) do
    if self.names[name] and not self.seen["path " .. name] then
      return "a parameter has the name of a variable of the path"
    end
  end
end

--- The inputs of an operation.
---@param root equinix.capability.Node
---@param item equinix.capability.Node of the path
---@param operation equinix.capability.Node
---@param path string
---@return equinix.capability.Value[]|nil inputs
---@return string|nil message why it can't be served
---@return string[]|nil notes
function M.read(root, item, operation, path)
  local self = { root = root, inputs = {}, names = {}, seen = {}, notes = {} }
  for _, node in ipairs { operation, item } do
    local list = node.by and node.by.parameters
    for _, entry in ipairs(list and list.items or {}) do
      read_parameter(self, resolve(root, entry))
    end
  end
  local message = read_body(self, operation.by.requestBody)
    or check_variables(self, path)
  if message then
    return nil, message
  end
  return self.inputs, nil, self.notes
end

return M
