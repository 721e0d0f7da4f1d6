--- retry: whether a request may be sent again, and when. No clock, no I/O.
--
-- Law of this file: nothing that may have had an effect is done twice. A POST
-- or PATCH is sent again only if the first one certainly had none: no byte of
-- it was sent, or the server said 429, or 503 with Retry-After (it did
-- nothing). A gateway says 503 also when its backend broke off while it read
-- the request; most then name no time. Varnish does, in a web page, so a page
-- says nothing about what the backend did.

local core = require "equinix.core"
local date = require("equinix.base.lazy") "equinix.http.date"

local M = {}

---@class equinix.RetryPolicy
---@field attempts? integer in total, the first one included
---@field base? number seconds, doubled with each retry
---@field cap? number seconds at most

--- The policy of a client that sets none.
M.DEFAULT = { attempts = 4, base = 0.5, cap = 30 }

--- The complete policy for a retry option; false means one attempt.
---@param value equinix.RetryPolicy|boolean|nil
---@param default equinix.RetryPolicy the policy for nil
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
  -- A default without retries has no delays that could be used.
  local policy, base = {}, default.off and M.DEFAULT or default
  for name in pairs(M.DEFAULT) do
    policy[name] = value[name] or base[name]
    if not (policy[name] >= 0 and policy[name] < math.huge) then
      return nil, "retry." .. name .. " must be a finite number >= 0"
    end
  end
  policy.attempts = math.max(1, math.floor(policy.attempts))
  return policy
end

--- Methods that do the same when they are done twice (RFC 9110, section
--- 9.2.2).
M.IDEMPOTENT = {
  GET = true,
  HEAD = true,
  PUT = true,
  DELETE = true,
  OPTIONS = true,
  TRACE = true,
}

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
    local at = date.parse(value, now)
    seconds = at and at - now
  end
  if not seconds then
    return nil
  end
  return math.max(0, math.min(cap, seconds))
end

--- A delay with full jitter: uniform in 0 .. min(cap, base * 2^(n-1)).
---@param policy {base: number, cap: number} seconds
---@param n integer the number of the retry, from 1
function M.delay(policy, n)
  return core.random() * math.min(policy.cap, policy.base * 2 ^ (n - 1))
end

--- Whether sending it twice has the same effect as sending it once.
---@param method string
---@param override boolean|nil what the caller says; nil: the method decides
function M.idempotent(method, override)
  if override ~= nil then
    return override
  end
  return M.IDEMPOTENT[method] or false
end

--- Whether a request may be sent again after this outcome.
---@param method string
---@param idempotent boolean|nil what the caller says about it
---@param status integer|nil of the response
---@param transport_err equinix.transport.err|nil in place of a response
---@param declined? any true where the API itself names a time to come back
---  (Retry-After), so that it did nothing
---@return boolean
function M.allowed(method, idempotent, status, transport_err, declined)
  local harmless = M.idempotent(method, idempotent)
  if transport_err then
    -- Without `maybe_sent` something may have been sent.
    local kind = transport_err.kind
    return (kind == "network" or kind == "timeout")
      and transport_err.retryable ~= false
      and (transport_err.maybe_sent == false or harmless)
  end
  if status == 429 or (status == 503 and declined) then
    return true
  end
  return (status == 502 or status == 503 or status == 504) and harmless
end

return M
