--- exposes: the routes and the tools that a file serves.
--
-- Law of this file: two routes never fit the same request, two tools never
-- have the same name, and each leads to one operation. What a tool says of
-- itself
-- (hints, words) is passed on; it gives no rights.

local consumes = require "equinix.capability.consumes"
local exposed_inputs = require "equinix.capability.exposed_inputs"
local output_of = require "equinix.capability.output"
local path_of = require "equinix.capability.path"
local problems_of = require "equinix.capability.problems"

local M = {}

local MAX_EXPOSED = 500
local MAX_MEANT = 10 -- nearest names among 500 cost time

local READING = { GET = true, HEAD = true }

-- What the service has at these paths.
local OWN_PATHS = {
  ["/healthz"] = true, ["/readyz"] = true, ["/metrics"] = true,
  ["/openapi.json"] = true,
}

---@class equinix.capability.exposes.State
---@field problems equinix.capability.Problems
---@field operations table<string, equinix.capability.Operation> all of them
---@field called equinix.capability.Operation[] in the order of first use
---@field numbers table<string, integer> id -> its place in `called`
---@field read_only? boolean
---@field namespaces table<string, any>
---@field binds table<string, string>

-- The operation that a call leads to.
local function called(self, object)
  local call = object.call
  if not call then
    return nil
  end
  local operation = self.operations[call]
  if not operation then
    self.problems:add(object.places.call, "%s.call: %s leads nowhere%s",
      object.where, problems_of.name(call), #self.problems.list < MAX_MEANT
        and problems_of.meant(call, self.operations) or "")
  end
  return operation
end

local function number_of(self, operation)
  local number = self.numbers[operation.id]
  if not number then
    number = #self.called + 1
    self.called[number], self.numbers[operation.id] = operation, number
  end
  return number
end

local function is_dropped(self, operation, method)
  return self.read_only and not (READING[operation.method or ""]
    and (not method or READING[method])) or false
end

local NOTHING = {}

