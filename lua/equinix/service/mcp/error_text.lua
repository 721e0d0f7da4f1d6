--- error_text: what went wrong, in words for an agent.
--
-- Law of this file: what it was, and what to do now. The codes and messages of
-- Equinix are handed on, without the secrets that the caller sent; of this
-- machine nothing is told.

local err = require "equinix.base.error"
local problems = require "equinix.http.problem"

local M = {}

local LOCKED = "Don't repeat it with the same credentials: Equinix locks an "
  .. "account after 5 bad attempts."

local ADVICE = {
  [400] = "Check the arguments and the credentials. " .. LOCKED,
  [401] = "Check the credentials. " .. LOCKED,
  [403] = "Check the credentials. " .. LOCKED,
  [429] = "Too many requests: try again later.",
}

local function details(errors)
  local list = {}
  for _, detail in ipairs(errors or {}) do
    local words = {}
    for _, name in ipairs { "code", "property", "reason", "message" } do
      words[#words + 1] = detail[name]
    end
    list[#list + 1] = table.concat(words, ": ")
  end
  return #list > 0 and " (" .. table.concat(list, "; ") .. ")" or ""
end

local function wait(seconds)
  return seconds and (" Try again in %s s."):format(seconds) or ""
end

-- Whether it is about this server's own credentials: no agent's call goes to
-- where tokens are given out, and what names no request was none of the API.
local function is_own(problem)
  return problem.op == nil or problem.op:find "^POST /oauth2/" ~= nil
end

--- For an error of the client.
---@param problem equinix.Error
---@return string
function M.of_error(problem)
  local _, headers, object = problems.of(problem, is_own(problem))
  return object.detail .. details(problem.errors)
    .. wait(headers["Retry-After"])
end

--- For an answer of the service that is no success.
---@param answer equinix.service.Answer
---@param secrets string[] what no echo may bring back
---@return string
function M.of_answer(answer, secrets)
  local pause = wait(answer.headers["Retry-After"])
  if answer.problem then
    return answer.object.detail .. details(answer.problem.errors) .. pause
  end
  local found = err.parse(answer.body, secrets)
  local advice = ADVICE[answer.status] or (answer.status >= 500
    and "Equinix failed: try again later." or "")
  return ("Equinix answered %d%s. %s%s"):format(answer.status,
    details(found.errors), advice, pause)
end

return M
