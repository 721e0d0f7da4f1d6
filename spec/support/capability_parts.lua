-- capability_parts: capability files for the specs, as short as a spec needs
-- them.
--
--   local parts = {
--     operations = { { name = "get", method = "GET",
--       path = "/fabric/{id}" } },
--     routes = { { method = "GET", path = "/x/{id}", call = "get" } },
--     tools = { { name = "get", call = "get" } },
--   }
--   capability.plan(parts)          capability.file(parts) -> path, remove
--
-- An operation, a route and a tool may have whatever a file has (inputs is
-- short for inputParameters, output for outputParameters).
local json = require "equinix.base.json"
local plan = require "equinix.capability.plan"
local process = require "spec.support.process"

local M = {}

local NAMESPACE = "api"

local function with_names(entry)
  local copy = {}
  for name, value in pairs(entry) do
    copy[name] = value
  end
  copy.inputParameters, copy.inputs = copy.inputs, nil
  copy.outputParameters, copy.output = copy.output, nil
  copy.call = copy.call and NAMESPACE .. "." .. copy.call
  return copy
end

-- One resource for each entry.
local function resources(list)
  local all = {}
  for i, entry in ipairs(list) do
    local operation = with_names(entry)
    local path = operation.path
    operation.path = nil
    operation.name = operation.name or "operation-" .. i
    all[i] = { name = "resource-" .. i, path = path,
      operations = { operation } }
  end
  return all
end

local function tools_of(list)
  local tools = {}
  for i, entry in ipairs(list) do
    tools[i] = with_names(entry)
    tools[i].description = tools[i].description or "A tool."
  end
  return tools
end

--- The text of a file.
---@param parts {operations: table[], routes?: table[], tools?: table[],
---  rest_port?: integer, mcp_port?: integer, binds?: table[]}
---@return string JSON
function M.text(parts)
  local exposes = {}
  if parts.routes then
    exposes[#exposes + 1] = { type = "rest", namespace = "spec-rest",
      port = parts.rest_port, resources = resources(parts.routes) }
  end
  if parts.tools then
    exposes[#exposes + 1] = { type = "mcp", namespace = "spec-mcp",
      port = parts.mcp_port, description = "Tools of a spec.",
      tools = tools_of(parts.tools) }
  end
  return assert(json.encode {
    naftiko = "1.0.0-alpha2",
    info = { label = "A spec's", description = "Of a spec." },
    binds = parts.binds,
    capability = {
      consumes = { { type = "http", namespace = NAMESPACE,
        baseUri = "https://api.equinix.com", description = "The API.",
        resources = resources(parts.operations) } },
      exposes = exposes,
    },
  })
end

--- The plan of it.
---@param options? table
function M.plan(parts, options)
  local made, problems = plan.of_text(M.text(parts), "spec.json", options)
  return made or error(table.concat(plan.report(problems, "spec.json"), "\n"),
    2)
end

--- A file of it, and the function that removes it.
---@return string path
---@return function remove
function M.file(parts)
  local dir = process.tempdir()
  local path = dir .. "/capability.json"
  local file = assert(io.open(path, "wb"))
  assert(file:write(M.text(parts)))
  file:close()
  return path, function()
    process.remove(dir)
  end
end

return M
