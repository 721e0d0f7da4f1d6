--- protocol_2025: what MCP's versions before 2026-07-28 have in common.
--
-- Law of this file: nothing is remembered. `initialize` is answered and leaves
-- no trace; the version of later messages is what their header says, and
-- 2025-03-26 where there is none (as that version's specification says).

local json_text = require "equinix.base.json_text"
local jsonrpc = require "equinix.service.mcp.jsonrpc"

local M = {}

local LATEST = "2025-11-25"

--- The version of a message that names none; the only one with batches.
M.BATCHES = "2025-03-26"

M.versions = { LATEST, "2025-06-18", M.BATCHES }
local HTTP, STDIO = {}, { ["2024-11-05"] = true } -- which needs SSE on HTTP
for _, version in ipairs(M.versions) do
  HTTP[version], STDIO[version] = true, true
end

--- The HTTP status of an error: a message that could be read gets 200.
---@param rpc_error equinix.mcp.RpcError
---@return integer
function M.status(rpc_error)
  return rpc_error.status or 200
end

--- Whether a request may be answered.
---@param request equinix.mcp.Message
---@param headers table<string, string>|nil nil on stdio
---@return true|nil
---@return equinix.mcp.RpcError|nil
function M.check(request, headers)
  local version = headers and headers["mcp-protocol-version"]
  if version and not HTTP[version] and request.method ~= "initialize" then
    return jsonrpc.fail(jsonrpc.INVALID, "MCP-Protocol-Version names a "
      .. "version that is not supported", {
      status = 400,
      data = json_text.object { supported = json_text.strings(M.versions) },
    })
  end
  return true
end

--- What every result of these versions has in addition: nothing.
function M.finish(result)
  return result
end

-- Each takes the server, the request and the HTTP headers (nil on stdio); it
-- returns the members of the result as JSON, or nil and what is wrong.
M.methods = {}

--- Returns also the version that was agreed on.
function M.methods.initialize(server, request, headers)
  local version = json_text.string(request.params.protocolVersion)
  if not version then
    return jsonrpc.fail(jsonrpc.PARAMS, "protocolVersion must be a string")
  end
  local known = headers and HTTP or STDIO
  local agreed = known[version] and version or LATEST
  return {
    protocolVersion = json_text.value(agreed),
    capabilities = server.capabilities,
    serverInfo = server.info,
    instructions = server.instructions,
  }, nil, agreed
end

function M.methods.ping()
  return {}
end

M.methods["tools/list"] = function(server, request)
  return server:list(request)
end

M.methods["tools/call"] = function(server, request)
  return server:call(request)
end

return M
