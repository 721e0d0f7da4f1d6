--- operation: the request to Equinix that a call of a consumed operation is.
--
-- Law of this file: a value can't leave its place. In a path it is one segment
-- that every program reads alike; in a query it is escaped; in a header it has
-- no line end; in a body it is a value. What does not fit is refused with a
-- text that names the input, before anything is sent.

local core = require "equinix.core"
local form = require "equinix.http.form"
local json_text = require "equinix.base.json_text"
local safe_path = require "equinix.http.safe_path"
local template = require "equinix.service.exposed.template"

local M = {}

local MAX_URL = 8000 -- bytes; nginx accepts a request line of 8 KiB

local TOO_LONG = "path and query are longer than 8000 bytes: request less at "
  .. "a time"

---@class equinix.exposed.Operation
---@field id string
---@field method string
---@field token? "issue"|"refresh"
---@field private path (string|{name: string})[]
---@field private names string[] of all inputs, and of the path's variables
---@field private fixed? string the path, where it has no variables
---@field is_short boolean a GET of that path, with a query at most
---@field private places table<string, true> where inputs go
---@field private body? table
---@field private inputs table[] as the plan has them
---@field private constants table<string, string> JSON by the input's name
local Operation = {}
Operation.__index = Operation

-- A string, a number or a boolean as it is sent; a number keeps all its
-- digits. nil for any other kind.
local function plain(text)
  local kind = json_text.kind(text)
  return kind == "string" and json_text.string(text)
    or (kind == "number" or kind == "boolean") and text or nil
end

-- C0, DEL and C1.
local function has_control(text)
  return text:find "[%z\1-\31\127]" or text:find "\194[\128-\159]"
end

local SEGMENT = "%s: a part of a path must not be empty, . or .., and has no "
  .. "/, \\, %% and no control character"

-- What a server might cut off after a ";" counts, too.
local function segment_of(name, text)
  local value = plain(text)
  if not value then
    return nil, name .. " must be a string, a number or a boolean"
  elseif value == "" or value:find "^%.%.?$" or value:find "^%.*;"
    or value:find "[/\\%%]" or has_control(value) then
    return nil, SEGMENT:format(name)
  end
  return core.escape(value)
end

