--- faults: responses that go wrong because a knob says so.
--
-- Law of this file: knobs alone choose the fault. A forced status or a
-- redirect takes the place of the call (no token is issued, nothing is
-- booked); all other faults spoil the response of a call that was made.

local errors = require "equinix.emulator.errors"

local M = {}

-- The fault that the knobs set for a request of this kind, or nil.
local function fault_of(knobs, token_endpoint)
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

--- Chooses the fault for a request, which counts against `times`.
---@param world table
---@param knobs table<string, any>
---@param request table
---@param token_endpoint boolean
---@return {name: string, status?: integer}|nil
function M.choose(world, knobs, request, token_endpoint)
  local name, status = fault_of(knobs, token_endpoint)
  if not name
    or request.path:sub(1, #knobs.scope) ~= knobs.scope
    or knobs.times > 0 and world.dict:incr("faults", 1, 0) > knobs.times then
    return nil
  end
  return { name = name, status = status }
end

--- The response in place of the call; nil when the call is to be made.
---@param route equinix.emulator.Route|nil nil when there is no such call
---@return table|nil response
function M.instead(fault, knobs, request, route, now)
  if fault.name == "redirect" then
    return {
      status = knobs.redirect_status,
      headers = { Location = knobs.redirect },
      body = "",
    }
  elseif fault.name == "status" then
    local response = errors.forced(request, fault.status, knobs,
      route and route.error_response, now)
    response.headers = response.headers or {}
    if knobs.retry_after ~= "" then
      response.headers["Retry-After"] = knobs.retry_after
    end
    return response
  end
end

--- Spoils a response as the knobs say, in several ways at once if need be.
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
