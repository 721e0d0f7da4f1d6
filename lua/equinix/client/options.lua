--- options: what `equinix.new` takes, checked and completed.
--
-- Law of this file: an explicit option beats the environment, which beats the
-- default; credentials are one set from one source. An unknown name or a value
-- of the wrong type is a mistake in the program and raises at the line of the
-- call; a value that is not usable is data and returns `nil, err`.

local lazy = require "equinix.base.lazy"

local text_of = require "equinix.base.text"
local cache_key = require "equinix.oauth.cache_key"
local check = require "equinix.base.check"
local core = require "equinix.core"
local credentials = require "equinix.client.credentials"
local emitter = lazy "equinix.client.emitter"
local environment = require "equinix.client.environment"
local errors = lazy "equinix.base.error"
local profile = lazy "equinix.client.profile"
local retry = require "equinix.http.retry"
local trim = lazy "equinix.base.trim"

local M = {}

local PRODUCTION = "https://api.equinix.com"
local LEASE_MARGIN = 5 -- seconds that a leader has beyond `timeout`
local STS = "https://sts.eqix.equinix.com"
local SANDBOX = "https://sandboxapi.equinix.com"
-- Inside nginx many bodies are held at once.
local MAX_BODY = (rawget(_G, "ngx") and 8 or 64) * 1024 * 1024

---@class equinix.Options
---@field client_id? string the app's Consumer Key
---@field client_secret? string the app's Consumer Secret
---@field client_secret_file? string a file with it, read at each token request
---@field credential_process? string a command that prints them as JSON
---@field credentials? fun(): table|nil, string|nil gives them
---@field profile? string the section of the user's file that is read
---@field token? string a bearer token of your own: no token request ever
---@field grant? "client_credentials"|"password"|"token_exchange"
---@field scope? string of a token exchange
---@field subject_token? string|fun(): string called anew for each exchange
---@field sts_endpoint? string origin that exchanges tokens
---@field user_name? string for grant "password"
---@field user_password? string for grant "password"
---@field cache_key? string clients with the same one share a token
---@field base_url? string https; http on loopback only
---@field environment? "production"|"sandbox"
---@field encoding? "json"|"form" of the token request
---@field timeout? number seconds, for a whole call
---@field connect_timeout? number seconds
---@field retry? equinix.RetryPolicy|boolean
---@field store? table second level of the cache, see equinix.store
---@field transport? table the port, see docs/architecture.md
---@field proxy? string URL, or "environment": the variables are used
---@field ca_file? string PEM file that replaces the system's authorities
---@field client_cert? string PEM file
---@field client_key? string PEM file
---@field client_key_password_file? string a file with its pass phrase
---@field allowed_origins? string[] others that may get the bearer token
---@field max_body? number bytes, counted after decompression
---@field on_event? equinix.Listener|table<string, equinix.Listener> for all
---  events, or one for each name
---@field user_agent? string put before ours

-- name -> Lua types it may have
local NEW = {
  client_id = "string",
  client_secret = "string",
  client_secret_file = "string",
  credential_process = "string",
  credentials = "function",
  profile = "string",
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
  store = "table",
  transport = "table",
  proxy = "string",
  ca_file = "string",
  client_cert = "string",
  client_key = "string",
  client_key_password_file = "string",
  allowed_origins = "table",
  max_body = "number",
  on_event = "function table",
  user_agent = "string",
}

