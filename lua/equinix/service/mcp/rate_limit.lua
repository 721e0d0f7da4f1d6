--- rate_limit: how often a tool may be called.
--
-- Law of this file: 20 calls a second, 100 at once, for each tool by itself.
-- One number is kept for each tool: the time at which all calls so far would
-- be over if they had come evenly spaced. Workers that share a dictionary
-- share the number.

local M = {}

local SPACING = 1 / 20 -- seconds
local BURST = 100 * SPACING

---@class equinix.mcp.RateLimit
---@field private now fun(): number
---@field private dictionary {get: function, set: function}
local RateLimit = {}
RateLimit.__index = RateLimit

-- A dictionary of this Lua state only, with the methods of ngx.shared.
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

--- Counts a call, if it is allowed.
---@param name string
---@return number|nil wait seconds until one is allowed; nil: this one is
function RateLimit:enter(name)
  local key, now = "rate:" .. name, self.now()
  local over = self.dictionary:get(key) or 0
  -- After the clock was set back, calls must not be refused for long.
  if over > now + BURST then
    over = now + BURST
    self.dictionary:set(key, over)
  end
  local ends = math.max(over, now) + SPACING
  -- With a little tolerance: the sum of a hundred spacings is not exact.
  if ends > now + BURST + SPACING / 1000 then
    return ends - now - BURST
  end
  self.dictionary:set(key, ends)
end

--- Makes one.
---@param now fun(): number seconds
---@param dictionary? {get: function, set: function} as ngx.shared has them
---@return equinix.mcp.RateLimit
function M.new(now, dictionary)
  return setmetatable({
    now = now,
    dictionary = dictionary or own_dictionary(),
  }, RateLimit)
end

return M
