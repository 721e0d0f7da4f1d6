--- lazy_service: the client and the service behind the MCP tools, made when a
--- tool is called.
--
-- Law of this file: a mistake in the environment must not keep the server from
-- starting: it is reported by each tool that needs what is missing. All calls
-- share one client, and so one token.

local clients = require "equinix.cli.client"
local lazy = require "equinix.base.lazy"

local client_of = lazy "equinix.client"
local options = lazy "equinix.client.options"
local token_service = lazy "equinix.service.token_service"

local M = {}

-- A store that fails costs no call; it is only reported.
local function reporter(say)
  return { store_failed = function(_, fields)
    say(("the token is not kept in the store (%s: %s%s)"):format(fields.op,
      fields.reason, fields.hint and ": " .. fields.hint or ""))
  end }
end

-- Returns the client, which is made at the first call. A mistake in the
-- environment can't be corrected while this runs, so the error stays.
local function opener(args, transport, say)
  local client, err
  return function()
    if not client and not err then
      client, err = clients.client(args, reporter(say), transport)
    end
    return client, err
  end
end

-- Has the methods of the client.
local function lazy_client(open)
  return setmetatable({}, {
    __index = function(_, method)
      return function(_, ...)
        local client, err = open()
        if not client then
          return nil, err
        end
        return client[method](client, ...)
      end
    end,
  })
end

-- A client without credentials, for bodies that contain some.
local function bare_client(args, transport)
  local given = clients.given(args)
  given.token, given.transport = "none", transport
  local config, err = options.client(given, 1, clients.default_profile())
  return config and client_of.new(config), err
end

-- The agent's user owns this machine, so the message says exactly what is
-- wrong with the settings.
local function refusal(err)
  return {
    status = 500,
    headers = {},
    body = "",
    object = { detail = err.message },
    err = err,
  }
end

-- Has the methods of the service that the tools need.
local function lazy_service(open, args, transport)
  local own, bare
  return {
    call = function(_, name, fields, ...)
      local client, err = open()
      if client then
        own = own or token_service.new(client)
        return own:call(name, fields, ...)
      elseif not token_service.has_credentials(fields) then
        return refusal(err)
      elseif not bare then
        client, err = bare_client(args, transport)
        if not client then
          return refusal(err)
        end
        bare = token_service.new(client)
      end
      return bare:call(name, fields, ...)
    end,
  }
end

--- Stand-ins for the service and for its client.
---@param args table of argparse
---@param transport? table the port; nil: the default one
---@param say fun(...: string) writes a message to standard error
---@return {call: function} service
---@return table client
function M.new(args, transport, say)
  local open = opener(args, transport, say)
  return lazy_service(open, args, transport), lazy_client(open)
end

return M
