--- options: what `equinix.new` and `client:request` take, checked.
--
-- Law of this file: an explicit option beats the environment, which beats the
-- default; credentials are one set from one source. A name nobody knows or a
-- value of the wrong type is a mistake in the program and raises at the line
-- of the call; a value that is not usable is data and returns `nil, err`.
-- Secrets leave this file as functions, so that no dump of a table shows one.

local core = require "equinix.core"
local credentials = require "equinix.credentials"
local env = require "equinix.env"
local err = require "equinix.error"
local nearest = require "equinix.nearest"

local M = {}

local PRODUCTION = "https://api.equinix.com"
local STS = "https://sts.eqix.equinix.com"
local SANDBOX = "https://sandboxapi.equinix.com"
local MAX_BODY = 64 * 1024 * 1024

-- name -> Lua types it may have
local NEW = {
  client_id = "string",
  client_secret = "string",
  client_secret_file = "string",
  token = "string",
  grant = "string",
  scope = "string",
  subject_token = "string function",
  sts_endpoint = "string",
  user_name = "string",
  user_password = "string",
  cache_key = "string",
  base_url = "string",
  environment = "string",
  encoding = "string",
  timeout = "number",
  connect_timeout = "number",
  retry = "table boolean",
  transport = "table",
  proxy = "string",
  ca_file = "string",
  client_cert = "string",
  client_key = "string",
  allowed_origins = "table",
  max_body = "number",
  on_event = "function",
  user_agent = "string",
}

local REQUEST = {
  method = "string",
  path = "string",
  query = "table string",
  headers = "table",
  json = "any",
  body = "string",
  form = "table",
  timeout = "number",
  idempotent = "boolean",
  retry = "table boolean",
  accept = "table",
  sink = "string",
}

local RETRY = { attempts = "number", base = "number", cap = "number" }

local function raise(level, text, ...)
  error("equinix: " .. text:format(...), level + 1)
end

-- Raises unless every member is known and of its type.
local function check(opts, known, what, level)
  if type(opts) ~= "table" then
    raise(level + 1, "%ss must be a table, not %s", what, type(opts))
  end
  for name, value in pairs(opts) do
    local types = known[name]
    if not types then
      local near = type(name) == "string" and nearest.name(name, known)
      raise(level + 1, "unknown %s '%s'%s", what, tostring(name),
        near and (", did you mean '%s'?"):format(near) or "")
    end
    if types ~= "any" and not (" " .. types .. " "):find(
        " " .. type(value) .. " ", 1, true) then
      raise(level + 1, "%s '%s' must be a %s, not a %s", what, name,
        types:gsub(" ", " or a "), type(value))
    end
  end
end

local function positive(value)
  return value and value > 0 and value < math.huge
end

local DEFAULT_RETRY = { attempts = 4, base = 0.5, cap = 30 }

--- Completes a retry option: false means one attempt.
---@param value table|boolean|nil
---@param default table what nil means
---@return table|nil policy
---@return string|nil message
local function retry_policy(value, default)
  if value == nil or value == true then
    return default
  elseif value == false then
    return { attempts = 1, base = 0, cap = 0, off = true }
  end
  local policy = {}
  for name in pairs(DEFAULT_RETRY) do
    policy[name] = value[name] or default[name]
    if not (policy[name] >= 0 and policy[name] < math.huge) then
      return nil, "retry." .. name .. " must be a finite number >= 0"
    end
  end
  policy.attempts = math.max(1, math.floor(policy.attempts))
  return policy
end

-- https anywhere, http on loopback only.
local function origin(text, what)
  local url, reason = core.url(text)
  if not url then
    return nil, ("%s is not usable: %s"):format(what, reason)
  end
  if url.scheme ~= "https" and not url.loopback then
    return nil, what .. " must be https (http is for loopback only)"
  end
  return url
end

local function base_url(opts)
  local text, source = opts.base_url, "base_url"
  if opts.environment == "sandbox" then
    text = SANDBOX
  elseif not text and opts.environment == nil then
    text, source = env.get "base_url"
  end
  text = (text or PRODUCTION):gsub("/+$", "")
  local url, reason = origin(text, source or "base_url")
  if not url then
    return nil, reason
  end
  if text:find "[?#]" then
    return nil, (source or "base_url") .. " must have no query or fragment"
  end
  return text, url
end

local function allowed_origins(list, base)
  local allowed = { [base.origin] = true }
  for i, text in ipairs(list or {}) do
    if type(text) ~= "string" then
      return nil, ("allowed_origins[%d] must be a string"):format(i)
    end
    local url, reason = origin(text, ("allowed_origins[%d]"):format(i))
    if not url then
      return nil, reason
    end
    allowed[url.origin] = true
  end
  return allowed
end

local GRANTS = {
  client_credentials = true,
  password = true,
  token_exchange = true,
}

-- Equinix's own precedence: exchange, then a token, then the app itself.
local function default_grant(config)
  if config.scope and config.subject then
    return "token_exchange"
  end
  return config.static_token and "static" or "client_credentials"
end

local function take_grant(config, opts)
  if opts.grant and not GRANTS[opts.grant] then
    return "grant must be \"client_credentials\", \"password\" or "
      .. "\"token_exchange\""
  end
  config.grant = opts.grant or default_grant(config)
  config.encoding = opts.encoding or "json"
  if config.encoding ~= "json" and config.encoding ~= "form" then
    return "encoding must be \"json\" or \"form\""
  end
