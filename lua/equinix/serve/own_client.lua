--- own_client: the client of the service, with its own credentials and store.
--
-- Law of this file: it is made by nginx's first process, at the start and at
-- each reload, and what is wrong is raised there: then nginx does not start,
-- or goes on with the old workers.

local client_log = require "equinix.client.log"
local clients = require "equinix.client"
local core = require "equinix.core"
local environment = require "equinix.client.environment"
local equinix = require "equinix"
local log = require "equinix.serve.log"
local named_store = require "equinix.client.named_store"
local options = require "equinix.client.options"

local M = {}

-- The URL of a store is read here, by nginx's first process: its workers get
-- no environment, and the file with it may be replaced before a reload.
local function open_store(name)
  local store, err
  if name == "named" then
    store, err = named_store.open()
  elseif name == "file" then
    store, err = equinix.store.file {}
  end
  if err then
    error(err.message, 0)
  end
  return store
end

--- Makes it; raises what keeps nginx from starting.
---@param settings table that the command wrote
---@param on_event table<string, equinix.Listener>
---@return equinix.Client
function M.new(settings, on_event)
  environment.set_log_level(settings.log)
  client_log.write = function(line)
    log.write("debug", "trace", { message = line, pid = core.pid() })
  end
  local given = settings.client
  given.on_event = on_event
  given.store = open_store(settings.store)
  given.user_agent = "equinix-auth"
  local config, err = options.client(given, 1, settings.profile)
  if not config then
    error(err.message, 0)
  end
  local client = clients.new(config)
  -- The token's slot is opened before nginx starts its workers: that takes the
  -- secret, and a file with it may be gone when the workers need the token
  -- that is in the slot. Without the secret nginx does not start.
  local ok, prepare_err = client:prepare()
  if not ok then
    error(prepare_err.message, 0)
  end
  return client
end

return M
