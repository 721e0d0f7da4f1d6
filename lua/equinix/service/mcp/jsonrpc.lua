--- jsonrpc: messages of JSON-RPC 2.0, parsed.
--
-- Law of this file: the id is kept as the text it came as. A message that has
-- a method and no id is a notification; an id is a string or an integer and
-- nothing else, since MCP forbids null, and 1.0 is not the text 1.

local json_text = require "equinix.base.json_text"

local M = {}

--- The codes of JSON-RPC 2.0, section 5.1.
M.PARSE, M.INVALID, M.METHOD, M.PARAMS, M.INTERNAL =
  -32700, -32600, -32601, -32602, -32603

---@class equinix.mcp.RpcError
---@field code integer
---@field message string
---@field data? string JSON
---@field status? integer of HTTP, where it is not the protocol's usual one

---@class equinix.mcp.Message
---@field id? string JSON; nil: a notification
---@field method string
---@field params table<string, string> name -> JSON; empty when there are none
---  or they are null
---@field unnamed? boolean there are params that are not an object
---@field meta table<string, string> of params._meta; empty when there is none
---@field response? boolean it is a response: of the rest it has only an id

--- A text after parsing: a message, a batch, or what is wrong with it.
---@class equinix.mcp.Parsed
---@field message? equinix.mcp.Message
---@field batch? string JSON, an array
---@field rpc_error? equinix.mcp.RpcError
---@field id? string JSON, if the message that is refused has one

--- `nil, rpc_error` in one call.
---@param code integer
---@param message string
---@param more? table further fields of the error
---@return nil
---@return equinix.mcp.RpcError
function M.fail(code, message, more)
  local rpc_error = more or {}
  rpc_error.code, rpc_error.message = code, message
  return nil, rpc_error
end

-- The id as it may be sent back; nil when there is none, or it may not be.
local function id_of(text)
  if text and (json_text.kind(text) == "string" or text:find "^%-?%d+$") then
    return text
  end
end

-- A member that is null counts as absent.
local function present(text)
  return text ~= "null" and text or nil
end

local function members_of(text)
  return text and json_text.kind(text) == "object" and json_text.members(text)
end

--- Reads one message.
---@param text string as json_text.read returned it
---@return equinix.mcp.Message|nil message
---@return equinix.mcp.RpcError|nil
---@return string|nil id JSON, if the message that is refused has one
function M.read(text)
  local raw = members_of(text)
  if not raw then
    return M.fail(M.INVALID, "a message must be a JSON object")
  end
  local id, method = id_of(raw.id), json_text.string(raw.method)
  if raw.id and not id then
    return M.fail(M.INVALID, "id must be a string or an integer")
  end
  local is_2_0 = json_text.string(raw.jsonrpc) == "2.0"
  if is_2_0 and not raw.method and id and (raw.result or raw.error) then
    return { id = id, response = true }
  elseif not is_2_0 or not method then
    local _, rpc_error = M.fail(M.INVALID, is_2_0 and "method must be a string"
      or 'jsonrpc must be "2.0"')
    return nil, rpc_error, id
  end
  local given = present(raw.params)
  local params = members_of(given)
  return {
    id = id,
    method = method,
    params = params or {},
    unnamed = given ~= nil and not params,
    meta = members_of(params and params._meta) or {},
  }
end

--- Parses a text, once for all who use it.
---@param text string any bytes
---@return equinix.mcp.Parsed
function M.parse(text)
  local value, where = json_text.read(text)
  if not value then
    local _, rpc_error = M.fail(M.PARSE, "not valid JSON (RFC 8259): "
      .. where)
    return { rpc_error = rpc_error }
  elseif json_text.kind(value) == "array" then
    return { batch = value }
  end
  local message, rpc_error, id = M.read(value)
  return { message = message, rpc_error = rpc_error, id = id }
end

return M
