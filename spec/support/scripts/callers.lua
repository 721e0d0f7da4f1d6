-- callers: many callers at once, each with a client of its own, on one token.
-- arguments: base_url, client_id, client_secret, what all of them must get,
-- and perhaps a store ("file /folder", "redis 6379"), and "expired": all wait
-- for the end of a first token before they call
local core = require "equinix.core"
local equinix = require "equinix"
local stores = require "spec.support.stores"
local base_url, client_id, client_secret, expected, store, expired = ...

local client = assert(equinix.new {
  base_url = base_url,
  client_id = client_id,
  client_secret = client_secret,
  store = store and stores.open(store),
})
host.barrier()
if expired then
  local first = assert(client:token())
  local give_up = core.now() + 60
  while os.time() <= first.expires_at do
    assert(core.now() < give_up, "the token does not expire")
    host.nap()
  end
  host.barrier()
end
local token, problem = client:token()
local got = token and "token" or problem.kind .. " " .. problem.status
assert(got == expected, tostring(token or problem))
if token then
  -- All have the same one: the sum of the hashes is a multiple of each.
  local mark = tonumber(core.sha256(token.access_token):sub(1, 6), 16)
  host.tally(1, mark)
  host.barrier()
  local sum = host.tally(1, 0)
  assert(sum == mark * workers, "there were two tokens")
end
-- And a later call returns the same at once.
local again = client:authorization()
assert((again ~= nil) == (token ~= nil))
