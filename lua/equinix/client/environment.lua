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
  -- Of the command and the service; the URL may have a password in it.
  store_url = { "EQUINIX_STORE_URL" },
  store_url_file = { "EQUINIX_STORE_URL_FILE" },
}

local SECRETS = { "client_id", "client_secret", "client_secret_file", "token",
  "subject_token", "store_url", "store_url_file" }

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

--- Whether there is a store to open by client/named_store.
---@return boolean
function M.names_store()
  return (M.get "store_url" or M.get "store_url_file") ~= nil
end

return M
