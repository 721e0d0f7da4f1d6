--- server: a text in, the answer's text out; both eras, no transport.
--
-- Law of this file: which era a message belongs to is decided by the message
-- alone, and nothing of it stays behind. A notification and a response are
-- never answered.

local legacy = require "equinix.service.mcp.protocol_2025"
local message = require "equinix.service.mcp.jsonrpc"
local modern = require "equinix.service.mcp.protocol_2026"
local scan = require "equinix.base.json_text"
local write = require "equinix.base.json_write"

local M = {}

---@class equinix.mcp.Server
---@field tools equinix.mcp.Tools
---@field info string JSON: name, version, title
---@field capabilities string JSON
---@field instructions string JSON
---@field log fun(words: string)
local Server = {}
Server.__index = Server

local NULL = "null"

local MAX_BATCH = 100 -- an answer to each is longer than a message need be

--- The text of an error.
---@param problem equinix.mcp.Problem
---@param id string|nil JSON
---@return string
function M.refusal(problem, id)
  return write.object {
    jsonrpc = '"2.0"',
    id = id or NULL,
    error = write.object {
      code = write.value(problem.code),
      message = write.value(problem.message),
      data = problem.data,
    },
  }
end

--- tools/list, the same in both eras. There is one page.
function Server:list(asked)
  if asked.params.cursor then
    return message.fail(message.PARAMS, "cursor is not one of this server's")
  end
  return { tools = self.tools.text }
end

-- W3C Trace Context, section 3.2: what is not of that form is not passed on.
local HEX = "[%da-f]"
local TRACEPARENT = ("^%s%%-%s%%-%s%%-%s$"):format(HEX:rep(2), HEX:rep(32),
  HEX:rep(16), HEX:rep(2))

local function traceparent(asked)
  local value = scan.string(asked.meta.traceparent)
  return value and value:find(TRACEPARENT) and value or nil
end

--- tools/call, the same in both eras.
function Server:call(asked)
  local name = scan.string(asked.params.name)
  local arguments = asked.params.arguments or "{}"
  local tool = name and self.tools.by_name[name]
  if not tool then
    return message.fail(message.PARAMS, "there is no tool of that name")
  elseif scan.kind(arguments) ~= "object" then
    return message.fail(message.PARAMS, "arguments must be an object")
  end
  return self.tools:call(tool, arguments, {
    traceparent = traceparent(asked),
  })
end

local function run(self, era, asked, headers)
  local ok, problem = era.check(asked, headers)
  if not ok then
    return nil, problem
  end
  local method = era.methods[asked.method]
  if not method then
    return message.fail(message.METHOD, "there is no such method")
  elseif asked.unnamed then
    return message.fail(message.PARAMS, "params must be an object")
  end
  return method(self, asked, headers)
end

-- The answer to a request.
local function reply(self, asked, headers)
  local era = modern.claims(asked, headers) and modern or legacy
  local ok, result, problem = pcall(run, self, era, asked, headers)
  if not ok then
    -- What was raised may name anything, so it is for the log alone.
    self.log(tostring(result))
    result, problem = message.fail(message.INTERNAL, "internal error")
  end
  if not result then
    return M.refusal(problem, asked.id), era.status(problem)
  end
  return write.object {
    jsonrpc = '"2.0"',
    id = asked.id,
    result = write.object(era.finish(result, self)),
  }, 200
end

-- One message that is no batch.
local function single(self, text, headers)
  local asked, problem, id = message.read(text)
  if not asked then
    return M.refusal(problem, id), 400
  elseif not asked.id or asked.response then
    return nil, 202
  end
  return reply(self, asked, headers)
end

-- What a batch must not hold has its own answer in it.
local function in_batch(self, text, headers)
  local asked, _, id = message.read(text)
  local alone = asked and (asked.method == "initialize" and "initialize"
    or asked.method and modern.claims(asked, headers) and "such a request")
  if not alone or not asked.id then
    return (single(self, text, headers))
  end
  local _, problem = message.fail(message.INVALID, alone
    .. " can't be part of a batch")
  return M.refusal(problem, id or asked.id)
end

local function batch(self, items, headers)
  local answers = {}
  for _, item in ipairs(items) do
    answers[#answers + 1] = in_batch(self, item, headers)
  end
  if #answers == 0 then
    return nil, 202
  end
  return write.array(answers), 200
end

-- Whether there are batches: only one version has them.
local function has_batches(headers, version)
  version = headers and headers["mcp-protocol-version"] or version
  return (version or legacy.BATCHES) == legacy.BATCHES
end

local function refuse(code, words)
  local _, problem = message.fail(code, words)
  return M.refusal(problem), 400
end

--- Answers a text.
---@param text string
---@param headers table<string, string>|nil lower-case names; nil on stdio
---@param version? string what stdio agreed on
---@return string|nil answer JSON; nil: there is none
---@return integer status of HTTP
function Server:answer(text, headers, version)
  local value, where = scan.read(text)
  if not value then
    return refuse(message.PARSE, "this is not JSON as RFC 8259 has it: "
      .. where)
  elseif scan.kind(value) ~= "array" then
    return single(self, value, headers)
  elseif not has_batches(headers, version) then
    return refuse(message.INVALID, "one message at a time: only version "
      .. legacy.BATCHES .. " has batches")
  end
  local items = scan.items(value)
  if #items == 0 or #items > MAX_BATCH then
    return refuse(message.INVALID, "a batch has 1 to " .. MAX_BATCH
      .. " messages")
  end
  return batch(self, items, headers)
end

---@param fields table the fields of equinix.mcp.Server
---@return equinix.mcp.Server
function M.new(fields)
  return setmetatable(fields, Server)
end

return M
