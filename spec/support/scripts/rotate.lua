-- rotate: renews again and again, and makes calls meanwhile; all succeed.
-- arguments: base_url, client_id, client_secret, store, rounds
local equinix = require "equinix"
local stores = require "spec.support.stores"
local base_url, client_id, client_secret, store, rounds = ...

local client = assert(equinix.new {
  base_url = base_url,
  client_id = client_id,
  client_secret = client_secret,
  store = stores.open(store),
})
assert(client:token())
host.barrier()
for i = 1, tonumber(rounds) do
  assert(client:refresh())
  if i % 5 == 0 then
    assert(client:get "/fabric/v4/health")
  end
end
