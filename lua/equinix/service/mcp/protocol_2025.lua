--- protocol_2025: what MCP's versions before 2026-07-28 have in common.
--
-- Law of this file: nothing is remembered. `initialize` answers and leaves no
-- trace; the version of what comes later is what its header says, and
-- 2025-03-26 where there is none (as that version's specification has it).

local message = require "equinix.service.mcp.jsonrpc"
local scan = require "equinix.base.json_text"
local write = require "equinix.base.json_write"

local M = {}

local LATEST = "2025-11-25"

--- The version of a message that names none; the only one with batches.
M.BATCHES = "2025-03-26"

M.versions = { LATEST, "2025-06-18", M.BATCHES }
local HTTP, STDIO = {}, { ["2024-11-05"] = true } -- older: SSE on HTTP
for _, version in ipairs(M.versions) do
  HTTP[version], STDIO[version] = true, true
end

--- The HTTP status of a problem: what could be read is answered with 200.
---@param problem equinix.mcp.Problem
---@return integer
function M.status(problem)
  return problem.status or 200
end

--- Whether a message may be looked at.
---@param asked equinix.mcp.Message
---@param headers table<string, string>|nil nil on stdio
---@return true|nil
---@return equinix.mcp.Problem|nil
function M.check(asked, headers)
  local version = headers and headers["mcp-protocol-version"]
  if version and not HTTP[version] and asked.method ~= "initialize" then
    return message.fail(message.INVALID, "MCP-Protocol-Version names a "
      .. "version that is not supported", {
      status = 400,
      data = write.object { supported = write.strings(M.versions) },
    })
  end
  return true
end

--- What every result of this era has besides: nothing.
function M.finish(result)
  return result
end

M.methods = {}

function M.methods.initialize(server, asked, headers)
  local version = scan.string(asked.params.protocolVersion)
  if not version then
    return message.fail(message.PARAMS, "protocolVersion must be a string")
  end
  local known = headers and HTTP or STDIO
  return {
    protocolVersion = write.value(known[version] and version or LATEST),
    capabilities = server.capabilities,
    serverInfo = server.info,
    instructions = server.instructions,
  }
end

function M.methods.ping()
  return {}
end

M.methods["tools/list"] = function(server, asked)
  return server:list(asked)
end

M.methods["tools/call"] = function(server, asked)
  return server:call(asked)
end

return M
