--- problem: what a caller of the service is told when something failed
--- (RFC 9457).
--
-- Law of this file: status and words follow from the kind of the error, never
-- from its message where that could name a host, a path or a setting of this
-- machine. What Equinix itself said (status, codes, errors) is handed on.

local M = {}

local TITLES = {
  [400] = "Bad Request",
  [401] = "Unauthorized",
  [403] = "Forbidden",
  [404] = "Not Found",
  [405] = "Method Not Allowed",
  [408] = "Request Timeout",
  [411] = "Length Required",
  [413] = "Content Too Large",
  [414] = "URI Too Long",
  [415] = "Unsupported Media Type",
  [421] = "Misdirected Request",
  [429] = "Too Many Requests",
  [431] = "Request Header Fields Too Large",
  [500] = "Internal Server Error",
  [501] = "Not Implemented",
  [502] = "Bad Gateway",
  [503] = "Service Unavailable",
  [504] = "Gateway Timeout",
  [505] = "HTTP Version Not Supported",
}

--- The words of a status.
function M.title(status)
  return TITLES[status] or (status >= 500 and "Server Error" or "Error")
end

--- A problem of our own words.
---@param status integer
---@param detail string what happened and what to do
---@param more? table further members
---@return table
function M.new(status, detail, more)
  local object = {
    type = "about:blank",
    title = M.title(status),
    status = status,
    detail = detail,
  }
  for name, value in pairs(more or {}) do
    object[name] = value
  end
  return object
end

local MISSED = { 504, "Equinix did not answer in time; try again." }
local BUSY = { 503, "This service is busy; try again." }
local UNREACHABLE = { 502, "Equinix could not be reached; try again later." }
local BROKEN = { 500, "This service is not set up as it should be; its log "
  .. "says what is wrong." }

-- By code, then by kind.
local BY_CODE = {
  queue = BUSY,
  cannot_wait = BUSY,
  own_flight = BUSY,
  token_wait = MISSED,
  unknown_refresh_token = { 400, "This refresh_token is not the current one "
    .. "of this service's own account. Ask for a token, or send it together "
    .. "with the client_id and client_secret that it belongs to." },
  static_token = { 501, "This service was given a fixed token, which can't "
    .. "be renewed." },
  not_json = { 502, "Equinix's answer is not JSON; its status is in "
    .. "upstream_status." },
  latched = { 429, "Not sent: Equinix refused credentials of this account "
    .. "before, and locks an account after 5 bad attempts. Mend the "
    .. "credentials." },
}

local BY_KIND = {
  network = UNREACHABLE,
  tls = { 502, "Equinix's identity could not be verified." },
  timeout = MISSED,
  protocol = { 502, "Equinix's answer can't be used." },
  auth = { 503, "Equinix refused the credentials of this service; its owner "
    .. "has to mend them." },
  http = { 502, "Equinix did not give a token." },
  config = BROKEN,
  store = BUSY,
  closed = { 503, "This service is ending." },
  memory = BUSY,
}

-- Where Equinix itself answered, its status is the answer's.
local function of_equinix(problem)
  local status = problem.status
  if (problem.kind == "http" or problem.kind == "auth") and status
    and status >= 400 and status < 600 then
    return status
  end
end

local function details(problem)
  local list = {}
  for i, detail in ipairs(problem.errors or {}) do
    list[i] = detail
  end
  return #list > 0 and list or nil
end

--- Status, headers and body for an error of the client.
---@param problem equinix.Error
---@param own? boolean it is about the service's own credentials
---@return integer status
---@return table<string, string> headers
---@return table object
function M.of(problem, own)
  local upstream = of_equinix(problem)
  local known = BY_CODE[problem.code] or BY_KIND[problem.kind] or BROKEN
  local status, detail = known[1], known[2]
  if upstream then
    status = upstream
    detail = ("Equinix answered %d%s%s"):format(upstream,
      problem.code and " (" .. problem.code .. ")" or "",
      own and " to the credentials of this service." or ".")
  elseif own and problem.code == "latched" then
    status, detail = BY_KIND.auth[1], BY_KIND.auth[2]
  end
  local headers = {}
  if problem.retry_after then
    headers["Retry-After"] = ("%d"):format(
      math.max(1, math.ceil(problem.retry_after)))
  end
  return status, headers, M.new(status, detail, {
    -- A code that says something about this machine stays here.
    code = (upstream or known ~= BROKEN) and problem.code or nil,
    errors = details(problem),
    correlation_id = problem.correlation_id,
    upstream_status = not upstream and problem.status or nil,
  })
end

return M
