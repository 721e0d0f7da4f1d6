--- line_reader: standard input as lines of bounded length. Lines wait in a
--- queue for their turn; what has to be known of them earlier is looked up
--- when they arrive.
--
-- Law of this file: memory is bounded, and each line is inspected once. Of a
-- line that is too long only the fact that it was there is kept.

local M = {}

local MAX_AHEAD = 4 * 1024 * 1024 -- bytes that are read before their turn
local OVERHEAD = 64 -- bytes that an empty line costs

-- A line that had to be parsed is kept in parts as well: many short members
-- take several times their bytes.
local PARSED_FACTOR = 8

---@class equinix.mcp.LineReader
---@field private read fun(seconds?: number): string|nil as core.input
---@field private limit integer bytes
---@field private inspect fun(line: string): string|nil, table|nil
---@field private queue (string|false)[] false: a line that was too long
---@field private keys table<integer, string> of the lines in the queue
---@field private parsed table<integer, table> of the lines in the queue
---@field private first integer
---@field private last integer
---@field private ahead integer bytes that the queue costs
---@field private counts table<string, integer> how many lines have a key
---@field private parts string[] of the line that has no end yet
---@field private length integer bytes in them
---@field private ended boolean
---@field private message? string why the input ended, if that was no end
local LineReader = {}
LineReader.__index = LineReader

-- What a line costs. One that was too long takes no memory, but a peer that
-- sends nothing else must not be read without a limit.
function LineReader:cost(line, parsed)
  local bytes = (line and #line or self.limit) + OVERHEAD
  return parsed and bytes * PARSED_FACTOR or bytes
end

-- Counts a key up or down.
function LineReader:count(key, by)
  local n = (self.counts[key] or 0) + by
  self.counts[key] = n > 0 and n or nil
end

function LineReader:push(line)
  local i = self.last + 1
  local key, parsed
  if line then
    key, parsed = self.inspect(line)
  end
  self.last = i
  self.queue[i], self.keys[i], self.parsed[i] = line, key, parsed
  self.ahead = self.ahead + self:cost(line, parsed)
  if key then
    self:count(key, 1)
  end
end

-- Removes the first line.
function LineReader:pop()
  local i = self.first
  local line, key, parsed = self.queue[i], self.keys[i], self.parsed[i]
  self.first = i + 1
  self.queue[i], self.keys[i], self.parsed[i] = nil, nil, nil
  self.ahead = self.ahead - self:cost(line, parsed)
  if key then
    self:count(key, -1)
  end
  return line, parsed
end

-- Adds to the line that has no end yet.
function LineReader:extend(text)
  self.length = self.length + #text
  if self.length > self.limit then
    self.parts = {}
  else
    self.parts[#self.parts + 1] = text
  end
end

function LineReader:complete()
  local line = self.length <= self.limit and table.concat(self.parts)
  if line then
    line = line:gsub("\r$", "")
  end
  self:push(line)
  self.parts, self.length = {}, 0
end

-- Splits what was read.
function LineReader:feed(bytes)
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
---@param seconds? number how long to wait; without it: until something comes
---@return boolean came whether something came
function LineReader:more(seconds)
  if not self:reads() then
    return false
  end
  local bytes, message = self.read(seconds)
  if bytes and bytes ~= "" then
    self:feed(bytes)
    return true
  elseif bytes or message then
    self.ended, self.message = true, message
    if self.length > 0 then
      self:complete() -- the last line may lack its end
    end
  end
  return false
end

--- Whether it is worth waiting: more may come, and there is room for it.
---@return boolean
function LineReader:reads()
  return not self.ended and self.ahead < MAX_AHEAD
end

--- The next line that has arrived, without its end; does not wait.
---@return string|false|nil line false: it was too long; nil: there is none
---@return table|nil parsed what `inspect` returned for it
function LineReader:take()
  if self.first <= self.last then
    return self:pop()
  end
end

--- Whether the last line was taken and no other will come.
---@return boolean
---@return string|nil message why the input ended, if that was no end
function LineReader:over()
  return self.ended and self.first > self.last, self.message
end

--- Stops reading, and drops what was not taken.
function LineReader:stop()
  self.ended, self.parts, self.length = true, {}, 0
  while self.first <= self.last do
    self:pop()
  end
end

--- Whether a line in the queue has that key; reads nothing.
---@param key string
---@return boolean
function LineReader:is_queued(key)
  return self.counts[key] ~= nil
end

--- The same, after reading all that has arrived; does not wait.
---@param key string
---@return boolean
function LineReader:has_arrived(key)
  -- The second limit: a line that never ends must not keep this loop busy.
  while self.ahead + self.length < MAX_AHEAD and self:more(0) do
    -- luacheck: ignore 542
  end
  return self:is_queued(key)
end

local NO_INSPECTION = function() end

--- Makes one.
---@param read fun(seconds?: number): string|nil, string|nil as core.input
---@param limit integer bytes of a line
---@param inspect? fun(line: string): string|nil, table|nil called once for
---  each line, when it arrives: a key to find it by before its turn, and what
---  was parsed, to be returned with the line
---@return equinix.mcp.LineReader
function M.new(read, limit, inspect)
  return setmetatable({
    read = read,
    limit = limit,
    inspect = inspect or NO_INSPECTION,
    queue = {},
    keys = {},
    parsed = {},
    first = 1,
    last = 0,
    ahead = 0,
    counts = {},
    parts = {},
    length = 0,
    ended = false,
  }, LineReader)
end

return M