-- The values of a name in a query or in a form.
local function list_of(name, text)
  local list = {}
  local items = json_text.kind(text) == "array" and json_text.items(text)
  for _, item in ipairs(items or { text }) do
    local value = item ~= "null" and plain(item)
    if item ~= "null" and not value then
      return nil, name .. " must be a string, a number, a boolean or a list "
        .. "of them"
    end
    list[#list + 1] = value or nil
  end
  return list
end

local function header_of(name, text)
  local value = plain(text)
  if not value then
    return nil, name .. " must be a string, a number or a boolean"
  elseif has_control(value) then
    return nil, name .. ": a header has no control character"
  end
  return value
end

-- A value, or a string that is JSON.
local function whole_of(name, text)
  if json_text.kind(text) ~= "string" then
    return text
  end
  local inner, message = json_text.read(json_text.string(text))
  return inner, message and name .. " is not JSON: " .. message
end

local function path_of(self, values, labels)
  if self.fixed then
    return self.fixed
  end
  local parts = {}
  for i, part in ipairs(self.path) do
    if type(part) == "string" then
      parts[i] = part
    else
      local label, value = labels[part.name] or part.name, values[part.name]
      if not value then
        return nil, label .. " is missing"
      end
      local segment, message = segment_of(label, value)
      if not segment then
        return nil, message
      end
      parts[i] = segment
    end
  end
  local path = table.concat(parts)
  if not safe_path.is_safe(path) then
    return nil, "this path is not sent"
  end
  return path
end

-- The inputs of one place as `read` makes them, by their names on the wire.
local function gather(self, place, values, labels, read)
  if not self.places[place] then
    return nil
  end
  local found
  for _, input in ipairs(self.inputs) do
    local text = input.place == place and values[input.name]
    if text then
      local value, message = read(labels[input.name] or input.name, text)
      if message then
        return nil, message
      end
      found = found or {}
      found[input.as or input.name] = value
    end
  end
  return found
end

local function itself(_, text)
  return text
end

-- The body as JSON, where there is one.
local function json_body(self, values, labels)
  if self.body then
    return template.fill(self.body.template, values)
  end
  for _, input in ipairs(self.inputs) do
    if input.whole and values[input.name] then
      return whole_of(labels[input.name] or input.name, values[input.name])
    end
  end
  local members = gather(self, "body", values, labels, itself)
  return members and json_text.object(members)
end

local function form_body(self, values)
  local fields = {}
  for _, pair in ipairs(self.body.template.object) do
    local text = template.fill(pair[2], values)
    if text then
      local list, message = list_of(pair[1], text)
      if not list then
        return nil, message
      end
      fields[pair[1]] = list
    end
  end
  return fields
end

local function add_body(self, values, labels, request)
  local message
  if self.body and self.body.kind == "form" then
    request.form, message = form_body(self, values)
  else
    request.body, message = json_body(self, values, labels)
    request.headers["Content-Type"] = request.body and "application/json"
  end
  return message
end

-- With what the capability itself says; null is a value that is missing.
local function complete(self, values, labels)
  local all, constants = {}, self.constants
  -- By the list of names: LuaJIT compiles no loop over a table without order.
  for _, name in ipairs(self.names) do
    local text = values[name]
    if not text or text == "null" then
      text = constants[name]
    end
    all[name] = text
  end
  for _, input in ipairs(self.inputs) do
    if input.required and not all[input.name] then
      return nil, (labels[input.name] or input.name) .. " is missing"
    end
  end
  return all
end

-- Path and query.
local function add_target(self, all, labels, request)
  local query, message
  request.path, message = path_of(self, all, labels)
  if message then
    return message
  end
  query, message = gather(self, "query", all, labels, list_of)
  request.query = query and form.encode(query) or nil
  if request.query == "" then
    request.query = nil
  end
  if #request.path + #(request.query or "") > MAX_URL then
    return TOO_LONG
  end
  return message
end

local NO_LABELS = {}

--- The request, as client:request takes it.
---@param values table<string, string> JSON by the input's name
---@param labels? table<string, string> what the caller calls the inputs
---@return {method: string, path: string, query?: string, headers: table,
---  body?: string, form?: table}|nil
---@return string|nil message what is wrong with the values
function Operation:request(values, labels)
  labels = labels or NO_LABELS
  local all, message = complete(self, values, labels)
  if not all then
    return nil, message
  end
  local request = { method = self.method }
  message = add_target(self, all, labels, request)
  if not message then
    request.headers, message = gather(self, "header", all, labels, header_of)
    request.headers = request.headers or {}
  end
  message = message or add_body(self, all, labels, request)
  if message then
    return nil, message
  end
  return request
end

--- The constants of a plan as JSON.
---@param constants? table<string, any> by the input's name
---@return table<string, string>
function M.constants(constants)
  local texts = {}
  for name, value in pairs(constants or {}) do
    texts[name] = json_text.value(value)
  end
  return texts
end

-- What is always the same is checked once. The token's own paths are never
-- sent from here.
local function fixed_path(path)
  local text = path[1]
  return not path[2] and type(text) == "string" and safe_path.is_safe(text)
    and text or nil
end

local function names_of(operation)
  local names, seen = {}, {}
  local function add(name)
    if not seen[name] then
      seen[name], names[#names + 1] = true, name
    end
  end
  for _, input in ipairs(operation.inputs or {}) do
    add(input.name)
  end
  for _, part in ipairs(operation.path) do
    if type(part) == "table" then
      add(part.name)
    end
  end
  return names
end

--- Makes one.
---@param operation table as a plan has it
---@param getenv fun(name: string): string|nil
---@return equinix.exposed.Operation
function M.new(operation, getenv)
  local constants, places = {}, {}
  for _, input in ipairs(operation.inputs or {}) do
    places[input.place] = true
    local value = input.constant
    -- What is bound comes from the environment.
    constants[input.name] = type(value) == "table" and value.bind
      and getenv(value.bind) or value
  end
  local fixed = fixed_path(operation.path)
  return setmetatable({
    id = operation.id,
    method = operation.method,
    token = operation.token,
    path = operation.path,
    names = names_of(operation),
    fixed = fixed,
    is_short = operation.method == "GET" and fixed ~= nil
      and not (places.header or places.body or operation.body),
    places = places,
    body = operation.body,
    inputs = operation.inputs or {},
    constants = M.constants(constants),
  }, Operation)
end

return M
