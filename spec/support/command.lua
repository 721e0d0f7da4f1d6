-- command: `bin/equinix-auth`, run to its end.
--
--   local code, out, said = command.run({ "token" }, { env = command.env(e) })
local process = require "spec.support.process"

local M = {}

-- Keeps settings of the machine out of the specs. Each run has a store of its
-- own, unless the spec names a folder.
local NONE = {
  XDG_CACHE_HOME = false, HOME = false,
  EQUINIX_API_CLIENTID = false, EQUINIX_API_CLIENT_ID = false,
  EQUINIX_CLIENT_ID = false, EQUINIX_API_CLIENTSECRET = false,
  EQUINIX_API_CLIENT_SECRET = false, EQUINIX_CLIENT_SECRET = false,
  EQUINIX_API_CLIENTSECRET_FILE = false, EQUINIX_API_TOKEN = false,
  EQUINIX_STORE_URL = false, EQUINIX_STORE_URL_FILE = false,
  EQUINIX_API_ENDPOINT = false, EQUINIX_API_TIMEOUT = false,
  EQUINIX_LOG = false,
  EQUINIX_PROFILE = false, XDG_CONFIG_HOME = false,
}

--- The variables of every command; a spec can change them.
M.NONE = NONE

--- The variables that the emulator prints at its start.
---@param e table of spec.support.emulator
---@param changes? table<string, string|false>
---@return table<string, string|false>
function M.env(e, changes)
  local env = {
    EQUINIX_API_ENDPOINT = e.base_url,
    EQUINIX_API_CLIENTID = e.client_id,
    EQUINIX_API_CLIENTSECRET = e.client_secret,
  }
  for name, value in pairs(changes or {}) do
    env[name] = value
  end
  return env
end

--- Runs the command.
---@param words string[]
---@param options? {env: table<string, string|false>, stdin: string}
---  stdin: the text to read
---@return integer code
---@return string stdout
---@return string stderr
function M.run(words, options)
  options = options or {}
  local argv, env = { "bin/equinix-auth" }, {}
  for name, value in pairs(NONE) do
    env[name] = value
  end
  local own = process.tempdir()
  env.XDG_RUNTIME_DIR = own
  for name, value in pairs(options.env or {}) do
    env[name] = value
  end
  for _, word in ipairs(words) do
    argv[#argv + 1] = word
  end
  local stdin
  if options.stdin then
    stdin = os.tmpname()
    local file = assert(io.open(stdin, "wb"))
    file:write(options.stdin)
    file:close()
  end
  local p = process.start(argv, { env = env, stdin = stdin })
  local code = p:wait(30)
  p:stop()
  process.remove(own)
  if stdin then
    os.remove(stdin)
  end
  return code, p:stdout(), p:stderr()
end

return M
