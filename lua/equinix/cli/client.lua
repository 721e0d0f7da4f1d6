--- client: the client that commands work with, and the options for it.
--
-- Law of this file: a command is a process of its own, so the token rests in
-- the file store between two of them; else each would ask for one. What goes
-- wrong there is told and costs no command.

local file = require("equinix.base.lazy") "equinix.store.file"

local M = {}

-- What stands on a command line is for everybody to read.
local function proxy_of(text)
  if text:find("@", 1, true) then
    return nil, "a proxy with a user name is no option, since it has a "
      .. "password: use the library (option proxy)"
  end
  return text
end

--- The options every command has that speaks to Equinix.
function M.options(command)
  command:option("--ca-file", "Trust this CA (the emulator has its own).")
    :target "ca_file":argname "<path>"
  command:option("--proxy", "Such as http://host:port. Variables for "
    .. "it are not used."):convert(proxy_of):argname "<url>"
  command:option("--timeout", "Seconds for the whole call."):convert(tonumber)
    :argname "<s>"
  command:flag("--no-store", "Keep no token in a file for the next call.")
end

--- The client of a command.
---@param args table of argparse
---@param listen fun(name: string, fields: table) its events
---@param transport? table the port; nil: the usual one
---@return equinix.Client|nil
---@return equinix.Error|nil
function M.client(args, listen, transport)
  local store, problem
  if not args.no_store then
    store, problem = file.new {}
  end
  if problem then
    listen("store_failed", { op = "open", reason = problem.message })
  end
  -- Here, since a command that needs no client should not load one.
  return require("equinix").new {
    ca_file = args.ca_file,
    proxy = args.proxy,
    timeout = args.timeout,
    store = store,
    transport = transport,
    on_event = listen,
    user_agent = "equinix-auth",
  }
end

-- Words about the store, on stderr: the command's answer is the same.
local function teller(say)
  return function(name, fields)
    if name == "store_failed" then
      say(("the token is not kept for the next call (%s: %s); --no-store "
        .. "doesn't try"):format(fields.op, fields.reason))
    end
  end
end

--- Makes a client, uses it, closes it.
---@param args table of argparse
---@param say fun(...: string) words for whoever looks on
---@param use fun(client: equinix.Client): integer|nil, equinix.Error
---@return integer|nil exit code
---@return equinix.Error|nil
function M.with_client(args, say, use)
  local client, problem = M.client(args, teller(say))
  if not client then
    return nil, problem
  end
  local code, trouble = use(client)
  client:close()
  return code, trouble
end

return M
