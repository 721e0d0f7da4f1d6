--- page_window: how many pages of a list are asked for ahead. No I/O.
--
-- Law of this file: it opens as guesses prove right, from two pages on, twice
-- as many each time. A guess that was wrong, and a server that asks for a
-- pause, halve for good what it may reach. Whatever is in it is held in 64 MiB
-- at most: each page gets its share of that before it is asked for, and one
-- that is larger is read when its turn comes.

local M = {}

--- The most that `ahead` may be.
M.MOST = 64

--- Pages ahead where the caller does not say.
M.DEFAULT = 8

local FIRST = 2 -- pages

local HELD = 64 * 1024 * 1024 -- bytes
local MARGIN = 1.25 -- the next page may be larger than those before

---@class equinix.PageWindow
---@field private most integer pages that it may reach
---@field private open integer pages for now
---@field private largest integer bytes of a page so far
local Window = {}
Window.__index = Window

-- How many fit, once it is open. It never grows, so that those asked for
-- before and those asked for from now on never have more than all of it.
local function reach(self)
  local fit = math.floor(HELD / math.max(1, self.largest * MARGIN))
  return math.max(1, math.min(self.most, fit))
end

--- How many pages may be asked for or held.
---@return integer
function Window:size()
  return math.min(self.open, reach(self))
end

--- How large a page may be that is asked for ahead.
---@return integer bytes
function Window:share()
  return math.floor(HELD / reach(self))
end

--- A page has come.
---@param bytes integer
function Window:seen(bytes)
  self.largest = math.max(self.largest, bytes)
end

--- A page is larger than its share.
---@param share integer that it had
function Window:too_large(share)
  self:seen(2 * share)
end

--- A page that was asked for ahead was the next one.
function Window:right()
  self.open = math.min(self.most, self.open * 2)
end

--- A guess was wrong, or the server asked for a pause.
function Window:narrow()
  self.most = math.max(1, math.floor(self.most / 2))
  self.open = math.min(self.open, self.most)
end

--- A window.
---@param ahead integer pages at most
---@return equinix.PageWindow
function M.new(ahead)
  return setmetatable({ most = ahead, open = math.min(ahead, FIRST),
    largest = 0 }, Window)
end

return M
