--- rejection: whether one refused token is refused for all.
--
-- Law of this file: one path's 401 is no verdict on the token for all others,
-- since any caller can request a path that answers so. A token a few seconds
-- old is not rejected for a 401, and five a minute are renewed after one;
-- beyond that the newest goes on serving. No I/O, any phase.

local token = require "equinix.oauth.token"

local M = {}

-- An API accepts a new token within moments, and a token is hardly ever
-- revoked right after its issue: so a 401 for one that is younger than this
-- says more about the path than about the token. One that was revoked that
-- early is renewed as soon as it is this old.
local MIN_AGE = 5 -- seconds
local RENEWALS, WINDOW = 5, 60 -- seconds

local function reject(slot, header, min_age)
  local _, serial, current, record, left = slot:read()
  if current ~= header then
    return false, false
  elseif token.age(record, left) < min_age
    or not slot:rate_limit(RENEWALS, WINDOW, true) then
    return false, true
  end
  return slot:reject(serial), false
end

--- Marks the token behind a header as refused, if it is the current one and
--- the renewals of this minute are not used up.
---@param slot equinix.slot
---@param header string "Bearer ..."
---@return boolean first true for the caller that rejected it
---@return boolean stays it is the current one and goes on serving
function M.reject(slot, header)
  return reject(slot, header, 0)
end

--- The same after a 401, and not for a token that is a few seconds old.
---@param slot equinix.slot
---@param header string "Bearer ..."
---@return boolean first true for the caller that rejected it
---@return boolean stays it is the current one and goes on serving
function M.unauthorized(slot, header)
  return reject(slot, header, MIN_AGE)
end

--- Counts a token request that follows a rejection.
---@param slot equinix.slot
function M.count(slot)
  slot:rate_limit(RENEWALS, WINDOW)
end

return M
