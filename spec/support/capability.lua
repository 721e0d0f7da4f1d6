-- Capability files for specs: those in spec/support/capabilities, small ones
-- with one thing changed, and large ones.
local plan = require "equinix.capability.plan"

local M = {}

local FOLDER = "spec/support/capabilities/"

--- The path of one of the files.
function M.path(name)
  return FOLDER .. name
end

--- The plan of one of the files.
function M.plan(name, options)
  local made, problems = plan.of_file(FOLDER .. name, options)
  return made or error(table.concat(plan.report(problems, name), "\n"))
end

--- A small file without a mistake; specs change one line of it.
M.BASE = [[
naftiko: 1.0.0-alpha2
info:
  label: Ports
  description: Ports of Fabric
binds:
- namespace: env
  keys:
    SITE: SITE
capability:
  consumes:
  - type: http
    namespace: fabric
    baseUri: https://api.equinix.com
    authentication:
      type: bearer
      token: '{{env.SITE}}'
    resources:
    - name: port
      path: /fabric/v4/ports/{portId}
      operations:
      - name: get-port
        method: GET
        outputRawFormat: json
        inputParameters:
        - name: portId
          in: path
          type: string
        - name: site
          in: query
          value: '{{env.SITE}}'
      - name: change-port
        method: PATCH
        body:
          type: json
          data:
            name: '{{name}}'
  exposes:
  - type: rest
    namespace: ports-rest
    port: 8080
    resources:
    - path: /v1/ports/{portId}
      name: port
      operations:
      - method: GET
        name: get-port
        call: fabric.get-port
        with:
          portId: rest.portId
        outputParameters:
        - type: object
          mapping: $.
  - type: mcp
    namespace: ports-mcp
    port: 9090
    transport: http
    tools:
    - name: get-port
      hints:
        readOnly: true
      call: fabric.get-port
      with:
        portId: tools.portId
    - name: change-port
      call: fabric.change-port
]]

local function replace(text, old, new)
  local from, to = text:find(old, 1, true)
  assert(from, "not in the text: " .. old)
  return text:sub(1, from - 1) .. new .. text:sub(to + 1)
end

--- The base with parts replaced. Where a mistake is expected stands the mark
--- @@, which is removed.
---@return string text
---@return string[] places "line:column" of the marks
function M.changed(...)
  local text = M.BASE
  for i = 1, select("#", ...), 2 do
    local old, new = select(i, ...)
    text = replace(text, old, new)
  end
  return M.marked(text)
end

--- A text without its marks, and their places.
function M.marked(text)
  local places, lines = {}, {}
  for line in (text:gsub("([^\n])$", "%1\n")):gmatch "(.-)\n" do
    while true do
      local at = line:find("@@", 1, true)
      if not at then
        break
      end
      line = line:sub(1, at - 1) .. line:sub(at + 2)
      places[#places + 1] = ("%d:%d"):format(#lines + 1, at)
    end
    lines[#lines + 1] = line
  end
  return table.concat(lines, "\n") .. "\n", places
end

--- The mistakes of a text, in lines; nil and the plan if there are none.
function M.mistakes(text, name, options)
  local made, problems = plan.of_text(text, name or "x.yaml", options)
  if made then
    return nil, made
  end
  return plan.report(problems, "f")
end

-- A plan in lines ------------------------------------------------------------

local function path_text(parts)
  local texts = {}
  for i, part in ipairs(parts) do
    texts[i] = type(part) == "string" and part or "{" .. part.name .. "}"
  end
  return table.concat(texts)
end

local function constant_text(value)
  if type(value) == "table" then
    return value.bind and "$" .. value.bind or table.concat(value, "|")
  end
  return type(value) == "string" and "'" .. value .. "'" or tostring(value)
end

-- name! place/as :type =constant
local function operation_line(operation)
  local words = { operation.method, path_text(operation.path) }
  for _, input in ipairs(operation.inputs) do
    words[#words + 1] = input.name .. (input.required and "!" or "")
      .. "/" .. input.place
      .. (input.as and "/" .. input.as or "")
      .. (input.whole and "/whole" or "")
      .. (input.type and ":" .. input.type or "")
      .. (input.constant ~= nil and "=" .. constant_text(input.constant)
        or "")
  end
  words[#words + 1] = operation.token and "token:" .. operation.token
  words[#words + 1] = operation.body and "body:" .. operation.body.kind
  return table.concat(words, " ")
end

local function inputs_text(entry)
  local words = {}
  for _, input in ipairs(entry.inputs or { { name = "?", targets = {} } }) do
    words[#words + 1] = input.name .. (input.required and "!" or "")
      .. (input.place and "/" .. input.place or "")
      .. (input.whole and "/whole" or "")
      .. (input.type and ":" .. input.type or "")
      .. ">" .. table.concat(input.targets or { input.name }, ",")
  end
  local names = {}
  for name in pairs(entry.constants or {}) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    words[#words + 1] = name .. "=" .. constant_text(entry.constants[name])
  end
  words[#words + 1] = entry.output and "output"
  return table.concat(words, " ")
end

--- What matters of a plan, in lines.
function M.sketch(made)
  local lines = {}
  for _, operation in ipairs(made.operations) do
    lines[#lines + 1] = operation_line(operation)
  end
  for _, route in ipairs(made.routes) do
    lines[#lines + 1] = ("%s %s (%s) -> %d %s"):format(route.method,
      path_text(route.path), route.name, route.operation, inputs_text(route))
  end
  for _, tool in ipairs(made.tools) do
    lines[#lines + 1] = ("%s -> %d %s"):format(tool.name, tool.operation,
      inputs_text(tool))
  end
  return table.concat(lines, "\n")
end

--- A file with this many operations, each a route and a tool.
function M.many(count)
  local consumed, routes, tools = {}, {}, {}
  for i = 1, count do
    consumed[i] = ([[
    - name: item-%d
      path: /fabric/v4/items%d/{id}
      operations:
      - name: get-item-%d
        method: GET
        description: Item %d
        outputRawFormat: json
        inputParameters:
        - name: id
          in: path
          type: string
          description: Its id
          required: true
        - name: limit
          in: query
          type: integer
          description: How many
]]):format(i, i, i, i)
    routes[i] = ([[
    - path: /v1/items%d/{id}
      name: item-%d
      operations:
      - method: GET
        name: get-item-%d
        description: Item %d
        call: many.get-item-%d
        with:
          id: rest.id
          limit: rest.limit
        outputParameters:
        - type: object
          mapping: $.
]]):format(i, i, i, i, i)
    tools[i] = ([[
    - name: get-item-%d
      description: Item %d
      hints:
        readOnly: true
        destructive: false
        idempotent: true
      call: many.get-item-%d
      with:
        id: tools.id
        limit: tools.limit
]]):format(i, i, i)
  end
  return [[
naftiko: 1.0.0-alpha2
info:
  label: Many operations
  description: A file as large as a file may be.
capability:
  consumes:
  - type: http
    namespace: many
    baseUri: https://api.equinix.com
    resources:
]] .. table.concat(consumed) .. [[
  exposes:
  - type: rest
    namespace: many-rest
    port: 8080
    resources:
]] .. table.concat(routes) .. [[
  - type: mcp
    namespace: many-mcp
    port: 9090
    transport: http
    tools:
]] .. table.concat(tools)
end

return M
