--- client: the client that commands use, and the options for it.
--
-- Law of this file: each command is a process of its own, so the token is kept
-- in a store between two of them: the one that the environment names, else the
-- file store. Otherwise each would make a token request. A failure of the
-- store is reported and fails no command; a URL that is wrong does. The parts
-- of the client are loaded one by one, without libcurl: to load that takes as
-- long as all the rest, and a token in a file takes no request.

local lazy = require "equinix.base.lazy"

local arguments = lazy "equinix.cli.arguments"
local client = lazy "equinix.client"
local environment = require "equinix.client.environment"
local exit_code = require "equinix.cli.exit_code"
local file = lazy "equinix.store.file"
local named_store = lazy "equinix.client.named_store"
local options = lazy "equinix.client.options"
local version = lazy "equinix.base.version"

local M = {}

-- Every user of the machine can read a command line.
local function proxy_of(text)
  if text:find("@", 1, true) then
    return nil, "a proxy with a user name can't be given as an option, since "
      .. "every user of this machine could read its password; use the library "
      .. "(option proxy)"
  end
  return text
end

local function seconds(text)
  return arguments.seconds(text)
end

--- The options of every command that sends something to Equinix.
function M.options(command)
  command:option("--ca-file", "Trust this CA instead of the system's (the "
    .. "emulator has its own)."):target "ca_file":argname "<path>"
  command:option("--profile", "Use this profile of the configuration file; "
    .. "its credentials go before those of the environment.")
    :argname "<name>"
  command:option("--proxy", "Use this proxy, such as http://host:port; or "
    .. "environment: the one that the proxy variables name, which else are "
    .. "not used."):convert(proxy_of):argname "<url>"
  command:option("--timeout", "Deadline for the whole call, in seconds.")
    :convert(seconds):argname "<s>"
  command:flag("--no-store", "Use no store: keep no token for the next "
    .. "call.")
end

--- What is wrong with an option of `options` that can't be seen from its text;
--- nil when nothing is.
---@param args table of argparse
---@return table|nil mistake
function M.mistake(args)
  local opened, reason = true, nil
  if args.ca_file then
    opened, reason = io.open(args.ca_file, "rb")
  end
  if not opened then
    return exit_code.mistake("--ca-file: " .. reason)
  elseif io.type(opened) == "file" then
    opened:close()
  end
end

--- The profile that a command reads where none is named: `default`, if there
--- is a configuration file at all.
---@return string|nil
function M.default_profile()
  local path = environment.config_file()
  local opened = path and io.open(path, "rb")
  if opened then
    opened:close()
    return "default"
  end
end

--- The options of equinix.new that every command has.
---@param args table of argparse
---@return table
function M.given(args)
  return { profile = args.profile, ca_file = args.ca_file, proxy = args.proxy,
    timeout = args.timeout, user_agent = "equinix-auth" }
end

-- The store of a command. A second value fails the command.
local function open_store(args, listen)
  if args.no_store then
    return nil
  end
  if environment.names_store() then
    return named_store.open()
  end
  local store, err = file.new {}
  if err then
    listen.store_failed("store_failed", { op = "open", reason = err.message })
  end
  return store
end

--- The client of a command.
---@param args table of argparse
---@param listen table<string, equinix.Listener> for its events
---@param transport? table the port; nil: the usual one
---@return equinix.Client|nil
---@return equinix.Error|nil
function M.client(args, listen, transport)
  local mistake = M.mistake(args)
  if mistake then
    return nil, mistake
  end
  local given = M.given(args)
  local store, bad_store = open_store(args, listen)
  if bad_store then
    return nil, bad_store
  end
  version.check()
  given.store, given.transport, given.on_event = store, transport, listen
  local config, err = options.client(given, 1, M.default_profile())
  if not config then
    return nil, err
  end
  return client.new(config)
end

-- Reports failures of the store; they change nothing about the result.
local function store_listener(say)
  return { store_failed = function(_, fields)
    say(("the token is not kept for the next call (%s: %s%s); use "
      .. "--no-store to call without a store"):format(fields.op,
      fields.reason, fields.hint and ": " .. fields.hint or ""))
  end }
end

--- Makes a client, uses it and closes it.
---@param args table of argparse
---@param say fun(...: string) prints a message on stderr
---@param use fun(client: equinix.Client): integer|nil, equinix.Error
---@return integer|nil exit code
---@return equinix.Error|nil
function M.with_client(args, say, use)
  local made, err = M.client(args, store_listener(say))
  if not made then
    return nil, err
  end
  local code, use_err = use(made)
  made:close()
  return code, use_err
end

return M
