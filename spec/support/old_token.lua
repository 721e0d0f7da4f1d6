--- old_token: makes the token that a client has some seconds older.
--
-- A token a few seconds old is not refused for a 401, and no spec may wait
-- that long for each case. The token itself stays as it is.
local core = require "equinix.core"
local token = require "equinix.oauth.token"

--- Gets a token where there is none.
---@param client equinix.Client
---@param seconds? number 60
return function(client, seconds)
  assert(client:token())
  local slot = client.tokens:slot()
  local _, serial, header, record = slot:read()
  local turn, lease = slot:acquire(serial, true)
  assert(turn == "lead", turn)
  assert(slot:publish(lease, record, header, token.times(core.now()
    - (seconds or 60), token.decode(record).expires_in, 0.5)))
  return client
end
