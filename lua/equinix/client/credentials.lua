--- credentials: the account that the client uses, from one source.
--
-- Law of this file: credentials are one set. Any of them given explicitly
-- switches off every credential variable, so that an id and a secret of two
-- different apps never meet. Secrets leave this file as functions: no dump of
-- a table shows one.

local characters = require "equinix.client.characters"
local core = require "equinix.core"
local environment = require "equinix.client.environment"
local file = require("equinix.base.lazy") "equinix.base.file"
local memory = require("equinix.base.lazy") "equinix.base.memory"
local supplied = require("equinix.base.lazy") "equinix.client.supplied"

local M = {}

-- Any of these given explicitly switches off all credential variables.
local EXPLICIT = {
  "client_id", "client_secret", "client_secret_file", "token", "user_name",
  "user_password", "subject_token", "credential_process", "credentials",
}

local VARIABLES = { "client_id", "client_secret", "client_secret_file",
  "token", "subject_token" }

--- Whether some are among the options.
---@param opts table of equinix.new
---@return boolean
function M.given(opts)
  for _, name in ipairs(EXPLICIT) do
    if opts[name] ~= nil then
      return true
    end
  end
  return false
end

--- Whether some are in the environment.
---@return boolean
function M.in_environment()
  for _, name in ipairs(VARIABLES) do
    if environment.get(name) then
      return true
    end
  end
  return false
end

-- The table they are read from: the options themselves, or the environment.
-- The second one has the variables that they come from.
local function source(opts)
  if M.given(opts) then
    return opts
  end
  local found, variables = {}, {}
  for _, name in ipairs(VARIABLES) do
    found[name], variables[name] = environment.get(name)
  end
  return found, variables
end

-- What could break out of a header, a form or a log line.
local function clean(value)
  return not value:find "[%z\1-\31\127]" and value ~= ""
end

-- By the rules of RFC 6749, where it has one.
local CHECKS = {
  client_id = characters.visible,
  client_secret = characters.visible,
  user_name = characters.unicode,
  user_password = characters.unicode,
}

-- What is wrong with the characters of a value.
local function wrong_characters(from, variables)
  for _, name in ipairs(EXPLICIT) do
    local value = from[name]
    if type(value) == "string" then
      local reason
      if CHECKS[name] then
        reason = CHECKS[name](value)
      elseif not clean(value) then
        reason = "is empty or holds a control character"
      end
      if reason then
        return (variables and variables[name] or name) .. " " .. reason
      end
    end
  end
end

local MISSING = "no credentials: set EQUINIX_API_CLIENTID and "
  .. "EQUINIX_API_CLIENTSECRET (or EQUINIX_API_CLIENTSECRET_FILE), or "
  .. "EQUINIX_API_TOKEN, or give client_id and client_secret"

local NO_EXCHANGE = "token exchange needs a scope and a subject token: set "
  .. "EQUINIX_TOKEN_EXCHANGE_SCOPE and EQUINIX_TOKEN_EXCHANGE_SUBJECT_TOKEN, "
  .. "or give scope and subject_token"

local function missing_exchange(config)
  if not (config.scope and config.subject) then
    return NO_EXCHANGE
  elseif not config.scope:find "[^ ]" then
    return "scope is empty: " .. NO_EXCHANGE
  elseif config.scope:find "[^\32-\126]" or config.scope:find '["\\]' then
    return "scope holds a character that no scope has (RFC 6749, 3.3)"
  end
end

local function missing(config)
  if config.grant == "static" then
    return nil
  elseif config.grant == "token_exchange"
    or (config.subject and not config.client_id) then
    return missing_exchange(config)
  end
  if not config.client_id and not config.has_secret then
    return MISSING
  elseif not config.client_id and not config.supplied then
    return "the client id is missing: set EQUINIX_API_CLIENTID or give "
      .. "client_id"
  elseif not config.has_secret then
    return "the client secret is missing: set EQUINIX_API_CLIENTSECRET or "
      .. "EQUINIX_API_CLIENTSECRET_FILE, or give client_secret or "
      .. "client_secret_file"
  elseif config.grant == "password"
    and not (config.user_name and config.user_password) then
    return "grant \"password\" needs user_name and user_password"
  end
