-- long_request: callers wait for a token request that takes several times as
-- long as the lock of its leader is taken for.
-- arguments: base_url, client_id, client_secret, a store
local equinix = require "equinix"
local place = require "equinix.tokens.place"
local stores = require "spec.support.stores"
local base_url, client_id, client_secret, name = ...

place.LEASE = 4
local failed = {}
local client = assert(equinix.new {
  base_url = base_url,
  client_id = client_id,
  client_secret = client_secret,
  timeout = 60,
  store = stores.open(name),
  on_event = function(event, fields)
    if event == "store_failed" then
      failed[#failed + 1] = fields.op .. ": " .. fields.reason
    end
  end,
})
host.barrier()
local token, err = client:token()
assert(token, tostring(err))
assert(#failed == 0, failed[1])