---@class equinix.Config the options, complete and checked: what all parts read
---@field grant "client_credentials"|"password"|"token_exchange"|"static"
---@field client_id? string
---@field has_secret? boolean
---@field secret fun(transport: table?, deadline: number?): string|nil,
---  string|equinix.Error|nil what the key is made with, or why there is none
---@field secret_rotates? boolean it is read again and again, from:
---@field client_secret_file? string
---@field supplied? equinix.Supplied gives `client_id` and `identity`, too
---@field profile? string which one was read, and where
---@field has_profile_credentials? boolean they are from there
---@field user_name? string
---@field user_password? fun(): string
---@field static_token? fun(): string
---@field scope? string
---@field subject? fun(): string|nil, string|nil
---@field exchange_key? fun(): string what stands for the subject in the key
---@field cache_key? string
---@field identity string of cache_key.identity
---@field encoding "json"|"form"
---@field base_url string without a slash at its end
---@field origin string of base_url
---@field allowed table<string, true> origins that may get the bearer token
---@field sts_url? string
---@field sts_origin? string
---@field timeout number seconds
---@field lease_seconds number that a leader may take: timeout and 5 more
---@field connect_timeout number seconds
---@field retry equinix.RetryPolicy
---@field store? table
---@field transport? table
---@field proxy? string
---@field ca_file? string
---@field client_cert? string
---@field client_key? string
---@field client_key_password_file? string
---@field max_body number bytes
---@field on_event? equinix.Listener|table<string, equinix.Listener>
---@field log? 1|2 of EQUINIX_LOG: debug, trace; nil: none
---@field user_agent string
---@field user_agent_header {[1]: string, [2]: string}

-- The functions that a port's table must have.
local PORTS = {
  store = { "load", "save", "lock", "unlock", "delete" },
  transport = { "send", "send_many", "sleep", "can_wait" },
}

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

local function without_slash(text)
  return text:sub(-1) == "/" and trim.tail(text, "/") or text
end

local function base_url(opts)
  local text, source = opts.base_url, "base_url"
  if opts.environment == "sandbox" then
    text = SANDBOX
  elseif not text and opts.environment == nil then
    text, source = environment.get "base_url"
  end
  text = without_slash(text or PRODUCTION)
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

local GRANTS = { client_credentials = true, password = true,
  token_exchange = true }

-- Equinix's own precedence: exchange, then a token, then the app itself.
local function default_grant(config)
  if config.scope and config.subject then
    return "token_exchange"
  end
  return config.static_token and "static" or "client_credentials"
end

local function take_grant(config, opts)
  if opts.grant and not GRANTS[opts.grant] then
    return 'grant must be "client_credentials", "password" or "token_exchange"'
  end
  config.grant = opts.grant or default_grant(config)
  config.encoding = opts.encoding or "json"
  if config.encoding ~= "json" and config.encoding ~= "form" then
    return "encoding must be \"json\" or \"form\""
  end
end

-- Only a client secret seals records. A static token needs no store, and a
-- subject token rotates: what it sealed its successor could not open.
local function take_store(config, opts)
  if config.grant == "client_credentials" or config.grant == "password" then
    config.store = opts.store
  end
end

-- The origin that exchanges tokens; asked for only when it does.
local function take_sts(config, opts)
  if config.grant ~= "token_exchange" then
    return nil
  end
  local text, source = opts.sts_endpoint, "sts_endpoint"
  if not text then
    text, source = environment.get "sts_endpoint"
  end
  text = without_slash(text or STS)
  local url, reason = origin(text, source or "sts_endpoint")
  if not url then
    return reason
  end
  config.sts_url, config.sts_origin = text, url.origin
  config.secret, config.secret_rotates = config.exchange_key, false
end

local function take_origins(config, opts)
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
  local text = opts.timeout == nil and environment.get "timeout"
  config.timeout = opts.timeout or text_of.number(text or 30)
  config.connect_timeout = opts.connect_timeout or 10
  config.max_body = opts.max_body or MAX_BODY
  for _, name in ipairs { "timeout", "connect_timeout", "max_body" } do
    if not check.positive(config[name]) then
      return (text and name == "timeout" and "EQUINIX_API_TIMEOUT" or name)
        .. " must be a finite number greater than 0"
    end
  end
  config.lease_seconds = config.timeout + LEASE_MARGIN
  local reason
  config.retry, reason = retry.policy(opts.retry, retry.DEFAULT)
  return reason
