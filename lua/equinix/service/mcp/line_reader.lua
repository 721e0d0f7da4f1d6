--- line_reader: standard input as lines, of bounded length, of which it is
--- known before their turn what is noted of them.
--
-- Law of this file: no memory without a limit, and no line looked at twice. Of
-- a line that is too long nothing is kept but that it was there.

local M = {}

local MAX_AHEAD = 4 * 1024 * 1024 -- bytes that are read before their turn
local OVERHEAD = 64 -- bytes that an empty line costs

---@class equinix.cli.Lines
---@field private read fun(seconds?: number): string|nil as core.input
---@field private limit integer bytes
---@field private queue (string|false)[] false: a line that was too long
---@field private first integer
---@field private last integer
---@field private ahead integer bytes that the queue costs
---@field private note fun(line: string): string|nil
---@field private notes table<integer, string> of the lines in the queue
---@field private counts table<string, integer> how many lines have a note
---@field private parts string[] of the line that has no end yet
---@field private length integer bytes in them
---@field private ended boolean
local Lines = {}
Lines.__index = Lines

-- What a line counts. One that was too long is gone, but who sends nothing
-- else is not to be read for ever.
function Lines:cost(line)
  return (line and #line or self.limit) + OVERHEAD
end

-- Counts a note up or down.
function Lines:count(note, by)
  local n = (self.counts[note] or 0) + by
  self.counts[note] = n > 0 and n or nil
end

function Lines:push(line)
  self.last = self.last + 1
  self.queue[self.last] = line
  self.ahead = self.ahead + self:cost(line)
  local note = line and self.note(line)
  if note then
    self.notes[self.last] = note
    self:count(note, 1)
  end
end

-- Takes the first line out.
function Lines:pop()
  local i = self.first
  local line, note = self.queue[i], self.notes[i]
  self.first = i + 1
  self.queue[i], self.notes[i] = nil, nil
  self.ahead = self.ahead - self:cost(line)
  if note then
    self:count(note, -1)
  end
  return line
end

-- Adds to the line that has no end yet.
function Lines:extend(text)
  self.length = self.length + #text
  if self.length > self.limit then
    self.parts = {}
  else
    self.parts[#self.parts + 1] = text
  end
end

function Lines:complete()
  local line = self.length <= self.limit and table.concat(self.parts)
  if line then
    line = line:gsub("\r$", "")
  end
  self:push(line)
  self.parts, self.length = {}, 0
end

-- Takes what was read.
function Lines:feed(bytes)
  local from = 1
  while true do
    local at = bytes:find("\n", from, true)
    self:extend(bytes:sub(from, (at or 0) - 1))
    if not at then
      return
    end
    self:complete()
    from = at + 1
  end
end

--- Reads once.
---@param seconds? number how long to wait; without it: for ever
---@return boolean came something did
function Lines:more(seconds)
  if not self:reads() then
    return false
  end
  local bytes, problem = self.read(seconds)
  if bytes and bytes ~= "" then
    self:feed(bytes)
    return true
  elseif bytes or problem then
    self.ended, self.problem = true, problem
    if self.length > 0 then
      self:complete() -- the last line need not have an end
    end
  end
  return false
end

--- Whether there is anything to wait for: there may be more, and room for it.
---@return boolean
function Lines:reads()
  return not self.ended and self.ahead < MAX_AHEAD
end

--- The next line that has arrived, without its end; does not wait.
---@return string|false|nil line false: it was too long; nil: there is none
function Lines:take()
  if self.first <= self.last then
    return self:pop()
  end
end

--- Whether the last line was taken and no other will come.
---@return boolean
---@return string|nil problem why the input ended, where that was no end
function Lines:over()
  return self.ended and self.first > self.last, self.problem
end

--- Reads no more, and drops what was not taken.
function Lines:stop()
  self.ended, self.parts, self.length = true, {}, 0
  while self.first <= self.last do
    self:pop()
  end
end

--- Whether there is a line with that note among those whose turn has not
--- come; reads nothing.
---@param note string
---@return boolean
function Lines:noted(note)
  return self.counts[note] ~= nil
end

--- The same, when all was read that has arrived; does not wait.
---@param note string
---@return boolean
function Lines:has(note)
  -- A line without an end is no reason to stay here.
  while self.ahead + self.length < MAX_AHEAD and self:more(0) do
    -- luacheck: ignore 542
  end
  return self:noted(note)
end

local NO_NOTE = function() end

--- Makes one.
---@param read fun(seconds?: number): string|nil, string|nil as core.input
---@param limit integer bytes of a line
---@param note? fun(line: string): string|nil what is to be known of a line
---  before its turn; called once for each
---@return equinix.cli.Lines
function M.new(read, limit, note)
  return setmetatable({
    read = read,
    limit = limit,
    queue = {},
    first = 1,
    last = 0,
    ahead = 0,
    note = note or NO_NOTE,
    notes = {},
    counts = {},
    parts = {},
    length = 0,
    ended = false,
  }, Lines)
end

return M
