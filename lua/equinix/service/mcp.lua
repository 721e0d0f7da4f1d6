--- mcp: the capability as an MCP server of tools. Request table in, response
--- table out, or a line in and a line out; no I/O but the service's.
--
-- Law of this file: HTTP's rules, from the outside in: who may come in, is
-- there such a path, that method, that type, is it small enough; then it is
-- the server's (mcp/server.lua). Nothing is kept between two requests, there
-- are no sessions and no streams, and nothing may be kept by anybody.

local door = require "equinix.service.access"
local message = require "equinix.service.mcp.jsonrpc"
local operations = require "equinix.service.mcp.token_tools"
local server = require "equinix.service.mcp.server"
local tools = require "equinix.service.mcp.tools"
local version = require "equinix.base.version"
local write = require "equinix.base.json_write"

local M = {}

--- Bytes that one message may have.
M.MAX_BODY = 1024 * 1024

local TOO_LONG = "a message may have 1 MiB at most"

local PATHS = { ["/mcp"] = true, ["/"] = true }

---@class equinix.adapter.Mcp
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

local function refuse(status, words, headers)
  local _, problem = message.fail(message.INVALID, words)
  return respond(status, server.refusal(problem), headers)
end

-- "application/json; charset=utf-8" is JSON, too.
local function is_json(content_type)
  local media = (content_type or ""):match "^%s*([^;%s]+)%s*;?"
  return media ~= nil and media:lower() == "application/json"
end

--- Answers a request.
---@param request equinix.adapter.Request
---@return equinix.adapter.Response
function Mcp:handle(request)
  local refusal = self.door:check(request)
  if refusal then
    return refusal
  elseif not PATHS[request.path] then
    return refuse(404, "there is nothing here; MCP is at /mcp")
  elseif request.method ~= "POST" then
    return refuse(405, "MCP takes POST: there are no streams and no sessions",
      { Allow = "POST" })
  elseif not is_json(request.headers["content-type"]) then
    return refuse(415, "send JSON, with Content-Type: application/json")
  elseif #request.body > M.MAX_BODY then
    return refuse(413, TOO_LONG)
  end
  local answer, status = self.server:answer(request.body, request.headers)
  return respond(status, answer)
end

--- Answers a line of stdio.
---@param text string without its end
---@param agreed? string version that `initialize` agreed on
---@return string|nil line nil: it is not answered
function Mcp:line(text, agreed)
  return (self.server:answer(text, nil, agreed))
end

--- The answer to a line of stdio that was longer than MAX_BODY.
---@return string line
function Mcp:too_long()
  local _, problem = message.fail(message.PARSE, TOO_LONG)
  return server.refusal(problem)
end

local NO_LOG = function() end

local function tools_of(options, capability)
  if options.exposure == "handle" then
    local handles = require "equinix.service.mcp.handle_tools"
    return handles.tools(capability, options), handles.instructions
  end
  return operations.tools(capability, options.service),
    capability.instructions
end

--- Makes the server.
---@param options {service: equinix.Service, client: equinix.Client,
---  capability?: table, auth_token?: string, allowed_hosts?: string[],
---  exposure?: "raw"|"handle", allow?: string[], now?: (fun(): number),
---  dictionary?: table, log?: (fun(words: string))}
---  allow: calls besides those of mcp/rules.lua, for "handle"; now: seconds
---  with fractions; dictionary: one of ngx.shared, where workers share the
---  limits of the tools; log: gets what nobody else may see
---@return equinix.adapter.Mcp
function M.new(options)
  local capability = options.capability or require "equinix.oauth.operations"
  local list, instructions = tools_of(options, capability)
  return setmetatable({
    door = door.new(options),
    server = server.new {
      tools = tools.new(list, options.now or os.time, options.dictionary),
      info = write.object {
        name = write.value(capability.namespaces.mcp),
        title = write.value(capability.title),
        version = write.value(version),
      },
      capabilities = '{"tools":{}}',
      instructions = write.value(instructions),
      log = options.log or NO_LOG,
    },
  }, Mcp)
end

return M
