-- supplied_forked: a command is under way while its process forks. Each of the
-- two gets the credentials, from a command of its own.
-- luacheck: read globals host
local core = require "equinix.core"
local supplied = require "equinix.client.supplied"

local CHILD_HAS = 1 -- tally

local it = supplied.by_command [[
sleep 0.2; echo '{"client_id": "i", "client_secret": "s"}']]
assert(it.look(core.now()) == nil)

local function result()
  local limit = core.now() + 60
  while core.now() < limit do
    local value, reason = it.look(core.now())
    if value ~= nil then
      return assert(value, reason)
    end
    host.nap()
  end
  error "nothing came"
end

if host.fork() then
  host.tally(CHILD_HAS, result().client_id == "i" and 1 or 0)
  return
end
assert(result().client_secret == "s")
local limit = core.now() + 60
while host.tally(CHILD_HAS) == 0 do
  assert(core.now() < limit, "the child got no credentials")
  host.nap()
end
