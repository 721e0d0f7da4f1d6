--- stdio: lines come in, responses go out, and calls are in flight in between.
--
-- Law of this file: lines are started in their order, and each is answered as
-- soon as its response is ready; one that needs no network, at once. A call
-- that was cancelled is not answered. Each line is parsed once. Input is never
-- read without a limit: while too many calls are in flight, lines wait; but a
-- cancellation takes effect before its turn.

local json_text = require "equinix.base.json_text"
local jsonrpc = require "equinix.service.mcp.jsonrpc"
local tables = require "equinix.base.table"

local M = {}

local MAX_CALLS = 128 -- in flight

---@class equinix.mcp.Call
---@field key? string of its id; nil: it can't be cancelled
---@field task? equinix.loop.Task
---@field cancelled? boolean

---@class equinix.mcp.Stdio
---@field private server {line: function, too_long: function} of service/mcp
---@field private input equinix.mcp.LineReader
---@field private loop equinix.Loop
---@field private write fun(line: string): boolean false: the output is closed
---@field private ending fun(): boolean whether this process is to end
---@field private calls table<equinix.mcp.Call, true> in flight
---@field private count integer of them
---@field private agreed? string version of the last `initialize`
---@field private closed? boolean the output is
---@field private raised? any by a call
local Stdio = {}
Stdio.__index = Stdio

-- An id as a key: two spellings of one string are one id.
local function key_of(id)
  local text = json_text.string(id)
  return text and "s" .. text or id
end

--- What has to be known of a line before its turn, for
--- equinix.service.mcp.line_reader.
---@param line string
---@return string|nil key of the request that the line cancels
---@return equinix.mcp.Parsed|nil parsed where the line had to be parsed
function M.inspect(line)
  -- Most lines can wait for their turn. The slash may be escaped.
  if not line:find("cancelled", 1, true) then
    return nil
  end
  local parsed = jsonrpc.parse(line)
  local message = parsed.message
  local id = message and message.method == "notifications/cancelled"
    and message.params.requestId
  return id and key_of(id) or nil, parsed
end

function Stdio:send(line)
  if not self.closed then
    self.closed = not self.write(line)
  end
end

-- The response is ready: it is sent, unless the call was cancelled meanwhile.
local function finish(self, call, line, agreed)
  if not line or call.cancelled
    or (call.key and self.input:has_arrived(call.key)) then
    return
  end
  self.agreed = agreed or self.agreed -- only one version has batches
  self:send(line)
end

-- `initialize` can't be cancelled (MCP, cancellation).
local function start(self, parsed)
  local message = parsed.message
  local call = {
    key = message and message.id and message.method ~= "initialize"
      and key_of(message.id) or nil,
  }
  if call.key and self.input:has_arrived(call.key) then
    return
  end
  self.calls[call], self.count = true, self.count + 1
  call.task = self.loop:spawn(function()
    local ok, line, agreed = pcall(self.server.line, self.server, parsed,
      self.agreed)
    self.calls[call], self.count = nil, self.count - 1
    if ok then
      finish(self, call, line, agreed)
    else
      self.raised = line
    end
  end)
end

-- Starts the next line; whether there was one.
local function take(self)
  if self.count >= MAX_CALLS then
    return false
  end
  local line, parsed = self.input:take()
  if line and line:find "[^ \t]" then
    start(self, parsed or jsonrpc.parse(line))
  elseif line == false then
    self:send(self.server:too_long())
  end
  return line ~= nil
end

local function cancel(self)
  for call in pairs(self.calls) do
    if call.key and not call.cancelled and self.input:is_queued(call.key) then
      call.cancelled = true
      self.loop:cancel(call.task)
    end
  end
end

--- Works until the input ends or the process is to end, and everything in
--- flight is done, a renewal at the side included.
---@return integer|nil code 1: the output is closed
---@return string|nil message why the input can't be read
function Stdio:run()
  while true do
    if self.ending() then
      self.input:stop()
    end
    self.input:more(0)
    cancel(self)
    local took = take(self)
    if self.raised then
      error(self.raised, 0)
    elseif self.closed then
      return 1
    end
    local over, message = self.input:over()
    if over and self.loop.count == 0 then
      return not message and 0 or nil, message
    end
    self.loop:turn(took and 0 or nil, self.input:reads())
  end
end

--- Makes one.
---@param parts {server: table, input: equinix.mcp.LineReader,
---  loop: equinix.Loop, write: (fun(line: string): boolean),
---  ending: fun(): boolean}
---@return equinix.mcp.Stdio
function M.new(parts)
  return setmetatable(tables.update({ calls = {}, count = 0 }, parts), Stdio)
end

return M
