--- handle_tools: the tools where the agent sees no token (exposure "handle").
--
-- Law of this file: no secret comes in and none goes out. The operations take
-- no arguments, so they are about the server's own account; of what they
-- answer every secret member is left out, and a handle stands for the token.

local handle = require "equinix.service.token_handle"
local operations = require "equinix.service.mcp.token_tools"
local request = require "equinix.service.mcp.request_tool"
local rules = require "equinix.service.mcp.allowlist"
local scan = require "equinix.base.json_text"
local schema = require "equinix.service.mcp.schema"
local write = require "equinix.base.json_write"

local M = {}

M.instructions = "Calls the Equinix APIs with a token that stays in this "
  .. "server. Call getoauth2accesstoken: its token_handle stands for the "
  .. "token. Give it to equinix_request, together with method, path and "
  .. "query. When a handle is refused, call getoauth2accesstoken again; call "
  .. "refreshoauth2accesstoken only when the API itself answered 401. Never "
  .. "ask the user for a secret: this server has its own account."

local DESCRIPTIONS = {
  "A handle of the server's own access token, for equinix_request. It ends "
    .. "with the token.",
  "Renews the server's own access token, and gives a handle of the new one.",
}

local HANDLE = {
  name = "token_handle",
  type = "string",
  description = "Stands for the token in equinix_request.",
}

-- The members of the answer that are no secrets, and the handle.
local function answer_fields(capability)
  local fields = { HANDLE }
  for _, field in ipairs(capability.answer) do
    if not field.secret and field.name ~= "refresh_token_timeout" then
      fields[#fields + 1] = field
    end
  end
  return fields
end

-- Equinix's answer without its secrets. What is not known to be none is one.
local function redact(text, fields)
  local given, kept = scan.members(text), {}
  for _, field in ipairs(fields) do
    kept[field.name] = given[field.name]
  end
  kept.token_handle = write.value(handle.issue(scan.string(
    given.access_token)))
  return write.object(kept)
end

local function operation_tool(capability, i, service, raw_answer)
  local operation, fields = capability.operations[i],
    answer_fields(capability)
  return {
    name = operation.name,
    title = operation.title,
    description = DESCRIPTIONS[i],
    input = schema.new({}, { closed = true }),
    output = schema.new(fields, { required = { HANDLE.name } }),
    hints = operation.hints,
    run = function(_, _, context)
      local text, words = operations.run(service, operation, "{}",
        raw_answer, context)
      if not text then
        return nil, words
      end
      return redact(text, fields)
    end,
  }
end

local function rules_of(texts)
  local list, all = {}, {}
  for _, source in ipairs { rules.DEFAULT, texts or {} } do
    for _, text in ipairs(source) do
      local rule, message = rules.parse(text)
      if not rule then
        error("equinix: allow: " .. message, 0)
      end
      list[#list + 1], all[#all + 1] = rule, text
    end
  end
  return list, table.concat(all, ", ")
end

--- The tools.
---@param capability table
---@param options {service: equinix.Service, client: equinix.Client,
---  allow?: string[]} allow: calls besides rules.DEFAULT
---@return equinix.mcp.Tool[]
function M.tools(capability, options)
  local raw_answer = schema.new(capability.answer, {
    required = capability.required,
  })
  local list = {}
  for i in ipairs(capability.operations) do
    list[i] = operation_tool(capability, i, options.service, raw_answer)
  end
  local allowed, words = rules_of(options.allow)
  list[#list + 1] = request.tool {
    client = options.client,
    rules = allowed,
    allowed = words,
  }
  return list
end

return M
