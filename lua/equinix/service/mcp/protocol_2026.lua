--- protocol_2026: MCP 2026-07-28. Each request contains all that is needed to
--- answer it.
--
-- Law of this file: what a request says twice must be the same. Proxies read
-- the headers and this server the body; if they could differ, one of the two
-- would be deceived. The order of the checks is the specification's: _meta,
-- headers, version, method.

local json_text = require "equinix.base.json_text"
local lower = require("equinix.base.text").lower
local jsonrpc = require "equinix.service.mcp.jsonrpc"
local trim = require "equinix.base.trim"

local M = {}

M.versions = { "2026-07-28" }
local KNOWN = {}
for _, version in ipairs(M.versions) do
  KNOWN[version] = true
end

local VERSION = "io.modelcontextprotocol/protocolVersion"
local CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
local SERVER = "io.modelcontextprotocol/serverInfo"

local HEADER_MISMATCH, UNSUPPORTED_VERSION = -32020, -32022

-- The tools change with the server's version only, and are the same for all.
local CACHE_MS = 3600 * 1000

--- Whether a request is of this version. `Mcp-Method` proves nothing: clients
--- of other versions send it too.
---@param request equinix.mcp.Message
---@param headers table<string, string>|nil
---@return boolean
function M.claims(request, headers)
  if request.meta[VERSION] or request.method == "server/discover" then
    return true
  end
  return request.method ~= "initialize" and headers ~= nil
    and KNOWN[headers["mcp-protocol-version"]] or false
end

--- The HTTP status of an error.
---@param rpc_error equinix.mcp.RpcError
---@return integer
function M.status(rpc_error)
  return rpc_error.code == jsonrpc.METHOD and 404 or rpc_error.status or 200
end

local function check_meta(request)
  if not json_text.string(request.meta[VERSION]) then
    return jsonrpc.fail(jsonrpc.PARAMS, "params._meta[\"" .. VERSION
      .. "\"] must be a string", { status = 400 })
  end
  local capabilities = request.meta[CAPABILITIES]
  if not capabilities or json_text.kind(capabilities) ~= "object" then
    return jsonrpc.fail(jsonrpc.PARAMS, "params._meta[\"" .. CAPABILITIES
      .. "\"] must be an object", { status = 400 })
  end
  return true
end

local BASE64 =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

-- RFC 4648, section 4; nil for what is not Base64.
local function from_base64(text)
  local digits = text:match "^([A-Za-z0-9+/]*)=?=?$"
  if not digits or #text % 4 ~= 0 then
    return nil
  end
  local bytes, bits, count = {}, 0, 0
  for digit in digits:gmatch "." do
    bits, count = bits * 64 + BASE64:find(digit, 1, true) - 1, count + 6
    if count >= 8 then
      count = count - 8
      bytes[#bytes + 1] = string.char(math.floor(bits / 2 ^ count))
      bits = bits % 2 ^ count
    end
  end
  return bits == 0 and table.concat(bytes) or nil
end

-- A header can contain only some characters, so any value may be sent as
-- =?base64?...?=. Space around a header's value is not part of it.
local function header_value(text)
  if type(text) ~= "string" then
    return nil -- missing, or sent several times
  end
  text = trim.both(text, "[ \t]")
  local encoded = text:match "^=%?base64%?(.*)%?=$"
  if encoded then
    return from_base64(encoded)
  end
  return text
end

local function check_headers(request, headers)
  local expected = {
    { "MCP-Protocol-Version", json_text.string(request.meta[VERSION]) },
    { "Mcp-Method", request.method },
    request.method == "tools/call"
      and { "Mcp-Name", json_text.string(request.params.name) } or nil,
  }
  for _, pair in ipairs(expected) do
    local name, value = pair[1], pair[2]
    if value and header_value(headers[lower(name)]) ~= value then
      return jsonrpc.fail(HEADER_MISMATCH, "the header " .. name
        .. " is missing or differs from the body", { status = 400 })
    end
  end
  return true
end

local function check_version(request)
  local version = json_text.string(request.meta[VERSION])
  if KNOWN[version] then
    return true
  end
  return jsonrpc.fail(UNSUPPORTED_VERSION, "unsupported protocol version", {
    status = 400,
    data = json_text.object {
      supported = json_text.strings(M.versions),
      requested = request.meta[VERSION],
    },
  })
end

--- Whether a request may be answered.
---@param request equinix.mcp.Message
---@param headers table<string, string>|nil nil on stdio
---@return true|nil
---@return equinix.mcp.RpcError|nil
function M.check(request, headers)
  local ok, rpc_error = check_meta(request)
  if ok and headers then
    ok, rpc_error = check_headers(request, headers)
  end
  if ok then
    ok, rpc_error = check_version(request)
  end
  return ok, rpc_error
end

--- What every result of this version has in addition.
---@param result table<string, string>
---@param server table
---@return table<string, string>
function M.finish(result, server)
  result.resultType = '"complete"'
  result._meta = json_text.object { [SERVER] = server.info }
  return result
end

local function cacheable(result)
  if result then
    result.ttlMs, result.cacheScope = json_text.value(CACHE_MS), '"public"'
  end
  return result
end

-- As in protocol_2025.
M.methods = {}

M.methods["server/discover"] = function(server)
  return cacheable {
    supportedVersions = json_text.strings(M.versions),
    capabilities = server.capabilities,
    instructions = server.instructions,
  }
end

M.methods["tools/list"] = function(server, request)
  local result, rpc_error = server:list(request)
  return cacheable(result), rpc_error
end

M.methods["tools/call"] = function(server, request)
  return server:call(request)
end

return M
