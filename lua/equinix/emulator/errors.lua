--- errors: the bodies Equinix sends when it says no, each shape once.
--
-- The shapes are those of Equinix's own answers: the token endpoints have an
-- object with an errorDomain, the API an array, the gateway in front of both
-- a third kind. Codes that start with EMU are the emulator's own words, where
-- Equinix's are not known.

local M = {}

local SNAKE = {
  errorDomain = "error_domain",
  errorTitle = "error_title",
  errorCode = "error_code",
  developerMessage = "developer_message",
  errorMessage = "error_message",
}

--- A token endpoint's error.
---@param knobs table<string, any>
---@param status integer
---@param code string
---@param title string
---@param message string
---@return table response
function M.login(knobs, status, code, title, message)
  local body = {
    errorDomain = "apps-fqa",
    errorTitle = title,
    errorCode = code,
    developerMessage = message,
    errorMessage = message,
  }
  if knobs.snake_case then
    local renamed = {}
    for name, value in pairs(body) do
      renamed[SNAKE[name]] = value
    end
    body = renamed
  end
  return { status = status, body = body }
end

--- What a token endpoint says to bad credentials.
function M.refused(knobs)
  return M.login(knobs, knobs.refused_status, "S1006", "Login Failure",
    "Login Failure, please try again.")
end

--- An error of the API: an array, even for one.
---@param status integer
---@param code string
---@param message string
---@param extra? {details?: string, info?: {property: string,
---  reason: string}[]}
---@return table response
function M.api(status, code, message, extra)
  extra = extra or {}
  return {
    status = status,
    correlated = true, -- gets a correlationId on its way out
    body = {
      {
        errorCode = code,
        errorMessage = message,
        details = extra.details or message,
        help = "https://docs.equinix.com",
        additionalInfo = extra.info,
      },
    },
  }
end

--- RFC 6749, section 5.2: the errors of the token exchange.
function M.oauth(status, code, description)
  return {
    status = status,
    body = { error = code, error_description = description },
  }
end

--- An error of the gateway, which knows neither tokens nor products.
function M.gateway(status, message, path, now)
  return {
    status = status,
    body = {
      message = message,
      statusCode = status,
      path = path,
      timestamp = os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(now)),
    },
  }
end

local API_CODES = {
  [400] = { "IC-USR-014-01", "Bad Request" },
  [401] = { "EQ-3000039", "Unauthorized" },
  [403] = { "EQ-3045003", "Forbidden" },
  [404] = { "EQ-3045811", "Not Found" },
  [405] = { "EQ-3000405", "Method Not Allowed" },
  [415] = { "EQ-3000415", "Unsupported Media Type" },
}

--- The API's error for a status.
---@param status integer
---@param extra? table as in `api`
function M.of_status(status, extra)
  local known = API_CODES[status] or { "EQ-3000" .. status, "Error" }
  return M.api(status, known[1], known[2], extra)
end

--- A status that was asked for by a knob.
---@param request table
---@param status integer
---@param knobs table<string, any>
---@param token_endpoint boolean
---@param now number
function M.forced(request, status, knobs, token_endpoint, now)
  if status < 300 then
    return { status = status, body = "" }
  elseif status >= 500 or status == 429 then
    return M.gateway(status, status == 429 and "Too Many Requests"
      or "Service Unavailable", request.path, now)
  elseif token_endpoint then
    local refused = M.refused(knobs)
    refused.status = status
    return refused
  end
  return M.of_status(status)
end

M.HTML = "<html><head><title>Gateway</title></head>\n"
  .. "<body><h1>The page cannot be displayed</h1></body></html>\n"

return M
