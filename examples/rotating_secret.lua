-- rotating_secret: the secret is in a file that is replaced from time to time,
-- such as a mounted Kubernetes or Vault secret. The file is read when a token
-- is requested and not before, so a running client continues with the new one.
--
--     lua examples/rotating_secret.lua [ca.pem]
--
-- Client id, secret and endpoint come from the environment; the example puts
-- the secret into a file itself, wrong first, to show both outcomes.
local equinix = require "equinix"

local path = os.tmpname()

local function write(secret)
  local file = assert(io.open(path, "w"))
  assert(file:write(secret, "\n"))
  assert(file:close())
end

local client = equinix.assert(equinix.new {
  client_id = os.getenv "EQUINIX_API_CLIENTID",
  client_secret_file = path,
  ca_file = arg and arg[1],
})

write "not-the-secret-of-this-app"
local token, err = client:token()
assert(token == nil and err.kind == "auth")
print(err) -- refused, once; it is not sent again and again

write(os.getenv "EQUINIX_API_CLIENTSECRET")
token = equinix.assert(client:token()) -- another secret is tried at once
print(token)

client:close()
os.remove(path)