end

-- nginx empties the environment of its workers.
local function inside_nginx(reason)
  local lines = {}
  for name in reason:gmatch "EQUINIX_[A-Z_]+" do
    lines[#lines + 1] = "`env " .. name .. ";`"
  end
  return #lines > 0 and reason .. "; nginx hands on only those variables that "
    .. "the main part of nginx.conf names: " .. table.concat(lines, " ")
    or reason
end

--- Says exactly which half of the credentials is missing.
---@return string|nil
function M.missing(config)
  local reason = missing(config)
  return reason and rawget(_G, "ngx") and inside_nginx(reason) or reason
end

local MAX_SECRET = 16 * 1024

-- A mounted secret may rotate, so the file is read anew each time; a pipe is
-- read once.
local function read_secret(path)
  local text, message = file.read_given(path, MAX_SECRET + 2)
  if not text then
    return nil, "client_secret_file can't be read: " .. message
  end
  text = text:gsub("\r?\n$", "")
  if text == "" then
    return nil, "client_secret_file " .. path .. " is empty"
  elseif #text > MAX_SECRET then
    return nil, "client_secret_file " .. path .. " is longer than "
      .. MAX_SECRET .. " bytes"
  end
  local wrong = characters.visible(text)
  if wrong then
    return nil, "client_secret_file " .. path .. " " .. wrong
  end
  return text
end

local function constant(value)
  return value and function()
    return value
  end
end

-- The subject token rotates, so a function is called anew for each exchange.
local function subject_of(given)
  if type(given) ~= "function" then
    return constant(given)
  end
  return function()
    local ok, value = memory.pcall(given)
    if not ok then
      return nil, "the subject_token function raised an error"
    elseif type(value) ~= "string" or not clean(value) then
      return nil, "the subject_token function returned no usable string"
    end
    return value
  end
end

-- What stands for the subject in the name of the cached token: the subject
-- token, or for a function this very client, unless it has a cache_key.
local function exchange_key(given, cache_key)
  if type(given) ~= "function" then
    return constant(given)
  end
  return constant(cache_key and "function"
    or core.sha256(tostring({}) .. tostring(core.random())))
end

-- A command or a function gives an id and its secret, and nothing else does.
local function take_supplied(config, from, where)
  local name = from.credentials and "credentials" or "credential_process"
  for _, other in ipairs { "client_id", "client_secret", "client_secret_file",
    "token", "subject_token", from.credentials and "credential_process" } do
    if from[other] then
      return ("%s and %s are both set: keep one"):format(name, other)
    end
  end
  local it = supplied.new(from.credentials
    and supplied.by_function(from.credentials)
    or supplied.by_command(from.credential_process),
    where and ("%s (%s)"):format(name, where) or name)
  config.supplied, config.has_secret, config.secret_rotates = it, true, true
  config.secret = function(transport, deadline)
    return it:read(config, transport, deadline)
  end
end

--- Puts the credentials into a configuration.
---@param config table
---@param opts table of equinix.new
---@param where? string the profile that some of them are from
---@return string|nil reason why they can't be used
function M.take(config, opts, where)
  local from, variables = source(opts)
  local wrong = wrong_characters(from, variables)
  if wrong then
    return wrong
  end
  if from.token and not from.token:find "^[\33-\126]+$" then
    return "token holds characters that no bearer token has (RFC 6750, 2.1)"
  end
  local path = from.client_secret_file
  if path and from.client_secret then
    return "client_secret and client_secret_file are both set: keep one"
  end
  config.client_id = from.client_id
  config.user_name = from.user_name
  config.user_password = constant(from.user_password)
  config.static_token = constant(from.token)
  config.scope = opts.scope or environment.get "scope"
  config.subject = subject_of(from.subject_token)
  config.exchange_key = exchange_key(from.subject_token, opts.cache_key)
  config.has_secret = (from.client_secret or path) and true or false
  config.secret_rotates = path ~= nil
  config.client_secret_file = path
  config.secret = path and function()
    return read_secret(path)
  end or constant(from.client_secret)
  if from.credential_process or from.credentials then
    return take_supplied(config, from, where)
  end
end

return M
