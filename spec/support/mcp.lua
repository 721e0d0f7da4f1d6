-- mcp: what the specs of MCP share: an adapter with a service whose answers
-- are written down, and messages.
--
--   local a = mcp.new { answer = { status = 200, body = "..." } }
--   local result = a:result("tools/list")
local adapter = require "equinix.service.mcp"
local json = require "equinix.base.json"
local scan = require "equinix.base.json_text"

local M = {}

--- `_meta` of a request of 2026-07-28.
M.META = {
  ["io.modelcontextprotocol/protocolVersion"] = "2026-07-28",
  ["io.modelcontextprotocol/clientCapabilities"] = {},
}

--- What Equinix answers, as the service hands it on.
M.TOKEN = '{"access_token":"the-access-token","token_timeout":"3600",'
  .. '"token_type":"Bearer","user_name":"cageadmin"}'

-- A service that notes what it was asked; `answer` may be a function.
local function service_of(answer)
  local service = { asked = {} }
  function service.call(_, name, fields, text, context)
    service.asked[#service.asked + 1] = {
      name = name, fields = fields, text = text, context = context,
    }
    local found = type(answer) == "function" and answer(name) or answer or {}
    return {
      status = found.status or 200,
      headers = found.headers or {},
      body = found.body or M.TOKEN,
      object = found.object,
      problem = found.problem,
    }
  end
  return service
end

local Server = {}
Server.__index = Server

--- A message as JSON; id 1 unless told, `false` for none.
function M.message(method, params, id)
  return assert(json.encode {
    jsonrpc = "2.0",
    id = id == nil and 1 or id or nil,
    method = method,
    params = params,
  })
end

--- Params of a modern request.
function M.modern(params)
  local all = { _meta = M.META }
  for name, value in pairs(params or {}) do
    all[name] = value
  end
  return all
end

--- Headers as nginx hands them on; `false` takes one away.
function M.headers(changes)
  local headers = { host = "127.0.0.1:9090",
    ["content-type"] = "application/json" }
  for name, value in pairs(changes or {}) do
    headers[name] = value or nil
  end
  return headers
end

--- Headers of a modern request.
function M.modern_headers(method, name, changes)
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

-- Every answer is JSON to the letter, in one line.
local function checked(line)
  assert(scan.read(line) and not line:find "[\r\n]", line)
  return json.decode(line)
end

--- POSTs a text; the response, and its body decoded.
function Server:post(text, headers)
  local response = self.adapter:handle {
    method = "POST",
    path = "/mcp",
    headers = headers or M.headers(),
    body = text,
  }
  return response, response.body ~= "" and checked(response.body) or nil
end

--- The result of a legacy request that must succeed.
function Server:result(method, params)
  local answer = checked(self.adapter:line(M.message(method, params)))
  return answer.result or error(answer.error.message, 2)
end

--- A tool's result, and its words.
function Server:call(name, arguments)
  local result = self:result("tools/call", {
    name = name,
    arguments = arguments,
  })
  return result, result.content[1].text
end

--- The code of the error in answer to a line.
function Server:code(text)
  local answer = checked(self.adapter:line(text))
  return answer.error and answer.error.code, answer
end

--- Makes one.
---@param options? table of adapter.new, and answer
function M.new(options)
  options = options or {}
  local all = { service = service_of(options.answer) }
  for name, value in pairs(options) do
    all[name] = value
  end
  return setmetatable({
    adapter = adapter.new(all),
    service = all.service,
  }, Server)
end

return M
