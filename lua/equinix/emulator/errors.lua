--- errors: the bodies of Equinix's error responses, each shape once.
--
-- Law of this file: the shapes are Equinix's. The token endpoints send an
-- object with an errorDomain, Fabric and colocation an array, Network Edge an
-- object of its own, orders v1 a list with a ticket, and the gateway in front
-- of all of them another object. Codes that start with EMU are the emulator's,
-- used where Equinix's are not known.

local M = {}

local SNAKE_CASE = {
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
function M.token_endpoint(knobs, status, code, title, message)
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
      renamed[SNAKE_CASE[name]] = value
    end
    body = renamed
  end
  return { status = status, body = body }
end

--- A token endpoint's response to wrong credentials.
function M.login_failure(knobs)
  return M.token_endpoint(knobs, knobs.refused_status, "S1006",
    "Login Failure", "Login Failure, please try again.")
end

--- An error of Fabric or colocation: an array, even of one.
---@param status integer
---@param code string
---@param message string
---@param extra? {details?: string, info?: {property: string,
---  reason: string}[]}
---@return table response
function M.fabric(status, code, message, extra)
  extra = extra or {}
  return {
    status = status,
    correlated = true, -- the router adds a correlationId
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

--- An error of the gateway, which knows nothing of tokens and products.
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

local FABRIC_CODES = {
  [400] = { "IC-USR-014-01", "Bad Request" },
  [401] = { "EQ-3000039", "Unauthorized" },
  [403] = { "EQ-3045003", "Forbidden" },
  [404] = { "EQ-3045811", "Not Found" },
  [405] = { "EQ-3000405", "Method Not Allowed" },
  [415] = { "EQ-3000415", "Unsupported Media Type" },
}

--- Fabric's error for a status.
---@param status integer
---@param extra? table as in `fabric`
function M.of_status(status, extra)
  local known = FABRIC_CODES[status] or { "EQ-3000" .. status, "Error" }
  return M.fabric(status, known[1], known[2], extra)
end

local function title(status)
  return FABRIC_CODES[status] and FABRIC_CODES[status][2] or "Error"
end

--- An error of Network Edge: an object for one, an array for several.
---@param status integer
---@param extra? table as in `fabric`
---@return table response
function M.network_edge(status, extra)
  extra = extra or {}
  local list = {}
  for i, info in ipairs(extra.info or { {} }) do
    list[i] = {
      errorCode = ("EMU-NE-%d"):format(status),
      errorMessage = info.reason or title(status),
      property = info.property,
      moreInfo = extra.details,
    }
  end
  return { status = status, body = #list == 1 and list[1] or list }
end

--- An error of orders v1: a list, and a ticket to name to support.
---@param status integer
---@param extra? table as in `fabric`
---@return table response
function M.orders(status, extra)
  extra = extra or {}
  local list = {}
  for i, info in ipairs(extra.info or { {} }) do
    list[i] = {
      code = ("EMU-ORD-%d"):format(status),
      fields = info.property and { info.property } or nil,
      message = info.reason or extra.details or title(status),
      messageParams = info.property and { info.property } or nil,
    }
  end
  return {
    status = status,
    ticketed = true, -- the router adds a ticketId
    body = { errors = list },
  }
end

--- The response with a status that a knob forces: from 500 on, and for 429,
--- an error of the gateway, otherwise one of the API that was called.
---@param request table
---@param status integer
---@param knobs table<string, any>
---@param error_response equinix.emulator.ErrorResponse|nil of that API
---@param now number
function M.forced(request, status, knobs, error_response, now)
  if status < 300 then
    return { status = status, body = "" }
  elseif status >= 500 or status == 429 then
    return M.gateway(status, status == 429 and "Too Many Requests"
      or "Service Unavailable", request.path, now)
  end
  return (error_response or M.of_status)(status, nil, knobs)
end

M.HTML = "<html><head><title>Gateway</title></head>\n"
  .. "<body><h1>The page cannot be displayed</h1></body></html>\n"

return M
