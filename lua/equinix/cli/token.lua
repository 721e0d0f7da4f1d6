--- token: `equinix-auth token` and `equinix-auth refresh`.

local clients = require "equinix.cli.client"
local json_text = require("equinix.base.lazy") "equinix.base.json_text"
local output = require "equinix.cli.output"
local tokens = require "equinix.oauth.token"

local M = {}

-- All members, each as Equinix wrote it unless it is a field of ours.
local function json_of(token)
  local members = tokens.members(token)
  for name, value in pairs(token) do
    if not members[name] or tokens.OURS[name] then
      members[name] = json_text.value(value)
    end
  end
  return json_text.object(members)
end

local function text_of(token, args)
  if args.json then
    return json_of(token)
  elseif args.header then
    return "Authorization: Bearer " .. token.access_token
  end
  return token.access_token
end

-- Calls a method of the client, and prints the token that it returns.
local function print_token(args, say, method)
  return clients.with_client(args, say, function(client)
    local token, err = client[method](client, { force = args.force })
    if not token then
      return nil, err
    end
    output.write(text_of(token, args), "\n")
    return 0
  end)
end

local function options(command)
  command:mutex(
    command:flag("--json", "Print the whole token as JSON."),
    command:flag("--header", "Print it as a header: Authorization: Bearer "
      .. "..."))
  clients.options(command)
  return command
end

local TOKEN_EXAMPLES = [[
The token is kept in a file while it is valid, so a script may call this often.

Examples:
  equinix-auth token
  curl -H "$(equinix-auth token --header)" https://...
  equinix-auth token --json | jq .expires_at]]

local REFRESH_EXAMPLES = [[
Credentials that were refused are held back, since Equinix locks an account
after 5 bad attempts; --force sends them anyway.

Examples:
  equinix-auth refresh
  equinix-auth refresh --force --header]]

--- Adds what belongs to the command; returns the function that runs it.
function M.define(command, name)
  options(command)
  if name == "refresh" then
    command:epilog(REFRESH_EXAMPLES):flag("--force", "Send the credentials in "
      .. "spite of a back-off or an earlier refusal.")
  else
    command:epilog(TOKEN_EXAMPLES)
  end
  return function(args, say)
    return print_token(args, say, name)
  end
end

return M
