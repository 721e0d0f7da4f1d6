--- errors: the bodies Equinix sends when it says no, each shape once.
--
-- The shapes are those of Equinix's own answers: the token endpoints have an
-- object with an errorDomain, Fabric and colocation an array, Network Edge its
-- own object, orders v1 a list with a ticket, and the gateway in front of all
-- of them another kind. Codes that start with EMU are the emulator's own
-- words, where Equinix's are not known.

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

local function words(status)
  return API_CODES[status] and API_CODES[status][2] or "Error"
end

--- Network Edge's error: an object where there is one, else an array.
---@param status integer
---@param extra? table as in `api`
---@return table response
function M.edge(status, extra)
  extra = extra or {}
  local list = {}
  for i, info in ipairs(extra.info or { {} }) do
    list[i] = {
      errorCode = ("EMU-NE-%d"):format(status),
      errorMessage = info.reason or words(status),
      property = info.property,
      moreInfo = extra.details,
    }
  end
  return { status = status, body = #list == 1 and list[1] or list }
end

--- The error of orders v1: a list, and the ticket to ask support about.
---@param status integer
---@param extra? table as in `api`
---@return table response
function M.ticket(status, extra)
  extra = extra or {}
  local list = {}
  for i, info in ipairs(extra.info or { {} }) do
    list[i] = {
      code = ("EMU-ORD-%d"):format(status),
      fields = info.property and { info.property } or nil,
      message = info.reason or extra.details or words(status),
      messageParams = info.property and { info.property } or nil,
    }
  end
  return {
    status = status,
    ticketed = true, -- gets a ticketId on its way out
    body = { errors = list },
  }
end

--- A status that was asked for by a knob: in the words of the gateway, or of
--- who would have answered.
---@param request table
---@param status integer
---@param knobs table<string, any>
---@param refuse nil|fun(status: integer, extra: nil, knobs: table): table
---@param now number
function M.forced(request, status, knobs, refuse, now)
  if status < 300 then
    return { status = status, body = "" }
  elseif status >= 500 or status == 429 then
    return M.gateway(status, status == 429 and "Too Many Requests"
      or "Service Unavailable", request.path, now)
  end
  return (refuse or M.of_status)(status, nil, knobs)
end

M.HTML = "<html><head><title>Gateway</title></head>\n"
  .. "<body><h1>The page cannot be displayed</h1></body></html>\n"

return M
