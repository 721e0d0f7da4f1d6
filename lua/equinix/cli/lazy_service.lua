--- lazy_service: the client and the service behind the tools, made when a tool
--- is called.
--
-- Law of this file: a mistake in the environment is no reason not to start: it
-- is told to whoever calls a tool and needs what is missing. All calls share
-- one client, and so one token.

local access = require "equinix.cli.client"
local lazy = require "equinix.base.lazy"

local capability = lazy "equinix.oauth.operations"
local service = lazy "equinix.service.token_service"

local M = {}

-- What the store could not do costs no call; it is told.
local function listener(say)
  return function(name, fields)
    if name == "store_failed" then
      say(("the token is not kept in a file (%s: %s)"):format(fields.op,
        fields.reason))
    end
  end
end

-- The client, made when it is first needed. A mistake in the environment is
-- told to whoever calls a tool, and can't be mended while this runs.
local function opener(args, transport, say)
  local client, problem
  return function()
    if not client and not problem then
      client, problem = access.client(args, listener(say), transport)
    end
    return client, problem
  end
end

-- Stands for the client.
local function lazy_client(open)
  return setmetatable({}, {
    __index = function(_, method)
      return function(_, ...)
        local client, problem = open()
        if not client then
          return nil, problem
        end
        return client[method](client, ...)
      end
    end,
  })
end

-- Whether a body has credentials of the caller's own.
local function brings_credentials(fields)
  for _, operation in ipairs(capability.operations) do
    for _, field in ipairs(operation.fields) do
      if field.credential and type(fields[field.name]) == "string" then
        return true
      end
    end
  end
  return false
end

-- A client that has no credentials and needs none: for bodies with their own.
local function bare_client(args, transport)
  return require("equinix").new {
    token = "none",
    transport = transport,
    ca_file = args.ca_file,
    proxy = args.proxy,
    timeout = args.timeout,
    user_agent = "equinix-auth",
  }
end

-- Here whoever reads the words owns this machine, so he is told exactly what
-- is wrong with his settings.
local function refusal(problem)
  return {
    status = 500,
    headers = {},
    body = "",
    object = { detail = problem.message },
    problem = problem,
  }
end

-- Stands for the service.
local function lazy_service(open, args, transport)
  local own, bare
  return {
    call = function(_, name, fields, ...)
      local client, problem = open()
      if client then
        own = own or service.new(client)
        return own:call(name, fields, ...)
      elseif not brings_credentials(fields) then
        return refusal(problem)
      elseif not bare then
        client, problem = bare_client(args, transport)
        if not client then
          return refusal(problem)
        end
        bare = service.new(client)
      end
      return bare:call(name, fields, ...)
    end,
  }
end

--- What stands for the service and for its client.
---@param args table of argparse
---@param transport? table the port; nil: the usual one
---@param say fun(...: string) words for whoever looks on
---@return {call: function} service
---@return table client
function M.new(args, transport, say)
  local open = opener(args, transport, say)
  return lazy_service(open, args, transport), lazy_client(open)
end

return M
