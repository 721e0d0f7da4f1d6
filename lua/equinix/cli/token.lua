--- token: `equinix-auth token` and `equinix-auth refresh`.

local access = require "equinix.cli.client"
local json = require "equinix.base.json"
local output = require "equinix.cli.output"

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
local function print_token(args, say, method)
  return access.with_client(args, say, function(client)
    local token, problem = client[method](client, { force = args.force })
    if not token then
      return nil, problem
    end
    output.write(show(args, token), "\n")
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

local TOKEN_EXAMPLES = [[
The token comes out of a file while it lives, so a script may call this often.

Examples:
  equinix-auth token
  curl -H "$(equinix-auth token --header)" https://...
  equinix-auth token --json | jq .expires_at]]

local REFRESH_EXAMPLES = [[
Credentials that were refused are held back, since Equinix locks an account
after 5 bad attempts; --force sends them all the same.

Examples:
  equinix-auth refresh
  equinix-auth refresh --force --header]]

--- Adds the commands; returns what runs them.
function M.define(parser)
  options(parser:command("token", "Print an access token.", TOKEN_EXAMPLES))
  local refresh = options(parser:command("refresh",
    "Renew the token now, and print it.", REFRESH_EXAMPLES))
  refresh:flag("--force", "In spite of a back-off or refused credentials.")
  return {
    token = function(args, say)
      return print_token(args, say, "token")
    end,
    refresh = function(args, say)
      return print_token(args, say, "refresh")
    end,
  }
end

return M
