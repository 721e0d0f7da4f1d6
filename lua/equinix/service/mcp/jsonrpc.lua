--- jsonrpc: one message of JSON-RPC 2.0, read.
--
-- Law of this file: the id is kept as the text it came as. A message that has
-- a method and no id is a notification; an id is a string or an integer and
-- nothing else, since MCP forbids null and 1.0 is no 1.

local scan = require "equinix.base.json_text"

local M = {}

--- The codes of JSON-RPC 2.0, section 5.1.
M.PARSE, M.INVALID, M.METHOD, M.PARAMS, M.INTERNAL =
  -32700, -32600, -32601, -32602, -32603

---@class equinix.mcp.Problem
---@field code integer
---@field message string
---@field data? string JSON
---@field status? integer of HTTP, where it is not the era's usual one

---@class equinix.mcp.Message
---@field id? string JSON; nil: a notification
---@field method string
---@field params table<string, string> name -> JSON; empty when there are none
---@field unnamed? boolean params are there and are no object
---@field meta table<string, string> of params._meta; empty when there is none

--- `nil, problem` in one call.
---@return nil
---@return equinix.mcp.Problem
function M.fail(code, words, more)
  local problem = more or {}
  problem.code, problem.message = code, words
  return nil, problem
end

-- The id as it may go out; nil when there is none that may.
local function id_of(text)
  if text and (scan.kind(text) == "string" or text:find "^%-?%d+$") then
    return text
  end
end

local function members_of(text)
  return text and scan.kind(text) == "object" and scan.members(text)
end

--- Reads one message.
---@param text string a value of scan's
---@return equinix.mcp.Message|nil message `response` is true when it is one
---@return equinix.mcp.Problem|nil
---@return string|nil id JSON, where the message that is refused has one
function M.read(text)
  local raw = members_of(text)
  if not raw then
    return M.fail(M.INVALID, "a message is a JSON object")
  end
  local id, method = id_of(raw.id), scan.string(raw.method)
  if raw.id and not id then
    return M.fail(M.INVALID, "id must be a string or an integer")
  end
  local is_2_0 = scan.string(raw.jsonrpc) == "2.0"
  if is_2_0 and not raw.method and id and (raw.result or raw.error) then
    return { id = id, response = true }
  elseif not is_2_0 or not method then
    local _, problem = M.fail(M.INVALID, is_2_0 and "method must be a string"
      or 'jsonrpc must be "2.0"')
    return nil, problem, id
  end
  local params = members_of(raw.params)
  return {
    id = id,
    method = method,
    params = params or {},
    unnamed = raw.params ~= nil and not params,
    meta = members_of(params and params._meta) or {},
  }
end

return M
