--- token_tools: the two operations of the token as tools.
--
-- Law of this file: REST and MCP do the same. The arguments are the members of
-- the body, the service decides what to do with them, and its response is the
-- result, unchanged.

local error_text = require "equinix.service.mcp.error_text"
local json = require "equinix.base.json"
local json_text = require "equinix.base.json_text"
local published = require "equinix.oauth.operations"
local schema = require "equinix.service.mcp.schema"

local M = {}

-- The secrets among the arguments.
local function secrets_in(operation, fields)
  local secrets = {}
  for _, field in ipairs(operation.fields) do
    local value = fields[field.name]
    if field.secret and type(value) == "string" then
      secrets[#secrets + 1] = value
    end
  end
  return secrets
end

-- The arguments as Lua values.
local function fields_of(members)
  local fields = {}
  for name, text in pairs(members) do
    fields[name] = json.decode(text)
  end
  return fields
end

-- The body as a checked text. What the service itself wrote is JSON; only a
-- name that came from Equinix may hold bytes that are not UTF-8.
local function checked(response)
  local body = response.body
  if response.own then
    return json_text.utf8(body) == body and body or nil
  end
  return (json_text.read(json.without_bom(body)))
end

-- The response as an object that fits its schema; its text is the response's
-- own if nothing had to be left out.
local function object_of(response, output)
  local text = checked(response)
  if not text or json_text.kind(text) ~= "object" then
    return nil
  end
  local members, all = output:fitting(json_text.members(text))
  return members and (all and text or json_text.object(members)), members
end

---@class equinix.mcp.Arguments
---@field text string an object
---@field members table<string, string> the same, taken apart

--- Carries out an operation.
---@param service equinix.Service
---@param operation equinix.operations.Operation
---@param arguments equinix.mcp.Arguments
---@param output equinix.mcp.Schema of the response
---@param context equinix.mcp.Context
---@return string|nil object JSON
---@return table<string, string>|string members of the object; else what went
---  wrong
function M.run(service, operation, arguments, output, context)
  local fields = fields_of(arguments.members)
  local response = service:call(operation.name, fields, arguments.text,
    context)
  if response.status < 200 or response.status >= 300 then
    return nil, error_text.of_response(response,
      secrets_in(operation, fields))
  end
  local object, members = object_of(response, output)
  if not object then
    return nil, "Equinix's response contains no token. Try again later."
  end
  return object, members
end

--- What both operations answer.
---@return equinix.mcp.Schema
function M.output()
  return schema.new(published.answer, { required = published.required })
end

-- A capability may give the whole body as one argument.
local function whole(members)
  local text = members.body or "{}"
  local inner = json_text.kind(text) == "string"
    and json_text.read(json_text.string(text)) or text
  if json_text.kind(inner) ~= "object" then
    return nil
  end
  return { text = inner, members = json_text.members(inner) }
end

--- A tool.
---@param planned table a tool of a plan
---@param token "issue"|"refresh"
---@param service equinix.Service
---@return equinix.mcp.Tool
function M.tool(planned, token, service)
  local operation, output = published.by_token[token], M.output()
  return {
    name = planned.name,
    title = planned.title,
    description = planned.description,
    input = schema.new(planned.inputs or operation.fields, { closed = true }),
    output = output,
    hints = planned.hints,
    run = function(text, members, context)
      local arguments = { text = text, members = members }
      if planned.inputs then
        arguments = whole(members)
        if not arguments then
          return nil, planned.name .. ": body must be an object"
        end
      end
      return M.run(service, operation, arguments, output, context)
    end,
  }
end

return M
