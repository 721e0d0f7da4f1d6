-- token: gets a token, shows how long it lives, and uses it elsewhere.
--
--     lua examples/token.lua [ca.pem]
--
-- Credentials and endpoint come from the environment (see shipment.lua).
local equinix = require "equinix"

local client = equinix.assert(equinix.new { ca_file = arg and arg[1] })

local token = equinix.assert(client:token())
print(token) -- shows no secret
print(("it ends at %s"):format(os.date("!%H:%M:%SZ",
  math.floor(token.expires_at))))

-- For requests that another library sends: call it each time. It costs next to
-- nothing, and the header that it returns has not expired.
for _ = 1, 1000 do
  assert(client:authorization() == "Bearer " .. token.access_token)
end
print(("token requests: %d"):format(client:stats().token_requests))
client:close()
