--- settings: what the doctor can tell without a network.

local access = require "equinix.cli.client"
local env = require "equinix.client.environment"
local equinix = require "equinix"
local options = require "equinix.client.options"
local result = require "equinix.cli.doctor.result"
local shelf = require "equinix.store.shelf"
local shell = require "equinix.cli.shell"

local M = {}

function M.versions()
  local v = equinix.versions()
  -- Of libcurl's list what it has TLS from matters, not the rest.
  return result.ok("lua-equinix %s, %s, %s, %s", v.equinix, v.lua,
    v.libcurl:match "^%S+ %S+" or v.libcurl, v.libcrypto)
end

local function readable(path)
  local file, reason = io.open(path, "rb")
  if file then
    file:close()
  end
  return file ~= nil, reason
end

--- All but the credentials. A token that is no token stands for these, so
-- that what is wrong with them is not told here.
function M.settings(state)
  local args = state.args
  local config, problem = options.client({
    token = "none",
    ca_file = args.ca_file,
    proxy = args.proxy,
    timeout = args.timeout,
  }, 1)
  if not config then
    return result.failed(2, problem.message)
  end
  local there, reason = true, nil
  if config.ca_file then
    there, reason = readable(config.ca_file)
  end
  if not there then
    return result.failed(2, "--ca-file can't be read", reason)
  end
  state.settings = config
  local _, endpoint = env.get "base_url"
  return result.ok("%s (%s), %g s for a call, trusted: %s", config.base_url,
    endpoint or "by default", config.timeout, config.ca_file
    or "the system's authorities")
end

local USED = {
  client_credentials = { "client_id", "client_secret", "client_secret_file" },
  token_exchange = { "scope", "subject_token" },
  static = { "token" },
}

--- The variables that credentials come from.
---@param grant string
---@return {option: string, variable: string}[]
function M.sources(grant)
  local list = {}
  for _, option in ipairs(USED[grant]) do
    local _, variable = env.get(option)
    list[#list + 1] = variable and { option = option, variable = variable }
  end
  return list
end

-- "client id from X, client secret from Y".
local function told(sources)
  local words = {}
  for i, source in ipairs(sources) do
    words[i] = source.option:gsub("_", " ") .. " from " .. source.variable
  end
  return table.concat(words, ", ")
end

--- Which credentials, and from where.
function M.credentials(state)
  if not state.settings then
    return result.skipped "mend the settings first"
  end
  local client, problem = access.client(state.args, function(name, fields)
    state[name] = fields -- the last event of each kind
  end)
  if not client then
    return result.failed(2, problem.message)
  end
  state.client = client
  local grant = client.config.grant
  return result.ok("%s (grant: %s)", told(M.sources(grant)), grant)
end

-- Mode and owner, as every `ls` prints them; the target of a link.
local function mode_of(path)
  return shell.output("ls -lnLd -- " .. shell.quote(path))
    :match "^%-([rwxsStT%-]+)"
end

--- Who else may read the file with the secret?
function M.secret_file(state)
  local path, variable = env.get "client_secret_file"
  if not path or not state.client
    or state.client.config.grant ~= "client_credentials" then
    return result.skipped "the secret is in no file"
  end
  local secret, reason = state.client.config.secret()
  if not secret then
    return result.failed(2, reason, "mend the file, or " .. variable)
  end
  local mode = mode_of(path)
  if not mode then
    return result.skipped("%s is readable; its mode can't be told", path)
  elseif mode:find "^....w" or mode:find "^......[^%-]" or mode:find "w.$" then
    return result.failed(2, ("%s (mode %s) is open to others on this machine")
      :format(path, mode), ("chmod 600 %s; in Kubernetes: defaultMode: 0400")
      :format(path))
  end
  return result.ok("%s, mode %s", path, mode)
end

-- A lock, a record, and away with both.
local function try(store)
  local key = "doctor"
  local lease, reason = store:lock(key, 5)
  if not lease then
    return reason ~= "busy" and reason or nil -- busy: another doctor
  end
  local saved, why = store:save(key, "x", 5, lease)
  local deleted, trouble = store:delete(key)
  store:unlock(lease)
  return not saved and why or not deleted and trouble or nil
end

--- Can a token be kept for the next call?
function M.store(state)
  local config = state.client and state.client.config
  if state.args.no_store then
    return result.skipped "--no-store"
  elseif not config then
    return result.skipped "mend the credentials first"
  elseif config.grant == "static" or config.grant == "token_exchange" then
    return result.skipped("grant %s keeps nothing", config.grant)
  elseif not config.store then
    return result.failed(1, state.store_failed.reason)
  end
  local secret = config.secret()
  local forbidden = secret and shelf.forbids(secret)
  if forbidden then
    return result.skipped("%s: each call asks for a token of its own",
      forbidden)
  end
  local reason = try(config.store)
  if reason then
    return result.failed(1, "no token can be kept for the next call", reason)
  end
  return result.ok "a record was written there and removed"
end

local PROXIES = {
  "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "http_proxy",
  "HTTP_PROXY",
}

--- The proxy variables that are set: by name, since one may hold a password.
---@return string
function M.unused_proxies()
  local names = {}
  for _, name in ipairs(PROXIES) do
    if (os.getenv(name) or "") ~= "" then
      names[#names + 1] = name
    end
  end
  return table.concat(names, ", ")
end

function M.proxy(state)
  if state.args.proxy then
    return result.ok("%s", state.args.proxy)
  end
  local names = M.unused_proxies()
  if names ~= "" then
    return result.ok("none; %s is set and not used, give --proxy if it has "
      .. "to be", names)
  end
  return result.ok "none"
end

return M
