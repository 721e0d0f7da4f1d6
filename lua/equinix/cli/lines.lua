--- lines: standard input as lines, of bounded length, that can be looked at
--- before their turn.
--
-- Law of this file: no memory without a limit. Of a line that is too long
-- nothing is kept but that it was there.

local M = {}

local MAX_AHEAD = 4 * 1024 * 1024 -- bytes that are read before their turn

---@class equinix.cli.Lines
---@field private read fun(seconds?: number): string|nil as core.input
---@field private limit integer bytes
---@field private queue (string|false)[] false: a line that was too long
---@field private first integer
---@field private last integer
---@field private ahead integer bytes in the queue
---@field private parts string[] of the line that has no end yet
---@field private length integer bytes in them
---@field private ended boolean
local Lines = {}
Lines.__index = Lines

function Lines:push(line)
  self.last = self.last + 1
  self.queue[self.last] = line
  self.ahead = self.ahead + (line and #line or 0)
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

-- Reads once; whether something came.
function Lines:more(seconds)
  if self.ended then
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

--- The next line, without its end; waits for it.
---@return string|false|nil line false: it was too long; nil: the input ended
---@return string|nil problem why it ended, where that was no end
function Lines:next()
  while self.first > self.last do
    if self.ended then
      return nil, self.problem
    end
    self:more()
  end
  local line = self.queue[self.first]
  self.queue[self.first] = nil
  self.first = self.first + 1
  self.ahead = self.ahead - (line and #line or 0)
  return line
end

--- The lines that have arrived and whose turn has not come; does not wait.
---@return fun(): string|nil
function Lines:coming()
  while self.ahead + self.length < MAX_AHEAD and self:more(0) do
    -- luacheck: ignore 542
  end
  local i = self.first - 1
  return function()
    repeat
      i = i + 1
    until self.queue[i] or i > self.last
    return self.queue[i] or nil
  end
end

--- Makes one.
---@param read fun(seconds?: number): string|nil, string|nil as core.input
---@param limit integer bytes of a line
---@return equinix.cli.Lines
function M.new(read, limit)
  return setmetatable({
    read = read,
    limit = limit,
    queue = {},
    first = 1,
    last = 0,
    ahead = 0,
    parts = {},
    length = 0,
    ended = false,
  }, Lines)
end

return M
