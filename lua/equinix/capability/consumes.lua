--- consumes: the operations of Equinix that a file calls.
--
-- Law of this file: an operation is what is sent: a method, a path on
-- base_url, inputs with their places, a body. Both token operations are
-- recognised by method and path and have no inputs here, since they go the way
-- of oauth/operations; whatever else gives tokens out is refused.

local binds_of = require "equinix.capability.binds"
local consumed_inputs = require "equinix.capability.consumed_inputs"
local lower = require("equinix.base.text").lower
local origin = require "equinix.capability.origin"
local path_of = require "equinix.capability.path"
local problems_of = require "equinix.capability.problems"
local published = require "equinix.oauth.operations"
local upper = require("equinix.base.text").upper
local value_of = require "equinix.capability.value"

local M = {}

local MAX_OPERATIONS = 500

local METHODS = {
  GET = true, HEAD = true, POST = true, PUT = true, PATCH = true,
  DELETE = true,
}

-- "POST /oauth2/v1/token" -> "issue"
local TOKEN = {}
for i, kind in ipairs { "issue", "refresh" } do
  local operation = published.operations[i]
  TOKEN[operation.method .. " " .. operation.path] = kind
end

---@class equinix.capability.Operation
---@field id string
---@field method string
---@field token? "issue"|"refresh"
---@field path equinix.capability.Path
---@field inputs table[]
---@field by table<string, table> the inputs by their names
---@field body? table
---@field object equinix.capability.Object
---@field rejected table<string, true> inputs with a mistake of their own
---@field refused? boolean reported as a whole

---@class equinix.capability.consumes.State
---@field problems equinix.capability.Problems
---@field base_url? string
---@field binds table<string, string>
---@field namespaces table<string, any> of the exposed adapters
---@field operations table<string, equinix.capability.Operation> by id
---@field count integer

--- The method of an operation, in capitals.
---@param object equinix.capability.Object
---@param problems equinix.capability.Problems
---@return string|nil
function M.method(object, problems)
  local method = object.method and upper(object.method)
  if method and not METHODS[method] then
    problems:add(object.places.method, "%s: unknown method %s%s", object.where,
      problems_of.name(object.method),
      (problems_of.meant(object.method, METHODS)))
    return nil
  end
  return method
end

-- Authentication -------------------------------------------------------------

local function check_authentication(self, object)
  local auth = object.authentication
  local kind = auth and auth.type and lower(auth.type)
  if not kind or kind == "none" then
    return
  elseif kind ~= "bearer" then
    self.problems:add(auth.places.type, "%s: authentication of type %s is not "
      .. "used: the service sends its own token", auth.where,
      problems_of.name(auth.type))
  elseif auth.token and not value_of.template(auth.token) then
    self.problems:add(auth.places.token, "%s.token is a literal secret: the "
      .. "service sends its own token; leave it out", auth.where)
  end
end

-- Operations -----------------------------------------------------------------

local function check_format(self, object)
  local format = object.outputRawFormat
  if format and lower(format) ~= "json" then
    self.problems:add(object.places.outputRawFormat, "%s: outputRawFormat %s "
      .. "is not read: only json", object.where, problems_of.name(format))
  end
end

local function refuse_token_path(self, resource, path, token)
  if path_of.gives_tokens(path) and not token then
    self.problems:add(resource.places.path, "%s gives tokens out: only POST "
      .. "/oauth2/v1/token and POST /oauth2/v1/refreshaccesstoken are served",
      resource.where)
    return true
  end
end

-- An operation whose mistake has been reported, so that calls lead somewhere.
local function stand_in(id, object)
  return { id = id, path = { "/" }, inputs = {}, by = {}, rejected = {},
    object = object, refused = true }
end

local function make(self, object, resource, api, parts)
  local method = M.method(object, self.problems)
  local path = path_of.text(parts, "x")
  local token = method and TOKEN[method .. " " .. path]
  local operation = {
    id = api.namespace .. "." .. object.name, method = method, token = token,
    path = parts, inputs = {}, by = {}, rejected = {}, object = object,
  }
  check_format(self, object)
  operation.refused = refuse_token_path(self, resource, path, token)
  if not operation.refused and not token then
    consumed_inputs.read(self, operation, { object.inputParameters,
      resource.inputParameters, api.inputParameters })
  end
  return operation
end

local function copy_of(parts, prefix)
  local copy = {}
  for i = 1, #parts do
    local part = parts[i]
    copy[i] = type(part) == "table" and { name = part.name } or part
  end
  if prefix ~= "" then
    copy[1] = prefix .. copy[1]
  end
  return copy
end

local function read_operation(self, object, resource, api, parts)
  if not object.name then
    return
  end
  local id = api.namespace .. "." .. object.name
  if self.operations[id] then
    return self.problems:add(object.places.name, "%s: the operation %s stands "
      .. "twice", object.where, problems_of.name(id))
  end
  self.count = self.count + 1
  if self.count == MAX_OPERATIONS + 1 then
    self.problems:add(object.place, "more than %d operations", MAX_OPERATIONS)
  end
  self.operations[id] = parts and self.count <= MAX_OPERATIONS
    and make(self, object, resource, api, copy_of(parts, api.prefix))
    or stand_in(id, object)
end

local function read_resource(self, resource, api)
  local parts, message
  if resource.path then
    parts, message = path_of.parse(resource.path)
  end
  if message then
    self.problems:add(resource.places.path, "%s.path %s", resource.where,
      message)
  end
  for _, object in ipairs(resource.operations or {}) do
    read_operation(self, object, resource, api, parts)
  end
end

local function read_api(self, api)
  if api.type and api.type ~= "http" then
    self.problems:add(api.places.type, "%s: type %s is not consumed: only "
      .. "http", api.where, problems_of.name(api.type))
  end
  local prefix, message
  if api.baseUri then
    prefix, message = origin.prefix(api.baseUri, self.base_url)
  end
  if message then
    self.problems:add(api.places.baseUri, "%s.baseUri %s", api.where, message)
  end
  check_authentication(self, api)
  local known = {
    prefix = prefix or "", namespace = api.namespace or "?",
    inputParameters = api.inputParameters,
  }
  for _, resource in ipairs(api.resources or {}) do
    read_resource(self, resource, known)
  end
end

--- Reads what a file consumes.
---@param file equinix.capability.Object
---@param options {base_url?: string, namespaces: table<string, any>}
---@param problems equinix.capability.Problems
---@return table<string, equinix.capability.Operation>
---@return table<string, string> binds
function M.read(file, options, problems)
  local capability = file.capability or {}
  local self = {
    problems = problems, base_url = options.base_url,
    namespaces = options.namespaces, operations = {}, count = 0,
    binds = binds_of.read({ file.binds, capability.binds }, 2, problems),
  }
  for _, api in ipairs(capability.consumes or {}) do
    read_api(self, api)
  end
  return self.operations, self.binds
end

return M