end

local function take_log(config)
  local message
  config.log, message = environment.log()
  return message
end

-- For a proxy, loopback is another machine: http would go there unencrypted.
-- The variables are for all programs: what is no https goes past them.
local function take_proxy(config)
  if not config.proxy or config.proxy == "environment" then
    return nil
  end
  for name in pairs(config.allowed) do
    if name:find "^http:" then
      return "proxy is for https only, and " .. name .. " is not"
    end
  end
  if config.sts_origin and config.sts_origin:find "^http:" then
    return "proxy is for https only, and sts_endpoint is not"
  end
end

-- These reach headers, paths and libcurl as they are.
local function take_strings(config)
  for _, name in ipairs { "user_agent", "proxy", "ca_file", "client_cert",
    "client_key", "client_key_password_file" } do
    if config[name] and config[name]:find "[%z\1-\31\127]" then
      return name .. " holds a control character"
    end
  end
  for _, name in ipairs { "client_key", "client_key_password_file" } do
    if config[name] and not config.client_cert then
      return name .. " needs client_cert: give the certificate of that key"
    end
  end
end

-- Mistakes in the program.
local function check_options(opts, level)
  check.names(opts, NEW, "option", level + 1)
  check.retry(opts.retry, level + 1)
  if type(opts.on_event) == "table" then
    check.names(opts.on_event, emitter.NAMES, "event", level + 1)
  end
  for port, names in pairs(PORTS) do
    for _, name in ipairs(opts[port] and names or {}) do
      if type(opts[port][name]) ~= "function" then
        check.raise(level + 1, "option '%s' lacks the function '%s'", port,
          name)
      end
    end
  end
  if opts.environment and opts.base_url then
    check.raise(level + 1,
      "options 'environment' and 'base_url' exclude each other")
  end
end

-- With what a profile says, if one is asked for.
local function with_profile(opts, fallback)
  local variable = environment.get "profile"
  local name = opts.profile or variable or fallback
  if not name then
    return opts
  end
  return profile.add(opts, name, opts.profile and "option"
    or variable and "variable" or "default")
end

--- The configuration of a client, complete and checked.
---@param opts equinix.Options|nil
---@param level integer at whose line a mistake is raised (1: the caller's)
---@param fallback? string the profile that is read where none is named
---@return equinix.Config|nil config
---@return equinix.Error|nil
function M.client(opts, level, fallback)
  local where, own
  opts = opts == nil and {} or opts
  check_options(opts, level + 1)
  opts, where, own = with_profile(opts, fallback)
  if not opts then
    return errors.fail("config", where)
  end
  local config = {
    profile = where,
    has_profile_credentials = own,
    transport = opts.transport,
    proxy = opts.proxy,
    ca_file = opts.ca_file,
    client_cert = opts.client_cert,
    client_key = opts.client_key,
    client_key_password_file = opts.client_key_password_file,
    cache_key = opts.cache_key,
    on_event = opts.on_event,
    user_agent = (opts.user_agent and opts.user_agent .. " " or "")
      .. "lua-equinix/" .. core._VERSION,
  }
  -- The cache was made when the core was loaded, but only here it can say so.
  local reason = core.tokens.info().mistake
    or credentials.take(config, opts, where)
    or take_grant(config, opts)
    or credentials.missing(config)
    or take_store(config, opts)
    or take_origins(config, opts)
    or take_sts(config, opts)
    or take_limits(config, opts)
    or take_strings(config)
    or take_proxy(config)
    or take_log(config)
  if reason then
    return errors.fail("config", reason .. (where and " (with " .. where .. ")"
      or ""))
  end
  config.identity = cache_key.identity(config)
  config.user_agent_header = { "User-Agent", config.user_agent }
  return config
end

--- The options of equinix.new, by name.
---@type table<string, string> the Lua types that each may have
M.NAMES = NEW

return M
