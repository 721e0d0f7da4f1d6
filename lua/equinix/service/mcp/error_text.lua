--- error_text: what went wrong, as a text for an agent.
--
-- Law of this file: what happened, and what to do now. The codes and messages
-- of Equinix are passed on, without the secrets that the caller sent; nothing
-- about this machine is said.

local error_body = require "equinix.http.error_body"
local printable = require "equinix.base.printable"
local problem = require "equinix.http.problem"

local M = {}

local LOCKED = "Don't repeat the call with the same credentials: Equinix "
  .. "locks an account after 5 bad attempts."

local ADVICE = {
  [400] = "Check the arguments and the credentials. " .. LOCKED,
  [401] = "Check the credentials. " .. LOCKED,
  [403] = "Check the credentials. " .. LOCKED,
  [429] = "Too many requests: try again later.",
}

local function details(list)
  local texts = {}
  for _, detail in ipairs(list or {}) do
    local parts = {}
    for _, name in ipairs { "code", "property", "reason", "message" } do
      parts[#parts + 1] = detail[name]
    end
    texts[#texts + 1] = table.concat(parts, ": ")
  end
  return #texts > 0 and " (" .. table.concat(texts, "; ") .. ")" or ""
end

local function wait(seconds)
  return seconds and (" Try again in %s s."):format(seconds) or ""
end

--- Whether it is about this server's own credentials: a caller of the API
--- can't call the token endpoint, and an error that names no request is not
--- the API's.
---@param err equinix.Error
---@return boolean
function M.is_own(err)
  return err.op == nil or err.op:find "^POST /oauth2/" ~= nil
end

--- For an error of the client.
---@param err equinix.Error
---@return string
function M.of_error(err)
  local _, headers, object = problem.of(err, M.is_own(err))
  return printable.text(object.detail .. details(err.errors)
    .. wait(headers["Retry-After"]))
end

--- For a response of the service that is not a success.
---@param response equinix.service.Response
---@param secrets string[] what the text must not repeat
---@return string
function M.of_response(response, secrets)
  local pause = wait(response.headers["Retry-After"])
  if response.err then
    return printable.text(response.object.detail
      .. details(response.err.errors) .. pause)
  end
  local found = error_body.parse(response.body, secrets)
  local advice = ADVICE[response.status] or (response.status >= 500
    and "Equinix failed: try again later." or "")
  return ("Equinix responded with %d%s. %s%s"):format(response.status,
    printable.text(details(found.errors)), advice, pause)
end

return M
