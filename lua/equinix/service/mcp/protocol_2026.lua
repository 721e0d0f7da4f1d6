--- protocol_2026: MCP 2026-07-28. Each request says all that is needed to
--- answer it.
--
-- Law of this file: what a request says twice it must say alike. Proxies read
-- the headers and we the body; were they let differ, one of us would be
-- deceived. The order of the checks is the specification's: _meta, headers,
-- version, method.

local message = require "equinix.service.mcp.jsonrpc"
local scan = require "equinix.base.json_text"
local write = require "equinix.base.json_write"

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

--- Whether a message belongs here. `Mcp-Method` says nothing: clients of
--- other versions send it, too.
---@param asked equinix.mcp.Message
---@param headers table<string, string>|nil
---@return boolean
function M.claims(asked, headers)
  if asked.meta[VERSION] or asked.method == "server/discover" then
    return true
  end
  return asked.method ~= "initialize" and headers ~= nil
    and KNOWN[headers["mcp-protocol-version"]] or false
end

--- The HTTP status of a problem.
---@param problem equinix.mcp.Problem
---@return integer
function M.status(problem)
  return problem.code == message.METHOD and 404 or problem.status or 200
end

local function check_meta(asked)
  if not scan.string(asked.meta[VERSION]) then
    return message.fail(message.PARAMS, "params._meta[\"" .. VERSION
      .. "\"] must be a string", { status = 400 })
  end
  local capabilities = asked.meta[CAPABILITIES]
  if not capabilities or scan.kind(capabilities) ~= "object" then
    return message.fail(message.PARAMS, "params._meta[\"" .. CAPABILITIES
      .. "\"] must be an object", { status = 400 })
  end
  return true
end

local BASE64 =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

-- RFC 4648, section 4; nil for what is no Base64.
local function from_base64(text)
  local digits = text:match "^([%w+/]*)=?=?$"
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

-- A header carries only some characters, so any value may come as
-- =?base64?...?=. Space around a header's value is not part of it.
local function header_value(text)
  if type(text) ~= "string" then
    return nil -- none, or several
  end
  text = text:match "^[ \t]*(.-)[ \t]*$"
  local encoded = text:match "^=%?base64%?(.*)%?=$"
  if encoded then
    return from_base64(encoded)
  end
  return text
end

local function check_headers(asked, headers)
  local expected = {
    { "MCP-Protocol-Version", scan.string(asked.meta[VERSION]) },
    { "Mcp-Method", asked.method },
    asked.method == "tools/call"
      and { "Mcp-Name", scan.string(asked.params.name) } or nil,
  }
  for _, pair in ipairs(expected) do
    local name, value = pair[1], pair[2]
    if value and header_value(headers[name:lower()]) ~= value then
      return message.fail(HEADER_MISMATCH, "the header " .. name
        .. " is missing or differs from the body", { status = 400 })
    end
  end
  return true
end

local function check_version(asked)
  local version = scan.string(asked.meta[VERSION])
  if KNOWN[version] then
    return true
  end
  return message.fail(UNSUPPORTED_VERSION, "unsupported protocol version", {
    status = 400,
    data = write.object {
      supported = write.strings(M.versions),
      requested = asked.meta[VERSION],
    },
  })
end

--- Whether a message may be looked at.
---@param asked equinix.mcp.Message
---@param headers table<string, string>|nil nil on stdio
---@return true|nil
---@return equinix.mcp.Problem|nil
function M.check(asked, headers)
  local ok, problem = check_meta(asked)
  if ok and headers then
    ok, problem = check_headers(asked, headers)
  end
  if ok then
    ok, problem = check_version(asked)
  end
  return ok, problem
end

--- What every result of this era has besides.
---@param result table<string, string>
---@param server table
---@return table<string, string>
function M.finish(result, server)
  result.resultType = '"complete"'
  result._meta = write.object { [SERVER] = server.info }
  return result
end

local function cached(result)
  if result then
    result.ttlMs, result.cacheScope = write.value(CACHE_MS), '"public"'
  end
  return result
end

M.methods = {}

M.methods["server/discover"] = function(server)
  return cached {
    supportedVersions = write.strings(M.versions),
    capabilities = server.capabilities,
    instructions = server.instructions,
  }
end

M.methods["tools/list"] = function(server, asked)
  local result, problem = server:list(asked)
  return cached(result), problem
end

M.methods["tools/call"] = function(server, asked)
  return server:call(asked)
end

return M
