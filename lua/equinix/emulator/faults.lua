--- faults: responses that go wrong because a knob says so.
--
-- Law of this file: knobs alone choose the fault. A forced status or a
-- redirect takes the place of the call (no token is issued, nothing is
-- booked); all other faults spoil the response of a call that was made.

local errors = require "equinix.emulator.errors"
local knob_values = require "equinix.emulator.knob_values"

local M = {}

-- The names of the knobs that have an effect on a request of this kind; the
-- first one is the fault.
local function in_effect(values, token_endpoint)
  local status = token_endpoint and "status" or "api_status"
  local names = {}
  if values[status] > 0 then
    names = { status, "retry_after" }
  elseif values.redirect ~= "" then
    names = { "redirect", "redirect_status" }
  end
  for _, name in ipairs { "html", "non_json", "cut" } do
    names[#names + 1] = values[name] and name or nil
  end
  names[#names + 1] = values.slow > 0 and "slow" or nil
  names[#names + 1] = names[1] and "scope"
  return names
end

-- Takes this request from the counts of the knobs in effect, once from each.
-- Returns a count that another request has ended.
local function take(world, names, counts, taken)
  for _, name in ipairs(names) do
    local count = counts[name]
    if count and not taken[count] then
      if not knob_values.take(world, count) then
        return count
      end
      taken[count] = true
    end
  end
end

--- Chooses the fault for a request, which is taken from the counts of the
--- knobs that have a part in it.
---@param world table
---@param values table<string, any> of the knobs; what is over is put right
---@param counts table<string, integer|string>
---@param request table
---@param token_endpoint boolean
---@return {name: string, status?: integer}|nil
function M.choose(world, values, counts, request, token_endpoint)
  local taken = {}
  while true do
    local names = in_effect(values, token_endpoint)
    if not names[1]
      or request.path:sub(1, #values.scope) ~= values.scope then
      return nil
    end
    local over = take(world, names, counts, taken)
    if not over then
      local status = names[1]:find "status$" ~= nil
      return {
        name = status and "status" or names[1],
        status = status and values[names[1]] or nil,
      }
    end
    knob_values.expire(world, values, counts, over)
  end
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
