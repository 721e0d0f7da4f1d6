--- handle_tools: the tools where the agent sees no token (exposure "handle").
--
-- Law of this file: no secret comes in and none goes out. The operations take
-- no arguments, so they are about the server's own account; from their
-- response every secret member is left out, and a token handle stands for the
-- token.

local allowlist = require "equinix.service.mcp.allowlist"
local json_text = require "equinix.base.json_text"
local request_tool = require "equinix.service.mcp.request_tool"
local schema = require "equinix.service.mcp.schema"
local token_handle = require "equinix.service.token_handle"
local token_tools = require "equinix.service.mcp.token_tools"

local M = {}

local INSTRUCTIONS = " Calls the Equinix APIs with a token that stays in this "
  .. "server. Call getoauth2accesstoken: its token_handle stands for the "
  .. "token. Pass it to equinix_request, together with method, path and "
  .. "query. When a handle is refused, call getoauth2accesstoken again; call "
  .. "refreshoauth2accesstoken only when the API itself responded with 401. "
  .. "Never ask the user for a secret: this server has its own account."

--- For an agent that is about to use the tools.
---@param capability table
---@return string
function M.instructions(capability)
  return capability.mcp_description .. INSTRUCTIONS
end

-- After the capability's own words.
local DESCRIPTIONS = {
  "Returns a handle for the server's own access token, for equinix_request. "
    .. "It expires with the token.",
  "Renews the server's own access token, and returns a handle for the new "
    .. "one.",
}

local HANDLE = {
  name = "token_handle",
  type = "string",
  description = "Stands for the token in equinix_request.",
}

-- The members of the response that are not secret, and the token handle.
local function public_fields(capability)
  local fields = { HANDLE }
  for _, field in ipairs(capability.answer) do
    if not field.secret and field.name ~= "refresh_token_timeout" then
      fields[#fields + 1] = field
    end
  end
  return fields
end

-- The response without its secrets: only members that are known to be public
-- are kept.
local function redact(members, fields)
  local kept = {}
  for _, field in ipairs(fields) do
    kept[field.name] = members[field.name]
  end
  kept.token_handle = json_text.value(token_handle.issue(json_text.string(
    members.access_token)))
  return json_text.object(kept)
end

local NO_ARGUMENTS = { text = "{}", members = {} }

local function operation_tool(capability, i, service, raw_output)
  local operation = capability.operations[i]
  local fields = public_fields(capability)
  return {
    name = operation.name,
    title = operation.title,
    description = operation.title .. ". " .. DESCRIPTIONS[i],
    input = schema.new({}, { closed = true }),
    output = schema.new(fields, { required = { HANDLE.name } }),
    hints = operation.hints,
    run = function(_, _, context)
      local object, members = token_tools.run(service, operation,
        NO_ARGUMENTS, raw_output, context)
      if not object then
        return nil, members
      end
      return redact(members, fields)
    end,
  }
end

local function rules_of(texts)
  local rules, all = {}, {}
  for _, source in ipairs { allowlist.DEFAULT, texts or {} } do
    for _, text in ipairs(source) do
      local rule, message = allowlist.parse(text)
      if not rule then
        error("equinix: allow: " .. message, 0)
      end
      rules[#rules + 1], all[#all + 1] = rule, text
    end
  end
  return rules, table.concat(all, ", ")
end

--- The tools.
---@param capability table
---@param options {service: equinix.Service, client: equinix.Client,
---  allow?: string[]} allow: calls besides allowlist.DEFAULT
---@return equinix.mcp.Tool[]
function M.tools(capability, options)
  local raw_output = schema.new(capability.answer, {
    required = capability.required,
  })
  local list = {}
  for i in ipairs(capability.operations) do
    list[i] = operation_tool(capability, i, options.service, raw_output)
  end
  local rules, allowed = rules_of(options.allow)
  list[#list + 1] = request_tool.tool {
    client = options.client,
    rules = rules,
    allowed = allowed,
  }
  return list
end

return M
