--- token: `equinix-auth token` and `equinix-auth refresh`.

local access = require "equinix.cli.access"
local json = require "equinix.json"

local M = {}

local function show(args, token)
  if args.json then
    local fields = {}
    for name, value in pairs(token) do
      fields[name] = value
    end
    return json.encode(fields)
  elseif args.header then
    return "Authorization: Bearer " .. token.access_token
  end
  return token.access_token
end

-- Gets a token by a method of the client, and prints it.
local function print_token(args, method)
  return access.with_client(args, function(client)
    local token, problem = client[method](client, { force = args.force })
    if not token then
      return nil, problem
    end
    io.stdout:write(show(args, token), "\n")
    return 0
  end)
end

local function options(command)
  command:mutex(
    command:flag("--json", "The whole token as JSON."),
    command:flag("--header", "As a header: Authorization: Bearer ..."))
  access.options(command)
  return command
end

--- Adds the commands; returns what runs them.
function M.define(parser)
  options(parser:command("token", "Print an access token."))
  local refresh = options(parser:command("refresh",
    "Renew the token now, and print it."))
  refresh:flag("--force", "In spite of a back-off or refused credentials.")
  return {
    token = function(args)
      return print_token(args, "token")
    end,
    refresh = function(args)
      return print_token(args, "refresh")
    end,
  }
end

return M
