--- builtin: the capability that Equinix published, as a file of the same form
--- as any other.
--
-- Law of this file: it goes the road of a file, through the same checks into a
-- plan. Its words are those of oauth/operations. It is there where no YAML can
-- be read: it is made as a tree, and written as YAML only to be shown.

local plan = require "equinix.capability.plan"
local published = require "equinix.oauth.operations"
local writer = require "equinix.capability.writer"

local M = {}

local map = writer.map
local NAMESPACE = "equinix"

local WHOLE = { map("type", "object", "mapping", "$.") }

local function consumed(operation)
  return map("name", (operation.path:sub(2):gsub("/", "-")),
    "path", operation.path,
    "operations", { map("name", operation.name, "method", operation.method,
      "label", operation.title, "description", operation.description,
      "outputRawFormat", "json", "outputParameters",
      { map("name", "result", "type", "object", "value", "$.") }) })
end

local function call(operation)
  return NAMESPACE .. "." .. operation.name
end

local function route(operation)
  return map("path", operation.path, "name", operation.name, "operations", {
    map("method", operation.method, "name", operation.name,
      "label", operation.title, "description", operation.description,
      "call", call(operation), "outputParameters", WHOLE),
  })
end

local function tool(operation)
  local hints = operation.hints
  return map("name", operation.name, "label", operation.title,
    "description", operation.description,
    "hints", map("readOnly", hints.readOnly, "destructive", hints.destructive,
      "idempotent", hints.idempotent),
    "call", call(operation), "outputParameters", WHOLE)
end

local function each(make)
  local list = {}
  for i, operation in ipairs(published.operations) do
    list[i] = make(operation)
  end
  return list
end

--- The file, as the writer takes it.
---@return equinix.capability.Value
function M.document()
  return map("naftiko", "1.0.0-alpha2",
    "info", map("label", published.title, "description", published.description,
      "tags", { "Equinix", "API" }),
    "capability", map(
      "consumes", { map("type", "http", "namespace", NAMESPACE,
        "baseUri", "https://api.equinix.com", "description",
        published.title .. " HTTP API.", "resources", each(consumed)) },
      "exposes", {
        map("type", "rest", "port", 8080,
          "namespace", published.namespaces.rest,
          "description", published.description,
          "resources", each(route)),
        map("type", "mcp", "port", 9090,
          "namespace", published.namespaces.mcp, "transport", "http",
          "description", published.instructions, "tools", each(tool)),
      }))
end

--- What the service runs.
---@param options? equinix.capability.Options
---@return table plan
function M.plan(options)
  local made, problems = plan.of_tree(writer.tree(M.document()), options)
  return made or error(table.concat(plan.report(problems, "built-in"), "\n"))
end

--- The file as YAML.
---@return string
function M.yaml()
  return writer.yaml(M.document())
end

return M
