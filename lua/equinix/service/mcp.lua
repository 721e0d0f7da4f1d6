--- mcp: the capability as an MCP server of tools. Request table in, response
--- table out, or a line in and a line out; no I/O of its own.
--
-- Law of this file: HTTP's rules, from the outside in: access, path, method,
-- media type, and only then the body and its size; the rest is the server's
-- (mcp/server.lua). Nothing is remembered between two requests, there are no
-- sessions and no streams, and no response may be cached on its way.

local access = require "equinix.service.access"
local builtin = require("equinix.base.lazy") "equinix.capability.builtin"
local exposed = require "equinix.service.exposed"
local exposed_tool = require "equinix.service.mcp.exposed_tool"
local json_text = require "equinix.base.json_text"
local jsonrpc = require "equinix.service.mcp.jsonrpc"
local media_type = require "equinix.http.media_type"
local own_request = require "equinix.service.own_request"
local server = require "equinix.service.mcp.server"
local token_tools = require "equinix.service.mcp.token_tools"
local tools = require "equinix.service.mcp.tools"

local M = {}

--- Bytes that one message may have.
M.MAX_BODY = 1024 * 1024

local TOO_LONG = "the message is longer than 1 MiB"

local PATHS = { ["/mcp"] = true, ["/"] = true }

---@class equinix.service.Mcp
---@field private access equinix.Access
---@field private server equinix.mcp.Server
local Mcp = {}
Mcp.__index = Mcp

local function respond(status, body, headers)
  headers = headers or {}
  headers["Cache-Control"] = "no-store"
  if body then
    headers["Content-Type"] = "application/json"
  end
  return { status = status, headers = headers, body = body or "" }
end

local function refuse(status, message, headers)
  local _, rpc_error = jsonrpc.fail(jsonrpc.INVALID, message)
  return respond(status, server.refusal(rpc_error), headers)
end

--- Answers a request.
---@param request equinix.service.HttpRequest
---@return equinix.service.HttpResponse
function Mcp:handle(request)
  local refusal = self.access:check(request)
  if refusal then
    return refusal
  elseif not PATHS[request.path] then
    return refuse(404, "no such path: MCP is at /mcp")
  elseif request.method ~= "POST" then
    return refuse(405, "use POST: there are no streams and no sessions",
      { Allow = "POST" })
  elseif not media_type.is_json(request.headers["content-type"]) then
    return refuse(415, "send JSON, with Content-Type: application/json")
  end
  local text, failure = request.body, nil
  if type(text) == "function" then
    text, failure = text()
  end
  if not text then
    return failure
  elseif #text > M.MAX_BODY then
    return refuse(413, TOO_LONG)
  end
  local complaint = own_request.http_complaint(request)
  if complaint then
    return refuse(400, complaint)
  end
  local body, status = self.server:answer(jsonrpc.parse(text),
    request.headers)
  return respond(status, body)
end

--- Answers a line of stdio.
---@param parsed equinix.mcp.Parsed the line
---@param agreed? string version that `initialize` agreed on
---@return string|nil line nil: it is not answered
---@return string|nil agreed where the line was an `initialize` that succeeded
function Mcp:line(parsed, agreed)
  local line, _, version = self.server:answer(parsed, nil, agreed)
  return line, version
end

--- The response to a line of stdio that was longer than MAX_BODY.
---@return string line
function Mcp:too_long()
  local _, rpc_error = jsonrpc.fail(jsonrpc.PARSE, TOO_LONG)
  return server.refusal(rpc_error)
end

local NO_LOG = function() end

-- The names of the tools for the token, by "issue" and "refresh".
local function token_names(plan)
  local names = {}
  for _, planned in ipairs(plan.tools) do
    local token = plan.operations[planned.operation].token
    if token then
      names[token] = names[token] or planned.name
    end
  end
  return names
end

-- The tools that an agent gets in place of a token, where it could get one.
local function with_handles(options, plan, list)
  local names = token_names(plan)
  if not names.issue then
    return plan.instructions
  end
  local handle_tools = require "equinix.service.mcp.handle_tools"
  list[#list + 1] = handle_tools.request_tool(options, names.issue)
  return handle_tools.instructions(plan, names)
end

local function tools_of(options, plan)
  local calls, list = options.calls or exposed.new(plan, options), {}
  local hidden = options.exposure == "handle"
  local of_token = hidden and require "equinix.service.mcp.handle_tools"
    or token_tools
  for i, planned in ipairs(plan.tools) do
    local token = plan.operations[planned.operation].token
    list[i] = token and of_token.tool(planned, token, options.service)
      or exposed_tool.new(planned, calls)
  end
  return list, hidden and with_handles(options, plan, list)
    or plan.instructions
end

--- Makes the server.
---@param options {service: equinix.Service, client: equinix.Client,
---  version: string, plan?: table, auth_token?: string,
---  calls?: equinix.service.Exposed,
---  getenv?: (fun(name: string): string|nil),
---  allowed_hosts?: string[], exposure?: "raw"|"handle", allow?: string[],
---  now?: (fun(): number), dictionary?: table, log?: (fun(text: string))}
---  version: of this software; allow: calls besides the default ones of
---  mcp/allowlist.lua, for "handle"; now: seconds with fractions; dictionary:
---  one of ngx.shared, where workers share the limits of the tools; log: gets
---  what callers must not see
---@return equinix.service.Mcp
function M.new(options)
  local plan = options.plan or builtin.plan()
  local list, instructions = tools_of(options, plan)
  return setmetatable({
    access = access.new(options),
    server = server.new {
      tools = tools.new(list, options.now or os.time, options.dictionary),
      info = json_text.object {
        name = json_text.value(plan.namespaces.mcp or plan.title),
        title = json_text.value(plan.title),
        version = json_text.value(options.version),
      },
      capabilities = '{"tools":{}}',
      instructions = json_text.value(instructions or ""),
      log = options.log or NO_LOG,
    },
  }, Mcp)
end

return M