end

-- The origin that exchanges tokens; asked for only when it does.
local function take_sts(config, opts)
  if config.grant ~= "token_exchange" then
    return nil
  end
  local text, source = opts.sts_endpoint, "sts_endpoint"
  if not text then
    text, source = env.get "sts_endpoint"
  end
  text = (text or STS):gsub("/+$", "")
  local url, reason = origin(text, source or "sts_endpoint")
  if not url then
    return reason
  end
  config.sts_url, config.sts_origin = text, url.origin
  config.secret, config.secret_rotates = config.exchange_key, false
end

local function take_place(config, opts)
  if opts.environment and opts.environment ~= "production"
    and opts.environment ~= "sandbox" then
    return "environment must be \"production\" or \"sandbox\""
  end
  local base, url = base_url(opts)
  if not base then
    return url
  end
  config.base_url, config.origin = base, url.origin
  local allowed, reason = allowed_origins(opts.allowed_origins, url)
  config.allowed = allowed
  return reason
end

local function take_limits(config, opts)
  local text = opts.timeout == nil and env.get "timeout"
  config.timeout = opts.timeout or tonumber(text or 30)
  config.connect_timeout = opts.connect_timeout or 10
  config.max_body = opts.max_body or MAX_BODY
  for _, name in ipairs { "timeout", "connect_timeout", "max_body" } do
    if not positive(config[name]) then
      return (text and name == "timeout" and "EQUINIX_API_TIMEOUT" or name)
        .. " must be a finite number greater than 0"
    end
  end
  local reason
  config.retry, reason = retry_policy(opts.retry, DEFAULT_RETRY)
  return reason
end

-- These reach headers, paths and libcurl as they are.
local function take_strings(config)
  for _, name in ipairs { "user_agent", "proxy", "ca_file", "client_cert",
    "client_key" } do
    if config[name] and config[name]:find "%c" then
      return name .. " holds a control character"
    end
  end
end

--- The configuration of a client, complete and checked.
---@param opts equinix.Options|nil
---@param level integer whose line a mistake is raised at (1 = the caller)
---@return table|nil config
---@return equinix.Error|nil
function M.client(opts, level)
  opts = opts == nil and {} or opts
  check(opts, NEW, "option", level + 1)
  if type(opts.retry) == "table" then
    check(opts.retry, RETRY, "retry option", level + 1)
  end
  if opts.environment and opts.base_url then
    raise(level + 1, "options 'environment' and 'base_url' exclude each other")
  end
  local config = {
    transport = opts.transport,
    proxy = opts.proxy,
    ca_file = opts.ca_file,
    client_cert = opts.client_cert,
    client_key = opts.client_key,
    cache_key = opts.cache_key,
    on_event = opts.on_event,
    user_agent = (opts.user_agent and opts.user_agent .. " " or "")
      .. "lua-equinix/" .. core._VERSION,
  }
  local reason = credentials.take(config, opts)
    or take_grant(config, opts)
    or credentials.missing(config)
    or take_place(config, opts)
    or take_sts(config, opts)
    or take_limits(config, opts)
    or take_strings(config)
  if reason then
    return err.fail("config", reason)
  end
  return config
end

--- Checks the table of a request; raises at the caller's line.
---@param opts table
---@param level integer
function M.request(opts, level)
  check(opts, REQUEST, "request field", level + 1)
  local bodies = 0
  for _, name in ipairs { "json", "body", "form" } do
    bodies = bodies + (opts[name] ~= nil and 1 or 0)
  end
  if bodies > 1 then
    raise(level + 1, "give one of json, body and form")
  end
  for name in pairs(opts.headers or {}) do
    if type(name) ~= "string" then
      raise(level + 1, "headers must be a table of name = value")
    elseif name:lower() == "authorization" then
      raise(level + 1, "the client sets Authorization itself; "
        .. "use option token for a token of your own")
    end
  end
  if opts.timeout and not positive(opts.timeout) then
    raise(level + 1, "timeout must be a finite number greater than 0")
  end
  if type(opts.retry) == "table" then
    check(opts.retry, RETRY, "retry option", level + 1)
  end
end

local ALL = { concurrency = "number", timeout = "number" }

--- Checks the arguments of `client:all`; raises at the caller's line.
---@param requests table
---@param opts table|nil
---@param level integer
function M.all(requests, opts, level)
  if type(requests) ~= "table" then
    raise(level + 1, "all takes a list of requests, not a %s",
      type(requests))
  end
  for i, fields in ipairs(requests) do
    M.request(fields, level + 1)
    if fields.timeout then
      raise(level + 1, "request %d has a timeout: give one to all() for all "
        .. "of them", i)
    end
  end
  check(opts or {}, ALL, "option", level + 1)
  for name in pairs(ALL) do
    if opts and opts[name] and not positive(opts[name]) then
      raise(level + 1, "option '%s' must be a finite number greater than 0",
        name)
    end
  end
end

--- The retry policy of one request.
M.retry_policy = retry_policy

--- The names of all options of equinix.new.
---@return table<string, true>
function M.names()
  local names = {}
  for name in pairs(NEW) do
    names[name] = true
  end
  return names
end

return M
