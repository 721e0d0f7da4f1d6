--- faults: answers that go wrong on request.
--
-- Law of this file: a fault changes the answer after it was decided that
-- there would be one, and is chosen by knobs alone. A forced status or a
-- redirect replaces the call (nothing is issued or booked); the others spoil
-- the answer of a call that was carried out.

local errors = require "equinix.emulator.errors"

local M = {}

-- What is to go wrong with a request of this kind, or nil.
local function wanted(knobs, token_endpoint)
  local status = token_endpoint and knobs.status or knobs.api_status
  if status > 0 then
    return "status", status
  elseif knobs.redirect ~= "" then
    return "redirect"
  end
  for _, name in ipairs { "html", "non_json", "cut" } do
    if knobs[name] then
      return name
    end
  end
  if knobs.slow > 0 then
    return "slow"
  end
end

--- Decides on the fault for a request and uses up one of the `times`.
---@param world table
---@param knobs table<string, any>
---@param request table
---@param token_endpoint boolean
---@return {name: string, status?: integer}|nil
function M.choose(world, knobs, request, token_endpoint)
  local name, status = wanted(knobs, token_endpoint)
  if not name
    or request.path:sub(1, #knobs.scope) ~= knobs.scope
    or knobs.times > 0 and world.dict:incr("faults", 1, 0) > knobs.times then
    return nil
  end
  return { name = name, status = status }
end

--- The answer that takes the place of the call, where the fault is one.
---@param row equinix.emulator.Row|nil the call, where there is one
---@return table|nil response
function M.instead(fault, knobs, request, row, now)
  if fault.name == "redirect" then
    return {
      status = knobs.redirect_status,
      headers = { Location = knobs.redirect },
      body = "",
    }
  elseif fault.name == "status" then
    local response = errors.forced(request, fault.status, knobs,
      row and row.refuse, now)
    response.headers = response.headers or {}
    if knobs.retry_after ~= "" then
      response.headers["Retry-After"] = knobs.retry_after
    end
    return response
  end
end

--- Spoils an answer as the knobs say; several at once are possible.
function M.spoil(knobs, response)
  if knobs.html then
    response.body, response.content_type = errors.HTML, "text/html"
  elseif knobs.non_json then
    response.body, response.content_type =
      '{"access_token": <not JSON>', "application/json"
  end
  response.cut = knobs.cut
  response.slow = knobs.slow > 0 and knobs.slow or nil
  return response
end

return M
