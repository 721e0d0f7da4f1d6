--- build: from the fields of a call to the request of the port. No I/O.
--
-- Law of this file: what could break out of its place (a name, a value, a
-- path) is refused here, before a token is asked for.

local err = require "equinix.base.error"
local form = require "equinix.http.form"
local json = require "equinix.base.json"
local retry = require "equinix.http.retry"
local target = require "equinix.http.target"

local M = {}

local NONE = {}

-- Names that need no second look.
local METHODS = {
  GET = true, HEAD = true, POST = true, PUT = true, PATCH = true,
  DELETE = true,
}

local function bad(what)
  return err.fail("config", what, { code = "bad_request_field" })
end

-- RFC 9110, section 5.6.2: what a method or a field name may be made of.
local function is_name(text)
  return type(text) == "string" and text:find "^[%w!#$%%&'*+%-.^_`|~]+$"
end

local function is_value(text)
  return not text:find "[%z\r\n]"
end

-- A second opinion on where a message ends would smuggle (RFC 9112, 11.2).
local FRAMING = {
  expect = true, ["content-length"] = true, ["transfer-encoding"] = true,
}

local function add_header(list, seen, name, value)
  if not is_name(name) then
    return bad "a header's name holds characters that none may have"
  elseif FRAMING[name:lower()] then
    return bad("header " .. name .. " is not the caller's to set")
  end
  local kind = type(value)
  if kind ~= "string" and kind ~= "number" then
    return bad("header " .. name .. " must be a string or a number")
  elseif not is_value(form.text(value)) then
    return bad("header " .. name .. " holds a NUL, CR or LF")
  end
  list[#list + 1] = { name, form.text(value) }
  seen[name:lower()] = true
  return true
end

local ACCEPT = { "Accept", "application/json" }

-- The caller's headers, then ours where he has none; the Authorization last.
local function headers_of(config, given, content_type)
  local list, seen = {}, {}
  for name, value in pairs(given) do
    local ok, problem = add_header(list, seen, name, value)
    if not ok then
      return nil, problem
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

local function body_of(opts)
  if opts.json ~= nil then
    local text, message = json.encode(opts.json)
    if not text then
      return nil, "field json can't be encoded: " .. message
    end
    return text, "application/json"
  elseif opts.form then
    return form.encode(opts.form), "application/x-www-form-urlencoded"
  end
  return opts.body
end

-- What most requests leave out, they don't have to make room for.
local OPTIONAL = { "ca_file", "client_cert", "client_key", "proxy" }

local function complete(request, config, opts)
  for _, name in ipairs(OPTIONAL) do
    if config[name] then
      request[name] = config[name]
    end
  end
  if type(opts.sink) == "string" then
    request.sink = opts.sink
  end
  return request
end

--- The header fields of a request that brings none of its own and no body.
--- Requests may share them, and so the Authorization.
---@param config table of equinix.client.options
---@param authorization string
function M.plain_headers(config, authorization)
  return { ACCEPT, config.user_agent_header,
    { "Authorization", authorization } }
end

--- The port's request; its last header is the Authorization, still empty.
---@param config table of equinix.client.options
---@param opts equinix.Request checked by equinix.http.validate
---@param plain? table of plain_headers, to be shared where it fits
---@return table|nil request
---@return equinix.Error|nil
function M.request(config, opts, plain)
  local method = opts.method or "GET"
  if not METHODS[method] and not is_name(method) then
    return bad "method holds characters that no method may have"
  end
  local url, problem = target.url(config, opts.path, opts.query)
  if not url then
    return nil, problem
  end
  local body, content_type = body_of(opts)
  if body == nil and content_type then
    return bad(content_type)
  elseif body and method == "HEAD" then
    return bad "a HEAD request has no body"
  end
  local headers = not opts.headers and not content_type and plain or nil
  if not headers then
    headers, problem = headers_of(config, opts.headers or NONE, content_type)
    if not headers then
      return nil, problem
    end
  end
  return complete({
    method = method,
    url = url,
    headers = headers,
    body = body,
    may_resend = retry.idempotent(method, opts.idempotent),
    max_body = config.max_body,
    raw_headers = true,
    connect_timeout = config.connect_timeout,
  }, config, opts)
end

return M
