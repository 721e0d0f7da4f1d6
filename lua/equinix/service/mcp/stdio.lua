--- stdio: lines come in, answers go out, and calls are under way between them.
--
-- Law of this file: a line is begun in its turn and answered when its answer
-- is there; what needs no network is answered at once. A call that was
-- cancelled has no answer. Nobody's input is read without a limit: when too
-- many calls are under way, lines wait; but that a call is cancelled is seen
-- in lines whose turn has not come.

local message = require "equinix.service.mcp.jsonrpc"
local scan = require "equinix.base.json_text"

local M = {}

local MOST = 128 -- calls under way

---@class equinix.cli.Call
---@field key? string of its id; nil: it can't be cancelled
---@field task? equinix.loop.Task
---@field cancelled? boolean

---@class equinix.cli.Desk
---@field private server {line: function, too_long: function} of adapter.mcp
---@field private input equinix.cli.Lines
---@field private loop equinix.Loop
---@field private write fun(answer: string): boolean false: nobody reads
---@field private told fun(): boolean whether we are to end
---@field private calls table<equinix.cli.Call, true> that are under way
---@field private count integer of them
---@field private agreed? string version of the last `initialize`
---@field private deaf? boolean nobody reads the answers
---@field private raised? string by a call
local Desk = {}
Desk.__index = Desk

-- What a line is about, as far as it can be read.
local function read(line)
  local value = scan.read(line)
  return value and scan.kind(value) == "object" and message.read(value) or nil
end

-- An id as a key: two spellings of one string are one id.
local function key_of(id)
  return scan.string(id) and "s" .. scan.string(id) or id
end

--- The request that a line cancels, as a note for
--- equinix.service.mcp.line_reader.
---@param line string
---@return string|nil
function M.cancelled(line)
  -- The slash may be escaped, and most lines are not worth reading twice.
  local asked = line:find("cancelled", 1, true) and read(line) or nil
  local id = asked and asked.method == "notifications/cancelled"
    and asked.params.requestId
  return id and key_of(id) or nil
end

function Desk:send(answer)
  if not self.deaf then
    self.deaf = not self.write(answer)
  end
end

-- The answer is there: it goes out, unless it was cancelled meanwhile.
local function finish(self, call, asked, answer)
  if not answer or call.cancelled
    or (call.key and self.input:has(call.key)) then
    return
  end
  if asked and asked.method == "initialize" then
    -- Only one version has batches.
    self.agreed = answer:match '"protocolVersion":"([%d-]+)"' or self.agreed
  end
  self:send(answer)
end

-- `initialize` can't be cancelled (MCP, cancellation).
local function begin(self, line)
  local asked = read(line)
  local call = {
    key = asked and asked.id and asked.method ~= "initialize"
      and key_of(asked.id) or nil,
  }
  if call.key and self.input:has(call.key) then
    return
  end
  self.calls[call], self.count = true, self.count + 1
  call.task = self.loop:spawn(function()
    local ok, answer = pcall(self.server.line, self.server, line, self.agreed)
    self.calls[call], self.count = nil, self.count - 1
    if ok then
      finish(self, call, asked, answer)
    else
      self.raised = answer
    end
  end)
end

-- The next line's turn; whether there was one.
local function take(self)
  if self.count >= MOST then
    return false
  end
  local line = self.input:take()
  if line and line:find "[^ \t]" then
    begin(self, line)
  elseif line == false then
    self:send(self.server:too_long())
  end
  return line ~= nil
end

local function cancel(self)
  for call in pairs(self.calls) do
    if call.key and not call.cancelled and self.input:noted(call.key) then
      call.cancelled = true
      self.loop:cancel(call.task)
    end
  end
end

--- Works until the input ends or the process is told to end, and all that is
--- under way is done, a renewal at the side included.
---@return integer|nil code 1: nobody reads the answers
---@return string|nil problem with the input
function Desk:run()
  while true do
    if self.told() then
      self.input:stop()
    end
    self.input:more(0)
    cancel(self)
    local took = take(self)
    if self.raised then
      error(self.raised, 0)
    elseif self.deaf then
      return 1
    end
    local over, problem = self.input:over()
    if over and self.loop.count == 0 then
      return not problem and 0 or nil, problem
    end
    self.loop:turn(took and 0 or nil, self.input:reads())
  end
end

--- Makes one.
---@param parts {server: table, input: equinix.cli.Lines, loop: equinix.Loop,
---  write: (fun(answer: string): boolean), told: fun(): boolean}
---@return equinix.cli.Desk
function M.new(parts)
  local self = setmetatable({ calls = {}, count = 0 }, Desk)
  for name, part in pairs(parts) do
    self[name] = part
  end
  return self
end

return M
