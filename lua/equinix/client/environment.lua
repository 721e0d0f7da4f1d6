--- environment: the environment variables that stand for options.

local M = {}

-- First match wins.
local ENVIRONMENT = {
  client_id = {
    "EQUINIX_API_CLIENTID", "EQUINIX_API_CLIENT_ID", "EQUINIX_CLIENT_ID",
  },
  client_secret = {
    "EQUINIX_API_CLIENTSECRET", "EQUINIX_API_CLIENT_SECRET",
    "EQUINIX_CLIENT_SECRET",
  },
  client_secret_file = { "EQUINIX_API_CLIENTSECRET_FILE" },
  token = { "EQUINIX_API_TOKEN" },
  base_url = { "EQUINIX_API_ENDPOINT" },
  timeout = { "EQUINIX_API_TIMEOUT" },
  scope = { "EQUINIX_TOKEN_EXCHANGE_SCOPE" },
  subject_token = { "EQUINIX_TOKEN_EXCHANGE_SUBJECT_TOKEN" },
  sts_endpoint = { "EQUINIX_STS_ENDPOINT" },
  profile = { "EQUINIX_PROFILE" },
  -- Of the command and the service; the URL may have a password in it.
  store_url = { "EQUINIX_STORE_URL" },
  store_url_file = { "EQUINIX_STORE_URL_FILE" },
  log = { "EQUINIX_LOG" },
}

local SECRETS = { "client_id", "client_secret", "client_secret_file", "token",
  "subject_token", "store_url", "store_url_file" }

--- The variables that say a proxy for https to libcurl (proxy =
--- "environment"), and which hosts need none. A value may hold a password.
M.PROXIES = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" }
M.NO_PROXY = { "no_proxy", "NO_PROXY" }

--- The variables that hold credentials, those of the store too.
---@return table<string, true>
function M.credentials()
  local names = {}
  for _, option in ipairs(SECRETS) do
    for _, variable in ipairs(ENVIRONMENT[option]) do
      names[variable] = true
    end
  end
  return names
end

--- The value of the first variable that is set, and its name.
---@param option string
---@return string|nil value
---@return string|nil variable
function M.get(option)
  for _, variable in ipairs(ENVIRONMENT[option]) do
    local value = os.getenv(variable)
    if value and value ~= "" then
      return value, variable
    end
  end
end

local log_level -- in place of the variable

--- What is logged, by the variable or by a command that was asked to.
---@return string|nil "debug", "trace", "off"; or anything else in the variable
function M.log_level()
  return log_level or M.get "log"
end

local LEVELS = { debug = 1, trace = 2 }

--- The same as a number, for equinix.Config.
---@return 1|2|nil
---@return string|nil message what is wrong with the variable
function M.log()
  local text = M.log_level()
  local level = text and LEVELS[text]
  return level, text and not level and text ~= "off"
    and "EQUINIX_LOG must be debug, trace or off" or nil
end

--- For such a command.
---@param level "debug"|"trace"|nil
function M.set_log_level(level)
  log_level = level
end

--- The user's configuration file; nil where there is no folder for it.
---@return string|nil path
function M.config_file()
  local folder, home = os.getenv "XDG_CONFIG_HOME", os.getenv "HOME"
  if not folder or folder:sub(1, 1) ~= "/" then
    folder = home and home ~= "" and home .. "/.config"
  end
  return folder and folder .. "/equinix/config" or nil
end

--- Whether there is a store to open by client/named_store.
---@return boolean
function M.names_store()
  return (M.get "store_url" or M.get "store_url_file") ~= nil
end

return M
