--- problem: an error as the service shows it to a caller (RFC 9457).
--
-- Law of this file: status and detail follow from the kind and code of the
-- error, never from its message, which may name a host, a path or a setting of
-- this machine. What Equinix itself said (status, codes, errors) is passed on.

local json = require "equinix.base.json"
local tables = require "equinix.base.table"

local M = {}

M.MEDIA_TYPE = "application/problem+json"

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

--- The title of a status.
---@param status integer
---@return string
function M.title(status)
  return TITLES[status] or (status >= 500 and "Server Error" or "Error")
end

--- A problem with a detail of our own.
---@param status integer
---@param detail string what happened and what to do
---@param more? table further members
---@return table
function M.new(status, detail, more)
  return tables.update({
    type = "about:blank",
    title = M.title(status),
    status = status,
    detail = detail,
  }, more)
end

--- The whole response that carries a problem with a detail of our own.
---@param status integer
---@param detail string
---@param headers? table<string, string> further ones
---@param reason? string one word for the log
---@return {status: integer, headers: table<string, string>, body: string,
---  note?: equinix.problem.Note}
function M.response(status, detail, headers, reason)
  return {
    status = status,
    note = reason and { reason = reason },
    headers = tables.update({ ["Content-Type"] = M.MEDIA_TYPE,
      ["Cache-Control"] = "no-store" }, headers),
    body = assert(json.encode(M.new(status, detail))),
  }
end

local LATE = { 504, "Equinix did not respond in time; try again." }
local BUSY = { 503, "The service is busy; try again." }
local UNREACHABLE = { 502, "Equinix could not be reached; try again later." }
local MISCONFIGURED = { 500, "The service is misconfigured; see the service "
  .. "log." }

-- By code, then by kind.
local BY_CODE = {
  queue = BUSY,
  cannot_wait = BUSY,
  own_flight = BUSY,
  token_wait = LATE,
  unknown_refresh_token = { 400, "This refresh_token is not the current one "
    .. "of the service's own account. Request a token, or send the "
    .. "client_id and client_secret that it belongs to with it." },
  static_token = { 501, "The service is configured with a static token, "
    .. "which can't be renewed." },
  not_json = { 502, "Equinix's response is not JSON; its status is in "
    .. "upstream_status." },
  token_echo = { 502, "Equinix's response is not passed on: it repeats the "
    .. "headers of the request, and so the token. This path is not called "
    .. "again." },
  ambiguous_body = { 400, "The body is no JSON that every parser reads alike: "
    .. "a name comes twice, or it is not valid. Send each member once." },
  latched = { 429, "Not sent: Equinix refused the credentials of this account "
    .. "before, or gave no answer to them, and locks an account after 5 bad "
    .. "attempts. Correct the credentials, or try again later." },
}

local BY_KIND = {
  network = UNREACHABLE,
  tls = { 502, "Equinix's TLS certificate could not be verified." },
  timeout = LATE,
  protocol = { 502, "Equinix's response is invalid." },
  auth = { 503, "Equinix refused the credentials of the service; its operator "
    .. "has to correct them." },
  http = { 502, "Equinix did not issue a token." },
  config = MISCONFIGURED,
  store = BUSY,
  closed = { 503, "The service is shutting down." },
  memory = BUSY,
}

-- What Equinix responded to, for the service's own token: only a refusal says
-- something about the credentials.
local OWN = {
  auth = " to the credentials of the service.",
  http = " to the token request of the service.",
}

-- Where Equinix itself responded, the problem has its status.
local function equinix_status(err)
  local status = err.status
  if (err.kind == "http" or err.kind == "auth") and status
    and status >= 400 and status < 600 then
    return status
  end
end

local function details(err)
  local list = {}
  for i, detail in ipairs(err.errors or {}) do
    list[i] = detail
  end
  return #list > 0 and list or nil
end

---@class equinix.problem.Note why a response is no success, for the log only
---@field reason? string a word of ours
---@field upstream_status? integer what Equinix answered
---@field upstream_code? string its code for that
---@field correlation_id? string under which Equinix has it

--- The note about an error of the client.
---@param err equinix.Error
---@return equinix.problem.Note
function M.note(err)
  return {
    reason = err.status and "upstream" or err.code or err.kind,
    upstream_status = err.status,
    upstream_code = err.status and err.code,
    correlation_id = err.correlation_id,
  }
end

--- Status, headers and body for an error of the client.
---@param err equinix.Error
---@param own? boolean it is about the service's own credentials
---@return integer status
---@return table<string, string> headers
---@return table object
function M.of(err, own)
  local upstream = equinix_status(err)
  local known = BY_CODE[err.code] or BY_KIND[err.kind] or MISCONFIGURED
  local status, detail = known[1], known[2]
  if upstream then
    status = upstream
    detail = ("Equinix responded with %d%s%s"):format(upstream,
      err.code and " (" .. err.code .. ")" or "",
      own and OWN[err.kind] or ".")
  elseif own and err.code == "latched" then
    status, detail = BY_KIND.auth[1], BY_KIND.auth[2]
  end
  local headers = {}
  if err.retry_after then
    headers["Retry-After"] = ("%d"):format(
      math.max(1, math.ceil(err.retry_after)))
  end
  return status, headers, M.new(status, detail, {
    -- A code that describes this machine is not shown.
    code = (upstream or known ~= MISCONFIGURED) and err.code or nil,
    errors = details(err),
    correlation_id = err.correlation_id,
    upstream_status = not upstream and err.status or nil,
  })
end

return M
