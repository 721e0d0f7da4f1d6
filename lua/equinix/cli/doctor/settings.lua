--- settings: what the doctor can check without a network.

local clients = require "equinix.cli.client"
local core = require "equinix.core"
local environment = require "equinix.client.environment"
local equinix = require "equinix"
local named_store = require "equinix.client.named_store"
local options = require "equinix.client.options"
local quote = require("equinix.base.shell").quote
local result = require "equinix.cli.doctor.result"
local shell = require "equinix.cli.shell"
local tables = require "equinix.base.table"

local M = {}

function M.versions()
  local v = equinix.versions()
  -- Of libcurl's list its own version and the TLS library matter.
  return result.ok("lua-equinix %s, %s, %s, %s", v.equinix, v.lua,
    v.libcurl:match "^%S+ %S+" or v.libcurl, v.libcrypto)
end

local function readable(path)
  if core.is_pipe(path) then
    return true -- the connection reads it: that can be done only once
  end
  local file, reason = io.open(path, "rb")
  if file then
    file:close()
  end
  return file ~= nil, reason
end

local INSTALL = "install the package ca-certificates, or give the authority "
  .. "with --ca-file"

-- What is wrong with the list of authorities that counts without --ca-file,
-- and what to do. What only libcurl knows, the connection shows.
local function system_ca_problem()
  local path = core.system_ca()
  if not path then
    return nil
  end
  local file, message = io.open(path, "rb")
  if not file then
    return "the system's list of certificate authorities can't be read: "
      .. message, INSTALL
  end
  local text = file:read "*a"
  file:close()
  if not (text or ""):find("-----BEGIN ", 1, true) then
    return ("the system's list of certificate authorities, %s, is empty")
      :format(path), INSTALL
  end
end

local function ca_problem(config)
  if config.ca_file then
    local ok, reason = readable(config.ca_file)
    return not ok and "--ca-file can't be read" or nil, reason
  elseif config.base_url:find "^https:" then
    return system_ca_problem()
  end
end

--- All options but the credentials, which have a check of their own: here a
-- dummy token stands for them.
function M.settings(state)
  local args = state.args
  local given = clients.given(args)
  given.token = "none"
  local config, err = options.client(given, 1, clients.default_profile())
  if not config then
    return result.failed(2, err.message)
  end
  local problem, remedy = ca_problem(config)
  if problem then
    return result.failed(2, problem, remedy)
  end
  state.settings = config
  local _, endpoint = environment.get "base_url"
  return result.ok("%s (%s), %g s for a call, trusted: %s%s", config.base_url,
    endpoint or config.profile and "profile or default" or "default",
    config.timeout, config.ca_file or "the system's authorities",
    config.profile and "; with " .. config.profile or "")
end

local USED = {
  client_credentials = { "client_id", "client_secret", "client_secret_file" },
  token_exchange = { "scope", "subject_token" },
  static = { "token" },
}

--- The variables that the credentials come from.
---@param grant string
---@return {option: string, variable: string}[]
function M.sources(grant)
  local list = {}
  for _, option in ipairs(USED[grant]) do
    local _, variable = environment.get(option)
    list[#list + 1] = variable and { option = option, variable = variable }
  end
  return list
end

-- "client id from X, client secret from Y".
local function describe(config)
  if config.has_profile_credentials then
    return config.profile
  end
  local parts = {}
  for i, source in ipairs(M.sources(config.grant)) do
    parts[i] = source.option:gsub("_", " ") .. " from " .. source.variable
  end
  return table.concat(parts, ", ")
end

--- Which credentials, and from where.
function M.credentials(state)
  if not state.settings then
    return result.skipped "fix the settings first"
  end
  local args = state.args
  if not args.no_store then
    state.store_err = select(2, named_store.open())
  end
  if state.store_err then -- the check of the store reports it
    args = tables.update(tables.copy(args), { no_store = true })
  end
  local function keep(name, fields)
    state[name] = fields -- the last event of each kind
  end
  local client, err = clients.client(args, { latched = keep,
    store_failed = keep })
  if not client then
    return result.failed(2, err.message)
  end
  state.client = client
  local grant = client.config.grant
  return result.ok("%s (grant: %s)", describe(client.config), grant)
end

-- The mode of a regular file as `ls` prints it; of a link's target.
local function mode_of(path)
  return shell.output("ls -lnLd -- " .. quote(path))
    :match "^%-([rwxsStT%-]+)"
end

--- What is wrong where other users can read or change a file, and the remedy.
---@param path string
---@return string|nil message nil: nothing, or it is no regular file
---@return string|nil remedy
function M.open_to_others(path)
  local mode = mode_of(path)
  if mode and (mode:find "^....w" or mode:find "^......[^%-]"
    or mode:find "w.$") then
    return ("%s (mode %s) is open to other users of this machine"):format(
      path, mode), ("chmod 600 %s; in Kubernetes: defaultMode: 0400")
      :format(path)
  end
end

--- Does a command give the credentials?
function M.supplied(config)
  local secret, err = config.secret()
  if not secret then
    return result.failed(2, err.message, "run the command by hand: it is to "
      .. 'print {"client_id": "...", "client_secret": "..."}')
  end
  return result.ok "a command gives the id and the secret"
end

--- Can other users read the file with the secret?
function M.secret_file(state)
  local config = state.client and state.client.config
  local path = config and config.client_secret_file
  if config and config.supplied then
    return M.supplied(config)
  elseif not path or config.grant ~= "client_credentials" then
    return result.skipped "the secret is not in a file"
  end
  local secret, reason = config.secret()
  if not secret then
    return result.failed(2, reason, "fix the file, or "
      .. (config.has_profile_credentials and config.profile
      or select(2, environment.get "client_secret_file")))
  end
  if core.is_pipe(path) then
    return result.ok("%s is a pipe: it was read once, and is kept", path)
  end
  local mode = mode_of(path)
  if not mode then
    return result.skipped("%s is readable; its mode is unknown", path)
  end
  local message, remedy = M.open_to_others(path)
  if message then
    return result.failed(1, message, remedy) -- it works: the others go on
  end
  return result.ok("%s, mode %s", path, mode)
end

local PROXIES = {
  "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "http_proxy",
  "HTTP_PROXY",
}

-- Those of a list that are set.
local function names_set(list)
  local names = {}
  for _, name in ipairs(list) do
    if (os.getenv(name) or "") ~= "" then
      names[#names + 1] = name
    end
  end
  return table.concat(names, ", ")
end

-- The variables that say a proxy. A value may hold a password.
local function of_environment()
  local names = names_set(environment.PROXIES)
  local exceptions = names_set(environment.NO_PROXY)
  return result.ok("%s%s", names == "" and "none: of the environment's no "
    .. "variable for https is set (" .. table.concat(environment.PROXIES, ", ")
    .. ")" or "of the environment: " .. names, exceptions ~= ""
    and "; not for the hosts of " .. exceptions or "")
end

--- What to say of them.
M.UNUSED = "%s is set but not used: give --proxy environment, or --proxy and "
  .. "a URL, if this network needs one"

--- The names of the proxy variables that are set.
---@return string
function M.unused_proxies()
  return names_set(PROXIES)
end

--- Which proxy is used; or which is not, though it is set.
function M.proxy(state)
  local proxy = state.settings and state.settings.proxy or state.args.proxy
  if proxy == "environment" then
    return of_environment()
  elseif proxy then
    return result.ok("%s", proxy:match "[^@]*$")
  end
  local names = M.unused_proxies()
  if names ~= "" then
    return result.ok("none; " .. M.UNUSED, names)
  end
  return result.ok "none"
end

return M
