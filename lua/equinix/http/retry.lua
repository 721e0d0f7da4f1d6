--- retry: may this be sent again, and when. Pure: no clock, no I/O.
--
-- Law of this file: nothing that may have been done is done twice. A POST or
-- PATCH is sent again only where it is certain that the first one had no
-- effect: no byte of it left, or the server said 429 or 503 (it did nothing).

local core = require "equinix.core"

local M = {}

---@class equinix.RetryPolicy
---@field attempts? integer all in all, the first one included
---@field base? number seconds, doubled with each repetition
---@field cap? number seconds at most

--- What is done unless told otherwise.
M.DEFAULT = { attempts = 4, base = 0.5, cap = 30 }

--- Completes a retry option; false means one attempt.
---@param value equinix.RetryPolicy|boolean|nil
---@param default equinix.RetryPolicy what nil means
---@return table|nil policy
---@return string|nil message
function M.policy(value, default)
  if value == nil then
    return default
  elseif value == true then
    return default.off and M.DEFAULT or default
  elseif value == false then
    return { attempts = 1, base = 0, cap = 0, off = true }
  end
  -- Where nothing is repeated by default there is no pace to take over.
  local policy, usual = {}, default.off and M.DEFAULT or default
  for name in pairs(M.DEFAULT) do
    policy[name] = value[name] or usual[name]
    if not (policy[name] >= 0 and policy[name] < math.huge) then
      return nil, "retry." .. name .. " must be a finite number >= 0"
    end
  end
  policy.attempts = math.max(1, math.floor(policy.attempts))
  return policy
end

-- RFC 9110, section 9.2.2.
local IDEMPOTENT = {
  GET = true,
  HEAD = true,
  PUT = true,
  DELETE = true,
  OPTIONS = true,
  TRACE = true,
}

local MONTHS = {
  Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6,
  Jul = 7, Aug = 8, Sep = 9, Oct = 10, Nov = 11, Dec = 12,
}

-- Days since 1970-01-01 of a date in the Gregorian calendar.
local function days(year, month, day)
  if month <= 2 then
    year, month = year - 1, month + 12
  end
  local era = math.floor(year / 400)
  local y = year - era * 400
  local d = math.floor((153 * (month - 3) + 2) / 5) + day - 1
  return era * 146097 + y * 365 + math.floor(y / 4) - math.floor(y / 100)
    + d - 719468
end

-- The three spellings of an HTTP-date (RFC 9110, section 5.6.7).
local DATES = {
  "^%a+, (%d%d) (%a%a%a) (%d%d%d%d) (%d%d):(%d%d):(%d%d) GMT$",
  "^%a+, (%d%d)%-(%a%a%a)%-(%d%d) (%d%d):(%d%d):(%d%d) GMT$",
}
local ASCTIME = "^%a+ (%a%a%a) +(%d+) (%d%d):(%d%d):(%d%d) (%d%d%d%d)$"

local function unix_time(text)
  local day, month, year, hour, min, sec
  for _, pattern in ipairs(DATES) do
    day, month, year, hour, min, sec = text:match(pattern)
    if day then
      break
    end
  end
  if not day then
    month, day, hour, min, sec, year = text:match(ASCTIME)
  end
  if not day or not MONTHS[month] then
    return nil
  end
  year = tonumber(year)
  if year < 100 then -- RFC 850's two digits
    year = year + (year < 70 and 2000 or 1900)
  end
  return days(year, MONTHS[month], tonumber(day)) * 86400
    + tonumber(hour) * 3600 + tonumber(min) * 60 + tonumber(sec)
end

--- Reads Retry-After: seconds or an HTTP-date (RFC 9110, section 10.2.3).
---@param value string|nil the header's value
---@param now number Unix time
---@param cap number seconds at most
---@return number|nil seconds 0 to cap; nil when absent or unreadable
function M.after(value, now, cap)
  if type(value) ~= "string" then
    return nil
  end
  local seconds
  if value:find "^%s*%d+%s*$" then
    seconds = tonumber(value)
  else
    local at = unix_time(value)
    seconds = at and at - now
  end
  if not seconds then
    return nil
  end
  return math.max(0, math.min(cap, seconds))
end

--- A delay with full jitter: uniform in 0 .. min(cap, base * 2^(n-1)).
---@param policy {base: number, cap: number} seconds
---@param n integer which repetition this is, from 1
function M.delay(policy, n)
  return core.random() * math.min(policy.cap, policy.base * 2 ^ (n - 1))
end

--- Whether doing it twice is the same as doing it once.
---@param method string
---@param word boolean|nil the caller's word, which decides
function M.idempotent(method, word)
  if word ~= nil then
    return word
  end
  return IDEMPOTENT[method] or false
end

--- Whether a request may be repeated after what happened.
---@param method string
---@param idempotent boolean|nil the caller's word for a POST or PATCH
---@param status integer|nil the answer's status
---@param err {kind: string, sent: boolean}|nil the transfer's error
---@return boolean
function M.allowed(method, idempotent, status, err)
  local harmless = M.idempotent(method, idempotent)
  if err then
    -- A transport that does not say counts as having sent something.
    return (err.kind == "network" or err.kind == "timeout")
      and (err.maybe_sent == false or harmless)
  end
  if status == 429 or status == 503 then
    return true
  end
  return (status == 502 or status == 504) and harmless
end

return M
