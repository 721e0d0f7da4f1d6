--- refusals: what nginx refuses by itself, in words of this service.
--
-- Law of this file: a caller sees a status that HTTP has, and a sentence that
-- says what is wrong with its request; nginx's own numbers stay inside.

local problem = require "equinix.http.problem"

local M = {}

--- For a request that did not arrive in time.
M.TOO_SLOW = "The request took too long to arrive."

local DETAILS = {
  [400] = "The request is malformed.",
  [405] = "The method is not supported.",
  [408] = M.TOO_SLOW,
  [413] = "The body is larger than 1 MiB.",
  [414] = "The URL is too long.",
  [429] = "Too many requests; try again later.",
  [431] = "The request headers are too large.",
}

--- The status for a caller; from 494 to 499 are nginx's own ones for 400.
---@param status integer
---@return integer
function M.status(status)
  if status == 494 then
    return 431
  end
  return status >= 495 and status <= 499 and 400 or status
end

local REASONS = {
  [400] = "malformed",
  [405] = "method",
  [408] = "too_slow",
  [413] = "body_too_large",
  [414] = "url_too_long",
  [429] = "rate",
  [431] = "headers_too_large",
}

--- What is wrong, as one word for the log.
---@param status integer for a caller
---@return string
function M.reason(status)
  return REASONS[status] or "nginx"
end

--- What is wrong.
---@param status integer for a caller
---@return string
function M.detail(status)
  return DETAILS[status] or problem.title(status) .. "."
end

return M
