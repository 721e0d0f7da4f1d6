--- access: the client that commands work with, and the options for it.

local M = {}

--- The options every command has that speaks to Equinix.
function M.options(command)
  command:option("--ca-file", "Trust this CA (the emulator has its own).")
    :target "ca_file":argname "<path>"
  command:option("--timeout", "Seconds for the whole call."):convert(tonumber)
    :argname "<s>"
end

--- Makes a client, uses it, closes it.
---@param args table of argparse
---@param use fun(client: equinix.Client): integer|nil, equinix.Error
---@return integer|nil exit code
---@return equinix.Error|nil
function M.with_client(args, use)
  -- Here, since a command that needs no client should not load one.
  local client, problem = require("equinix").new {
    ca_file = args.ca_file,
    timeout = args.timeout,
    user_agent = "equinix-auth",
  }
  if not client then
    return nil, problem
  end
  local code, trouble = use(client)
  client:close()
  return code, trouble
end

return M
