--- plan: from a capability file to what the service runs.
--
-- Law of this file: a plan is plain data that JSON can carry, and what reads
-- it may trust its shape. There is a plan or there are mistakes, all of them;
-- never a plan of the part that was right.

local consumes = require "equinix.capability.consumes"
local document = require "equinix.capability.document"
local exposes = require "equinix.capability.exposes"
local file_of = require "equinix.base.file"
local problems_of = require "equinix.capability.problems"
local reader = require "equinix.capability.reader"

local M = {}

---@class equinix.capability.Options
---@field base_url? string the configured one
---@field read_only? boolean drop what is not GET or HEAD

local function check_version(file, problems)
  local key = file.places.naftiko and "naftiko" or "ikanos"
  local version = file[key]
  if not file.places[key] then
    problems:add(file.place, "the file has no 'naftiko' (or 'ikanos'): it is "
      .. "no capability file")
  elseif file.places.naftiko and file.places.ikanos then
    problems:add(file.places.ikanos, "the file has both 'naftiko' and "
      .. "'ikanos'")
  elseif key == "naftiko" and version ~= "1.0.0-alpha1"
    and version ~= "1.0.0-alpha2" then
    problems:add(file.places[key], "naftiko %s is not read: only 1.0.0-alpha1 "
      .. "and 1.0.0-alpha2", problems_of.name(version or ""))
  elseif key == "ikanos" and not (version or ""):find "^1%.0%.0%-beta%d*$"
    and not (version or ""):find "^1%.0%.0%-alpha[3-9]%d*$" then
    problems:add(file.places[key], "ikanos %s is not read: only 1.0.0-alpha3 "
      .. "to beta", problems_of.name(version or ""))
  end
end

-- What the adapters are called: `<own namespace>.x` is the caller's x.
local function namespaces_of(file)
  local names = {}
  for _, face in ipairs(file.capability and file.capability.exposes or {}) do
    if face.namespace then
      names[face.namespace] = true
    end
  end
  return names
end

-- Only what the run time needs, of an operation.
local function operation_of(operation)
  local inputs = {}
  for i = 1, #operation.inputs do
    local input = operation.inputs[i]
    inputs[i] = {
      name = input.name, place = input.place,
      as = input.as ~= input.name and input.as or nil,
      type = input.type, items = input.items, whole = input.whole,
      required = input.required or nil, constant = input.constant,
    }
  end
  return {
    id = operation.id, method = operation.method, token = operation.token,
    path = operation.path, inputs = inputs, body = operation.body,
  }
end

local function assemble(file, exposed)
  local info, faces = file.info or {}, exposed.faces
  local rest, mcp = faces.rest or { places = {} }, faces.mcp or { places = {} }
  local operations = {}
  for i, operation in ipairs(exposed.called) do
    operations[i] = operation_of(operation)
  end
  return {
    title = info.label or rest.namespace or mcp.namespace or "capability",
    description = info.description or info.label or "",
    namespaces = {
      rest = faces.rest and (rest.namespace or "rest"),
      mcp = faces.mcp and (mcp.namespace or "mcp"),
    },
    ports = { rest = rest.port, mcp = mcp.port },
    transport = mcp.transport,
    rest_description = rest.description,
    mcp_description = mcp.description,
    instructions = mcp.description,
    operations = operations,
    routes = exposed.routes,
    tools = exposed.tools,
  }
end

local function check_ports(exposed, problems)
  local rest, mcp = exposed.faces.rest, exposed.faces.mcp
  if rest and mcp and rest.port and rest.port == mcp.port then
    problems:warn(mcp.places.port, "%s.port is also that of rest", mcp.where)
  end
end

--- Makes a plan of a tree.
---@param node equinix.capability.Node
---@param options? equinix.capability.Options
---@return table|nil plan
---@return equinix.capability.Problem[]|nil
function M.of_tree(node, options)
  options = options or {}
  local problems = problems_of.new()
  local file = document.read(node, problems)
  if not file then
    return nil, problems.list
  end
  check_version(file, problems)
  local namespaces = namespaces_of(file)
  local operations, binds = consumes.read(file, {
    base_url = options.base_url, namespaces = namespaces,
  }, problems)
  local exposed = exposes.read(file, {
    operations = operations, read_only = options.read_only, binds = binds,
    namespaces = namespaces,
  }, problems)
  if not exposed.faces.rest and not exposed.faces.mcp
    and #problems.list == 0 then
    problems:add(file.places.capability, "the file exposes neither rest nor "
      .. "mcp")
  end
  if #problems.list > 0 then
    return nil, problems_of.sorted(problems.list)
  end
  check_ports(exposed, problems)
  local plan = assemble(file, exposed)
  plan.warnings = problems_of.sorted(problems.warnings)
  return plan
end

--- Makes a plan of a file's text.
---@param text string
---@param name string the file's
---@param options? equinix.capability.Options
---@return table|nil plan
---@return equinix.capability.Problem[]|nil
function M.of_text(text, name, options)
  local node, problems = reader.read(text, name)
  if not node then
    return nil, problems
  end
  return M.of_tree(node, options)
end

-- Everything that reading makes is kept or small, so collecting in between
-- only costs time: half of it. A file has 1 MiB at most.
local function without_collector(f, ...)
  collectgarbage "stop"
  local ok, first, second = pcall(f, ...)
  collectgarbage "restart"
  return first, second, ok or error(first, 0)
end

--- Makes a plan of a file.
---@param path string
---@param options? equinix.capability.Options
---@return table|nil plan
---@return equinix.capability.Problem[]|nil
function M.of_file(path, options)
  local text, message = file_of.read_given(path, reader.LIMITS.bytes)
  if not text then
    local reason = message:sub(1, #path + 2) == path .. ": "
      and message:sub(#path + 3) or message
    return nil, { { line = 1, column = 1, message = reason } }
  end
  local made, problems = without_collector(M.of_text, text, path, options)
  return made, problems
end

--- The lines of a report: FILE:line:column: message.
M.report = problems_of.report

return M
