--- token_tools: the capability's two operations as tools.
--
-- Law of this file: REST and MCP do the same thing. The arguments are the
-- members of the body, the service decides what becomes of them, and what it
-- answers is the result, as it is.

local failure = require "equinix.service.mcp.error_text"
local json = require "equinix.base.json"
local scan = require "equinix.base.json_text"
local schema = require "equinix.service.mcp.schema"
local write = require "equinix.base.json_write"

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

-- The answer as an object that is as its schema says; its text is Equinix's
-- own where nothing had to go.
local function object_of(answer, output)
  local text = scan.read(answer.body)
  if not text or scan.kind(text) ~= "object" then
    return nil
  end
  local members, all = output:fitting(scan.members(text))
  return members and (all and text or write.object(members))
end

--- Does an operation.
---@param service equinix.Service
---@param operation equinix.operations.Operation
---@param text string the arguments
---@param output equinix.mcp.Schema of the answer
---@return string|nil object JSON
---@return string|nil words
function M.run(service, operation, text, output, context)
  local fields = json.decode(text)
  local answer = service:call(operation.name, fields, text, context)
  local success = answer.status >= 200 and answer.status < 300
  if not success then
    return nil, failure.of_answer(answer, secrets_in(operation, fields))
  end
  local object = object_of(answer, output)
  if not object then
    return nil, "Equinix's answer has no token in it. Try again later."
  end
  return object
end

--- The tools.
---@param capability table
---@param service equinix.Service
---@return equinix.mcp.Tool[]
function M.tools(capability, service)
  local list = {}
  local output = schema.new(capability.answer, {
    required = capability.required,
  })
  for i, operation in ipairs(capability.operations) do
    list[i] = {
      name = operation.name,
      title = operation.title,
      description = operation.description,
      input = schema.new(operation.fields, { closed = true }),
      output = output,
      hints = operation.hints,
      run = function(text, _, context)
        return M.run(service, operation, text, output, context)
      end,
    }
  end
  return list
end

return M
