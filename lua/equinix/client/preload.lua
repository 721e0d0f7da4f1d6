--- preload: what a client may need later, read while it can be read.
--
-- Law of this file: a program that changes its root or its user has no modules
-- and no files any more; what it will need is read before. A file that can be
-- opened later is still read anew then, so what rotates goes on to rotate.
-- Which host has which address can't be read in advance.

local core = require "equinix.core"
local errors = require "equinix.base.error"
local file = require "equinix.base.file"
local lazy = require "equinix.base.lazy"
local lockout = lazy "equinix.oauth.lockout"

local M = {}

local FILES = { "ca_file", "client_cert", "client_key",
  "client_key_password_file", "client_secret_file" }

-- The first use of libcurl and of libcrypto reads their configuration.
local function begin_libraries()
  local engine = core.engine()
  engine:fd()
  engine:close()
  core.sha256 ""
end

-- Credentials that a command or a function supplies: this thread may wait now.
local function supply(config)
  if config.supplied then
    return config.secret()
  end
  return true
end

--- Finds the slot of the token, and makes room for the notes of the lock-out
--- guard: before a service forks its processes.
---@param client equinix.Client
---@return true|nil
---@return equinix.Error|nil
function M.prepare(client)
  if client:renews() then
    local there, err = supply(client.config)
    if there then
      there, err = client.tokens:slot()
    end
    if not there then
      return nil, err
    end
  end
  lockout.keep(client.config.identity)
  return true
end

--- Loads every module and reads every file that this client may need.
---@param client equinix.Client
---@return true|nil
---@return equinix.Error|nil
function M.run(client)
  if not client.tokens then
    return errors.fail("closed", "the client is closed")
  end
  local config = client.config
  lazy.load_all()
  begin_libraries()
  for _, name in ipairs(FILES) do
    if config[name] then
      local kept, message = file.keep(config[name])
      if not kept then
        return errors.fail("config", name .. " can't be read: " .. message)
      end
    end
  end
  local ca = not config.ca_file and core.system_ca()
  if ca then
    file.keep(ca) -- where there is none, the first transfer says so
  end
  local there, err = supply(config)
  return there and true or nil, err
end

return M
