--- schema: what a tool takes and returns, as JSON Schema and as a check.
--
-- Law of this file: both are made from the same fields, so what is promised is
-- what is checked. One level only: what is inside a field is not checked.

local json_text = require "equinix.base.json_text"
local suggest = require "equinix.base.suggest"
local before = require("equinix.base.text").before

local M = {}

---@class equinix.mcp.Schema
---@field private list equinix.operations.Field[] in their order
---@field private written? string the JSON Schema
---@field private fields table<string, equinix.operations.Field>
---@field private required string[]
---@field private closed boolean
local Schema = {}
Schema.__index = Schema

-- A field's type is one name, several, or none: anything.
local function types_of(field)
  return type(field.type) == "string" and { field.type } or field.type
end

-- Some agents can't read a list of types; all of them can read alternatives.
local function property(field)
  local types = types_of(field)
  local members = {
    description = field.description and json_text.value(field.description),
    items = field.items and json_text.object {
      type = json_text.value(field.items),
    },
  }
  if types and #types == 1 then
    members.type = json_text.value(types[1])
  elseif types then
    local branches = {}
    for i, name in ipairs(types) do
      branches[i] = json_text.object { type = json_text.value(name) }
    end
    members.anyOf = json_text.array(branches)
  end
  if field.enum then
    members.enum = json_text.strings(field.enum)
  end
  return json_text.object(members)
end

local function text_of(self)
  local properties = {}
  for _, field in ipairs(self.list) do
    properties[field.name] = property(field)
  end
  local members = {
    type = '"object"',
    properties = json_text.object(properties),
  }
  if #self.required > 0 then
    members.required = json_text.strings(self.required)
  end
  if self.closed then
    members.additionalProperties = "false"
  end
  return json_text.object(members)
end

local function has_type(field, text)
  local types = types_of(field)
  local kind = json_text.kind(text)
  for _, name in ipairs(types or { kind }) do
    if name == kind or (name == "integer" and kind == "number"
      and text:find "^%-?%d+$") then
      return true
    end
  end
  return false
end

local function is_listed(field, text)
  if not field.enum then
    return true
  end
  local value = json_text.string(text)
  for _, allowed in ipairs(field.enum) do
    if allowed == value then
      return true
    end
  end
  return false
end

-- What is wrong with one value; never the value itself.
local function wrong(field, text)
  if not has_type(field, text) then
    return ("%s must be of type %s"):format(field.name,
      table.concat(types_of(field), " or "))
  elseif not is_listed(field, text) then
    return ("%s must be one of %s"):format(field.name,
      table.concat(field.enum, ", "))
  end
end

-- A name is shown only when it looks like one: it may be a misplaced value.
local function unknown(self, name)
  local near = suggest.name(name:sub(1, 64), self.fields)
  local shown = #name <= 64 and name:find "^[A-Za-z_][A-Za-z0-9_]*$"
    and " " .. name
  return "unknown argument" .. (shown or "")
    .. (near and "; did you mean " .. near .. "?" or "")
end

local function sorted(members)
  local names = {}
  for name in pairs(members) do
    names[#names + 1] = name
  end
  table.sort(names, before)
  return names
end

--- The JSON Schema; written when it is first asked for, since most schemas
--- only check.
---@return string
function Schema:text()
  self.written = self.written or text_of(self)
  return self.written
end

--- What is wrong with these members. A null counts as missing.
---@param members table<string, string> name -> JSON
---@return string|nil message
function Schema:complaint(members)
  for _, name in ipairs(self.required) do
    if (members[name] or "null") == "null" then
      return name .. " is missing"
    end
  end
  for _, name in ipairs(sorted(members)) do
    local field, text = self.fields[name], members[name]
    local message
    if field then
      message = text ~= "null" and wrong(field, text) or nil
    else
      message = self.closed and unknown(self, name) or nil
    end
    if message then
      return message
    end
  end
end

--- These members without those that do not fit.
---@param members table<string, string>
---@return table<string, string>|nil fitting nil: a required one is missing
---@return boolean all whether none was left out
function Schema:fitting(members)
  local fitting, all = {}, true
  for name, text in pairs(members) do
    local field = self.fields[name]
    if field and wrong(field, text) then
      all = false
    else
      fitting[name] = text
    end
  end
  for _, name in ipairs(self.required) do
    if not fitting[name] then
      return nil, false
    end
  end
  return fitting, all
end

--- Makes one.
---@param fields equinix.operations.Field[]
---@param options? {required?: string[], closed?: boolean} closed: a member of
---  another name is refused
---@return equinix.mcp.Schema
function M.new(fields, options)
  options = options or {}
  local self = setmetatable({
    list = fields,
    fields = {},
    required = options.required or {},
    closed = options.closed or false,
  }, Schema)
  for _, field in ipairs(fields) do
    self.fields[field.name] = field
  end
  return self
end

return M
