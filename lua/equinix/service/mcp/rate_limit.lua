--- rate_limit: how often a tool may be called.
--
-- Law of this file: 20 calls a second, 100 at once, for each tool by itself.
-- What is kept is one number a tool: the time at which all calls so far would
-- be over, had they come evenly spaced. Where workers share a dictionary the
-- number is theirs together.

local M = {}

local SPACING = 1 / 20 -- seconds
local BURST = 100 * SPACING

local Rate = {}
Rate.__index = Rate

-- A dictionary of this Lua state alone, as ngx.shared has them.
local function own_dictionary()
  local values = {}
  return {
    get = function(_, key)
      return values[key]
    end,
    set = function(_, key, value)
      values[key] = value
      return true
    end,
  }
end

--- Counts a call, if it may be made.
---@param name string
---@return number|nil wait seconds until the next one may; nil: go on
function Rate:enter(name)
  local key, now = "rate:" .. name, self.now()
  local over = self.dictionary:get(key) or 0
  -- A clock that was set back must not shut the door for long.
  if over > now + BURST then
    over = now + BURST
    self.dictionary:set(key, over)
  end
  local ends = math.max(over, now) + SPACING
  -- A little more than nothing, since the sum of a hundred spacings is.
  if ends > now + BURST + SPACING / 1000 then
    return ends - now - BURST
  end
  self.dictionary:set(key, ends)
end

--- Makes one.
---@param now fun(): number seconds
---@param dictionary? {get: function, set: function} as ngx.shared has them
function M.new(now, dictionary)
  return setmetatable({
    now = now,
    dictionary = dictionary or own_dictionary(),
  }, Rate)
end

return M
