--- build: makes the transport's request of the fields of a call. No I/O.
--
-- Law of this file: a name, a value or a path that could change the meaning of
-- the message is refused here, before a token is requested.

local errors = require("equinix.base.lazy") "equinix.base.error"
local lower = require("equinix.base.text").lower
local form = require "equinix.http.form"
local json = require "equinix.base.json"
local retry = require "equinix.http.retry"
local target = require "equinix.http.target"

local M = {}

local NONE = {}

-- Methods that need no further check.
local METHODS = {
  GET = true, HEAD = true, POST = true, PUT = true, PATCH = true,
  DELETE = true,
}

local function bad(message)
  return errors.fail("config", message, { code = "bad_request_field" })
end

-- RFC 9110, section 5.6.2: the characters of a method or a header name.
local function is_name(text)
  return type(text) == "string" and text:find "^[A-Za-z0-9!#$%%&'*+%-.^_`|~]+$"
end

local function is_value(text)
  return not text:find "[%z\r\n]"
end

-- With these a caller could say where the message ends, which allows request
-- smuggling (RFC 9112, section 11.2).
local FRAMING = {
  expect = true, ["content-length"] = true, ["transfer-encoding"] = true,
}

local function add_header(list, seen, name, value)
  if not is_name(name) then
    return bad "the name of a header has characters that are not allowed"
  elseif FRAMING[lower(name)] then
    return bad("header " .. name .. " is set by the client: leave it out")
  end
  local kind = type(value)
  if kind ~= "string" and kind ~= "number" then
    return bad("header " .. name .. " must be a string or a number")
  elseif not is_value(form.text(value)) then
    return bad("header " .. name .. " has a NUL, CR or LF in it")
  end
  list[#list + 1] = { name, form.text(value) }
  seen[lower(name)] = true
  return true
end

local ACCEPT = { "Accept", "application/json" }

-- The caller's headers, then the default ones that are missing, the
-- Authorization last.
local function headers_of(config, given, content_type)
  local list, seen = {}, {}
  for name, value in pairs(given) do
    local ok, err = add_header(list, seen, name, value)
    if not ok then
      return nil, err
    end
  end
  if not seen.accept then
    list[#list + 1] = ACCEPT
  end
  if content_type and not seen["content-type"] then
    list[#list + 1] = { "Content-Type", content_type }
  end
  if not seen["user-agent"] then
    list[#list + 1] = config.user_agent_header
  end
  list[#list + 1] = { "Authorization", "" }
  return list
end

-- The body, its content type, and why it can't be sent.
local function body_of(opts)
  if opts.json ~= nil then
    local text, message = json.encode(opts.json)
    return text, "application/json",
      message and "field json can't be encoded: " .. message
  elseif opts.form then
    return form.encode(opts.form), "application/x-www-form-urlencoded"
  end
  return opts.body
end

-- Most clients don't set these.
local OPTIONAL = { "ca_file", "client_cert", "client_key",
  "client_key_password_file", "proxy" }

local function complete(request, config, opts)
  for _, name in ipairs(OPTIONAL) do
    if config[name] then
      request[name] = config[name]
    end
  end
  if opts.sink then
    -- What is saved has to be whole, and in HTTP/2 the end of a body without a
    -- length can't be told from a stream that was broken off with NO_ERROR.
    request.http1 = true
    request.sink = type(opts.sink) == "string" and opts.sink or nil
  end
  return request
end

--- The headers of a request without headers of its own and without a body.
--- Requests may share this list, with the Authorization in it.
---@param config equinix.Config
---@param authorization string
---@return string[][]
function M.plain_headers(config, authorization)
  return { ACCEPT, config.user_agent_header,
    { "Authorization", authorization } }
end

--- The transport's request; its Authorization is still empty.
---@param config equinix.Config
---@param opts equinix.Request checked by equinix.http.validate
---@param plain? string[][] plain_headers, used where the request has no others
---@return equinix.transport.request|nil request
---@return equinix.Error|nil
function M.request(config, opts, plain)
  local method = opts.method or "GET"
  if not METHODS[method] and not is_name(method) then
    return bad "the method has characters that are not allowed"
  end
  local url, err = target.url(config, opts.path, opts.query)
  if not url then
    return nil, err
  end
  local body, content_type, message = body_of(opts)
  if message then
    return bad(message)
  elseif body and method == "HEAD" then
    return bad "a HEAD request can't have a body"
  end
  local headers = not opts.headers and not content_type and plain or nil
  if not headers then
    headers, err = headers_of(config, opts.headers or NONE, content_type)
    if not headers then
      return nil, err
    end
  end
  local may_resend = opts.idempotent
  if may_resend == nil then
    may_resend = retry.IDEMPOTENT[method] or false
  end
  return complete({
    method = method,
    url = url,
    headers = headers,
    body = body,
    may_resend = may_resend,
    max_body = config.max_body,
    raw_headers = true,
    connect_timeout = config.connect_timeout,
  }, config, opts)
end

--- Sets the Authorization of a request.
---@param request equinix.transport.request of M.request
---@param authorization string
function M.authorize(request, authorization)
  local headers = request.headers
  headers[#headers][2] = authorization
end

return M
