--- log_limit: which of many equal lines of a log are written.
--
-- Law of this file: it decides and counts; it writes nothing and reads no
-- clock. The first line of its kind is written, then one a minute with the
-- number of those that were not. However many kinds come, and however often
-- the trouble comes and goes, a minute has few lines.

local M = {}

local PERIOD = 60 -- seconds
local MOST = 10 -- lines in a period, of all kinds

---@class equinix.LogLimit
---@field total integer lines of all kinds since the last `over`
---@field package kinds table<string, {next: number, left_out: integer}>
---@field package ends number of the period, and
---@field package lines integer that were written in it
local LogLimit = {}
LogLimit.__index = LogLimit

-- Whether one more line may be written in this period.
local function allowed(self, now)
  if now >= self.ends then
    self.ends, self.lines = now + PERIOD, 0
    for kind, noted in pairs(self.kinds) do
      if now >= noted.next + PERIOD then
        self.kinds[kind] = nil -- so that they are no more than MOST * 3
      end
    end
  end
  if self.lines >= MOST then
    return false
  end
  self.lines = self.lines + 1
  return true
end

--- Notes a line.
---@param kind string lines of one kind stand for each other
---@param now number seconds, on any clock
---@return integer|nil left_out how many of its kind were not written before
---  this one, which is to be written; nil: this one is not
function LogLimit:note(kind, now)
  self.total = self.total + 1
  local noted = self.kinds[kind]
  if (not noted or now >= noted.next) and allowed(self, now) then
    self.kinds[kind] = { next = now + PERIOD, left_out = 0 }
    return noted and noted.left_out or 0
  elseif noted then
    noted.left_out = noted.left_out + 1
  end
  return nil
end

--- Notes that the trouble is over: what comes next is new again.
---@param now number
---@return integer|nil total how many lines there were since the last time,
---  for the line that says so; nil: that line is not to be written
function LogLimit:over(now)
  local total = self.total
  self.total, self.kinds = 0, {}
  return allowed(self, now) and total or nil
end

---@return equinix.LogLimit
function M.new()
  return setmetatable({
    total = 0, kinds = {}, lines = 0, ends = -math.huge,
  }, LogLimit)
end

return M
