-- mcp: what the specs of MCP share: a server whose service returns scripted
-- responses, and messages.
--
--   local server = mcp.new { response = { status = 200, body = "..." } }
--   local result = server:result("tools/list")
local json = require "equinix.base.json"
local json_text = require "equinix.base.json_text"
local jsonrpc = require "equinix.service.mcp.jsonrpc"
local mcp = require "equinix.service.mcp"
local tables = require "equinix.base.table"

local M = {}

--- The version of this software, as the server reports it.
M.VERSION = "1.2.3"

--- `_meta` of a request of 2026-07-28.
M.META = {
  ["io.modelcontextprotocol/protocolVersion"] = "2026-07-28",
  ["io.modelcontextprotocol/clientCapabilities"] = {},
}

--- What Equinix responds, as the service passes it on.
M.TOKEN = '{"access_token":"the-access-token","token_timeout":"3600",'
  .. '"token_type":"Bearer","user_name":"cageadmin"}'

-- A service that records its calls; `response` may be a function.
local function service_of(response)
  local service = { asked = {} }
  function service.call(_, name, fields, text, context)
    service.asked[#service.asked + 1] = {
      name = name, fields = fields, text = text, context = context,
    }
    local found = type(response) == "function" and response(name)
      or response or {}
    return {
      status = found.status or 200,
      headers = found.headers or {},
      body = found.body or M.TOKEN,
      object = found.object,
      err = found.err,
    }
  end
  return service
end

local Server = {}
Server.__index = Server

--- A message as JSON; id 1 by default, `false` for none.
function M.message(method, params, id)
  return assert(json.encode {
    jsonrpc = "2.0",
    id = id == nil and 1 or id or nil,
    method = method,
    params = params,
  })
end

--- Params of a request of 2026-07-28.
function M.params_2026(params)
  return tables.update({ _meta = M.META }, params)
end

--- Headers as nginx passes them on; `false` removes one.
function M.headers(changes)
  local headers = { host = "127.0.0.1:9090",
    ["content-type"] = "application/json" }
  for name, value in pairs(changes or {}) do
    headers[name] = value or nil
  end
  return headers
end

--- Headers of a request of 2026-07-28.
function M.headers_2026(method, name, changes)
  local headers = M.headers {
    ["mcp-protocol-version"] = "2026-07-28",
    ["mcp-method"] = method,
    ["mcp-name"] = name,
  }
  for key, value in pairs(changes or {}) do
    headers[key] = value or nil
  end
  return headers
end

-- Every response is strict JSON, in one line.
local function checked(line)
  assert(json_text.read(line) and not line:find "[\r\n]", line)
  return json.decode(line)
end

--- The response to a line of stdio.
---@return string|nil line
---@return string|nil agreed version
function Server:line(text, agreed)
  return self.mcp:line(jsonrpc.parse(text), agreed)
end

--- POSTs a text; the response, and its body decoded.
function Server:post(text, headers)
  local response = self.mcp:handle {
    method = "POST",
    path = "/mcp",
    headers = headers or M.headers(),
    body = text,
  }
  return response, response.body ~= "" and checked(response.body) or nil
end

--- The result of a request of 2025 that must succeed.
function Server:result(method, params)
  local response = checked((self:line(M.message(method, params))))
  return response.result or error(response.error.message, 2)
end

--- A tool's result, and its text.
function Server:call(name, arguments)
  local result = self:result("tools/call", {
    name = name,
    arguments = arguments,
  })
  return result, result.content[1].text
end

--- The code of the error in response to a line.
function Server:code(text)
  local response = checked((self:line(text)))
  return response.error and response.error.code, response
end

--- Makes one.
---@param options? table of equinix.service.mcp.new, and response
function M.new(options)
  options = options or {}
  local all = tables.update({ service = service_of(options.response),
    version = M.VERSION }, options)
  return setmetatable({
    mcp = mcp.new(all),
    service = all.service,
  }, Server)
end

return M