-- The operation's inputs, and those of the resource that it does not have.
local function inputs_of(object, resource)
  if not resource.inputParameters then
    return object.inputParameters or NOTHING
  end
  local all, own = {}, {}
  for i, input in ipairs(object.inputParameters or {}) do
    all[i], own[input.name or ""] = input, true
  end
  for _, input in ipairs(resource.inputParameters) do
    if not own[input.name or ""] then
      all[#all + 1] = input
    end
  end
  return all
end

-- A token operation has fields and an answer of its own.
local function warn_token(self, object)
  for _, pair in ipairs(object.with or NOTHING) do
    if pair.name ~= "body" then
      self.problems:warn(pair, "%s.with.%s is not used: a token operation has "
        .. "fields of its own", object.where, pair.name:sub(1, 64))
    end
  end
  if output_of.read(object.outputParameters, self.problems) then
    self.problems:warn(object.places.outputParameters, "%s: a token "
      .. "operation's answer is passed on as it is", object.where)
  end
end

-- The part that routes and tools share.
local function exposed(self, operation, face)
  local object = face.object
  local inputs, constants
  if not operation.token and not operation.refused then
    face.operation, face.namespaces = operation, self.namespaces
    face.binds = self.binds
    face.problems = self.problems
    inputs, constants = exposed_inputs.read(face)
  elseif operation.token then
    warn_token(self, object)
  end
  local words = operation.object
  return {
    name = object.name, title = object.label or words.label,
    description = object.description or words.description or object.label
      or words.label or object.name or operation.id,
    inputs = inputs, constants = constants,
    output = not operation.token
      and output_of.read(object.outputParameters, self.problems) or nil,
  }
end

-- REST -----------------------------------------------------------------------

local function read_route_path(self, resource)
  local parts, message
  if resource.path then
    parts, message = path_of.parse(resource.path)
  end
  local seen = {}
  for i, part in ipairs(parts or {}) do
    local before, behind = parts[i - 1], parts[i + 1]
    if type(part) == "table" and (type(before) ~= "string"
      or before:sub(-1) ~= "/" or (behind and (type(behind) ~= "string"
        or behind:sub(1, 1) ~= "/"))) then
      message = "has a variable that is not a whole segment"
    elseif type(part) == "table" and seen[part.name] then
      message = "has the same variable twice"
    end
    seen[type(part) == "table" and part.name or 0] = true
  end
  if not message and OWN_PATHS[resource.path or ""] then
    message = "is a path of the service itself"
  end
  if message then
    self.problems:add(resource.places.path, "%s.path %s", resource.where,
      message)
    return nil
  end
  return parts
end

-- A name that no other route has, since it is the operationId.
local function unique(self, name)
  local made, i = name, 1
  while self.route_names[made] do
    i = i + 1
    made = name .. "-" .. i
  end
  self.route_names[made] = true
  return made
end

local function is_duplicate(self, object, method, parts)
  local key = method .. " " .. path_of.text(parts, "{}")
  if self.route_keys[key] then
    self.problems:add(object.places.method, "%s: the route %s %s stands twice",
      object.where, method, path_of.text(parts, "{}"))
    return true
  end
  self.route_keys[key] = true
end

local function read_route(self, object, resource, parts)
  local method = consumes.method(object, self.problems)
  local operation = called(self, object)
  if not (method and operation and parts)
    or is_duplicate(self, object, method, parts) then
    return
  end
  local variables, order = {}, path_of.variables(parts)
  for _, name in ipairs(order) do
    variables[name] = true
  end
  local route = exposed(self, operation, {
    kind = "rest", object = object, method = method,
    variables = variables, order = order,
    declared = inputs_of(object, resource),
  })
  if not is_dropped(self, operation, method) then
    route.name = unique(self, object.name or operation.object.name)
    route.method, route.path = method, parts
    route.operation = number_of(self, operation)
    self.routes[#self.routes + 1] = route
  end
end

local function read_rest(self, rest)
  for _, resource in ipairs(rest.resources or {}) do
    local parts = read_route_path(self, resource)
    for _, object in ipairs(resource.operations or {}) do
      self.count = self.count + 1
      if self.count <= MAX_EXPOSED then
        read_route(self, object, resource, parts)
      elseif self.count == MAX_EXPOSED + 1 then
        self.problems:add(object.place, "more than %d routes", MAX_EXPOSED)
      end
    end
  end
end

-- MCP ------------------------------------------------------------------------

local function name_complaint(self, name)
  if not name:find "^[A-Za-z0-9_.-]+$" or #name > 128 then
    return "has to be 1 to 128 of A-Z, a-z, 0-9, _, . and -"
  elseif name == "equinix_request" then
    return "is reserved"
  elseif self.tool_names[name] then
    return "stands twice"
  end
end

local function read_hints(hints)
  if not hints then
    return nil
  end
  return { readOnly = hints.readOnly, destructive = hints.destructive,
    idempotent = hints.idempotent, openWorld = hints.openWorld }
end

local function read_tool(self, object)
  local complaint = object.name and name_complaint(self, object.name)
  if complaint then
    self.problems:add(object.places.name, "%s: the name of a tool %s",
      object.where, complaint)
  end
  local operation = called(self, object)
  if not object.name or complaint or not operation then
    return
  end
  self.tool_names[object.name] = true
  local tool = exposed(self, operation, {
    kind = "mcp", object = object, variables = NOTHING, order = NOTHING,
    declared = object.inputParameters or NOTHING,
  })
  if not is_dropped(self, operation) then
    tool.hints = read_hints(object.hints)
    tool.operation = number_of(self, operation)
    self.tools[#self.tools + 1] = tool
  end
end

local function read_mcp(self, mcp)
  local transport = mcp.transport
  if transport and transport ~= "http" and transport ~= "stdio" then
    self.problems:add(mcp.places.transport, "%s: unknown transport %s; it is "
      .. "http or stdio", mcp.where, problems_of.name(transport))
  end
  for i, object in ipairs(mcp.tools or {}) do
    if i <= MAX_EXPOSED then
      read_tool(self, object)
    elseif i == MAX_EXPOSED + 1 then
      self.problems:add(object.place, "more than %d tools", MAX_EXPOSED)
    end
  end
end

-- All of it ------------------------------------------------------------------

local FACES = { rest = read_rest, mcp = read_mcp }

local function check_address(self, face)
  local address = face.address
  if address and address ~= "localhost" and address ~= "::1"
    and not address:find "^127%.%d+%.%d+%.%d+$" then
    self.problems:add(face.places.address, "%s.address is not loopback: use "
      .. "--listen and --auth-token-file", face.where)
  end
end

local function read_face(self, face, faces)
  local kind = face.type
  if kind == "skill" then
    if not self.passed then
      self.problems:warn(face.places.type, "%s: skill adapters are passed "
        .. "over", face.where)
    end
    self.passed = true
    return
  elseif not FACES[kind] then
    if kind then
      self.problems:add(face.places.type, "%s: type %s is not served: only "
        .. "rest and mcp", face.where, problems_of.name(kind))
    end
    return
  elseif faces[kind] then
    return self.problems:add(face.places.type, "%s: a second adapter of type "
      .. "%s; a file has one", face.where, kind)
  end
  faces[kind] = face
  check_address(self, face)
  FACES[kind](self, face)
end

--- Reads what a file exposes.
---@param file equinix.capability.Object
---@param options {operations: table<string, equinix.capability.Operation>,
---  read_only?: boolean, namespaces: table<string, any>,
---  binds: table<string, string>}
---@param problems equinix.capability.Problems
---@return table exposed routes, tools, called, and the adapters in `faces`
function M.read(file, options, problems)
  local self = {
    problems = problems, operations = options.operations, called = {},
    numbers = {}, read_only = options.read_only, routes = {}, tools = {},
    namespaces = options.namespaces, binds = options.binds,
    route_names = {}, route_keys = {},
    tool_names = {}, count = 0, faces = {},
  }
  for _, face in ipairs(file.capability and file.capability.exposes or {}) do
    read_face(self, face, self.faces)
  end
  return self
end

return M
