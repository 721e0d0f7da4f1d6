--- handle_tools: the tools where the agent sees no token (exposure "handle").
--
-- Law of this file: no secret comes in and none goes out. The operations take
-- no arguments, so they are about the server's own account; from their
-- response every secret member is left out, and a token handle stands for the
-- token.

local allowlist = require "equinix.service.mcp.allowlist"
local fill = require("equinix.base.template").fill
local json_text = require "equinix.base.json_text"
local published = require "equinix.oauth.operations"
local request_tool = require "equinix.service.mcp.request_tool"
local schema = require "equinix.service.mcp.schema"
local token_handle = require "equinix.service.token_handle"
local token_tools = require "equinix.service.mcp.token_tools"

local M = {}

local INSTRUCTIONS = " Calls the Equinix APIs with a token that stays in this "
  .. "server. Call %(issue)s: its token_handle stands for the "
  .. "token. Pass it to equinix_request, together with method, path and "
  .. "query. When a handle is refused, call %(issue)s again; "
  .. "%(refresh)s"
  .. "Never ask the user for a secret: this server has its own account."

local REFRESH = "call %s only when the API itself responded with 401. "

--- For an agent that is about to use the tools.
---@param plan table
---@param names table<string, string> of the tools, by "issue" and "refresh"
---@return string
function M.instructions(plan, names)
  local words = plan.mcp_description or ""
  -- The built-in ones say how to use a token.
  if words == published.instructions then
    words = published.mcp_description
  end
  return words .. fill(INSTRUCTIONS, {
    issue = names.issue,
    refresh = names.refresh and REFRESH:format(names.refresh) or "",
  })
end

-- After the capability's own words.
local DESCRIPTIONS = {
  issue = "Returns a handle for the server's own access token, for "
    .. "equinix_request. It expires with the token.",
  refresh = "Renews the server's own access token, and returns a handle for "
    .. "the new one.",
}

local HANDLE = {
  name = "token_handle",
  type = "string",
  description = "Stands for the token in equinix_request.",
}

-- The members of the response that are not secret, and the token handle.
local function public_fields()
  local fields = { HANDLE }
  for _, field in ipairs(published.answer) do
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

--- A tool.
---@param planned table a tool of a plan
---@param token "issue"|"refresh"
---@param service equinix.Service
---@return equinix.mcp.Tool
function M.tool(planned, token, service)
  local operation = published.by_token[token]
  local fields, raw_output = public_fields(), token_tools.output()
  return {
    name = planned.name,
    title = planned.title,
    description = (planned.title or planned.name) .. ". "
      .. DESCRIPTIONS[token],
    input = schema.new({}, { closed = true }),
    output = schema.new(fields, { required = { HANDLE.name } }),
    hints = planned.hints,
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

--- The tool that calls the API with a handle.
---@param options {client: equinix.Client, allow?: string[]} allow: calls
---  besides allowlist.DEFAULT
---@param issue string name of the tool that returns handles
---@return equinix.mcp.Tool
function M.request_tool(options, issue)
  local rules, allowed = rules_of(options.allow)
  return request_tool.tool {
    client = options.client,
    rules = rules,
    allowed = allowed,
    issue = issue,
  }
end

return M
