--- server: a parsed text in, the text of the response out; both generations of
--- the protocol, no transport.
--
-- Law of this file: the message alone decides which protocol it belongs to,
-- and nothing of it is remembered. A notification and a response are never
-- answered.

local json_text = require "equinix.base.json_text"
local jsonrpc = require "equinix.service.mcp.jsonrpc"
local memory = require("equinix.base.lazy") "equinix.base.memory"
local protocol_2025 = require "equinix.service.mcp.protocol_2025"
local protocol_2026 = require "equinix.service.mcp.protocol_2026"
local trace = require "equinix.http.traceparent"

local M = {}

---@class equinix.mcp.Server
---@field tools equinix.mcp.Tools
---@field info string JSON: name, version, title
---@field capabilities string JSON
---@field instructions string JSON
---@field log fun(text: string)
local Server = {}
Server.__index = Server

local NULL = "null"

local MAX_BATCH = 100 -- a response can be much longer than its request

--- The text of an error.
---@param rpc_error equinix.mcp.RpcError
---@param id string|nil JSON
---@return string
function M.refusal(rpc_error, id)
  return json_text.object {
    jsonrpc = '"2.0"',
    id = id or NULL,
    error = json_text.object {
      code = json_text.value(rpc_error.code),
      message = json_text.value(rpc_error.message),
      data = rpc_error.data,
    },
  }
end

--- tools/list, the same in both protocols. There is one page.
---@param request equinix.mcp.Message
function Server:list(request)
  if (request.params.cursor or NULL) ~= NULL then
    return jsonrpc.fail(jsonrpc.PARAMS, "unknown cursor")
  end
  return { tools = self.tools:text() }
end

--- tools/call, the same in both protocols.
---@param request equinix.mcp.Message
function Server:call(request)
  local name = json_text.string(request.params.name)
  local arguments = request.params.arguments or NULL
  if arguments == NULL then
    arguments = "{}"
  end
  local tool = name and self.tools.by_name[name]
  if not tool then
    return jsonrpc.fail(jsonrpc.PARAMS, "unknown tool")
  elseif json_text.kind(arguments) ~= "object" then
    return jsonrpc.fail(jsonrpc.PARAMS, "arguments must be an object")
  end
  local traceparent = json_text.string(request.meta.traceparent)
  return self.tools:call(tool, arguments, {
    traceparent = trace.is_valid(traceparent) and traceparent or nil,
  })
end

local function run(self, protocol, request, headers)
  local ok, rpc_error = protocol.check(request, headers)
  if not ok then
    return nil, rpc_error
  end
  local method = protocol.methods[request.method]
  if not method then
    return jsonrpc.fail(jsonrpc.METHOD, "unknown method")
  elseif request.unnamed then
    return jsonrpc.fail(jsonrpc.PARAMS, "params must be an object")
  end
  return method(self, request, headers)
end

-- The response to a request.
local function respond(self, request, headers)
  local protocol = protocol_2026.claims(request, headers) and protocol_2026
    or protocol_2025
  local ok, result, rpc_error, agreed = pcall(run, self, protocol, request,
    headers)
  if not ok then
    -- What was raised may name anything, so only the log gets it.
    self.log(tostring(result))
    result, rpc_error = jsonrpc.fail(jsonrpc.INTERNAL, memory.is(result)
      and "out of memory" or "internal error")
  end
  if not result then
    return M.refusal(rpc_error, request.id), protocol.status(rpc_error)
  end
  return json_text.object {
    jsonrpc = '"2.0"',
    id = request.id,
    result = json_text.object(protocol.finish(result, self)),
  }, 200, agreed
end

-- The response to one message that is not a batch.
local function single(self, message, rpc_error, id, headers)
  if not message then
    return M.refusal(rpc_error, id), 400
  elseif not message.id or message.response then
    return nil, 202
  end
  return respond(self, message, headers)
end

-- What must not be part of a batch is refused there, by itself.
local function in_batch(self, text, headers)
  local message, rpc_error, id = jsonrpc.read(text)
  local alone = message and message.id and message.method
    and (message.method == "initialize" and "initialize"
      or protocol_2026.claims(message, headers)
      and "a request of version " .. protocol_2026.versions[1])
  if not alone then
    return (single(self, message, rpc_error, id, headers))
  end
  local _, refused = jsonrpc.fail(jsonrpc.INVALID, alone
    .. " can't be part of a batch")
  return M.refusal(refused, message.id)
end

-- Only one version has batches.
local function has_batches(headers, version)
  version = headers and headers["mcp-protocol-version"] or version
  return (version or protocol_2025.BATCHES) == protocol_2025.BATCHES
end

local function refuse(code, message)
  local _, rpc_error = jsonrpc.fail(code, message)
  return M.refusal(rpc_error), 400
end

local function batch(self, value, headers, version)
  if not has_batches(headers, version) then
    return refuse(jsonrpc.INVALID, "send one message at a time: only version "
      .. protocol_2025.BATCHES .. " has batches")
  end
  local items, responses = json_text.items(value), {}
  if #items == 0 or #items > MAX_BATCH then
    return refuse(jsonrpc.INVALID, "a batch must have 1 to " .. MAX_BATCH
      .. " messages")
  end
  for _, item in ipairs(items) do
    responses[#responses + 1] = in_batch(self, item, headers)
  end
  if #responses == 0 then
    return nil, 202
  end
  return json_text.array(responses), 200
end

--- Answers a text.
---@param parsed equinix.mcp.Parsed
---@param headers table<string, string>|nil lower-case names; nil on stdio
---@param version? string that stdio agreed on
---@return string|nil response JSON; nil: there is none
---@return integer status of HTTP
---@return string|nil agreed version, where it was an `initialize`
function Server:answer(parsed, headers, version)
  if parsed.batch then
    return batch(self, parsed.batch, headers, version)
  end
  return single(self, parsed.message, parsed.rpc_error, parsed.id, headers)
end

---@param fields table the fields of equinix.mcp.Server
---@return equinix.mcp.Server
function M.new(fields)
  return setmetatable(fields, Server)
end

return M
