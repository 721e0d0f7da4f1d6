--- forget: `equinix-auth forget`, drops the stored token.
--
-- Law of this file: what can't be dropped is a failure. The credentials stay
-- where they are, and so does what is known of refusals.

local clients = require "equinix.cli.client"
local session = require "equinix.store.session"

local M = {}

local function run(args, say)
  local failed
  local client, err = clients.client(args, function(name, fields)
    failed = name == "store_failed" and fields or failed
  end)
  if not client then
    return nil, err
  elseif not client:renews() then
    say "the token is one of your own, and is not stored"
    return 0
  end
  local found
  found, err = client:prepare()
  if not found then
    return nil, err
  end
  client:forget()
  local nothing = session.forbids(client.config.secret())
  client:close()
  if failed and not nothing then
    return nil, ("the store may still have the token (%s: %s)"):format(
      failed.op, failed.reason)
  end
  return 0
end

local EXAMPLES = [[
It is not revoked: who has a copy can use it until its end.

Examples:
  equinix-auth forget
  equinix-auth forget --profile work]]

--- Adds what belongs to the command; returns the function that runs it.
function M.define(command)
  command:epilog(EXAMPLES)
  clients.options(command)
  return run
end

return M
