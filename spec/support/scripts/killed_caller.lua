-- killed_caller: the first caller is killed during its token request; the
-- others, which waited for it, get a token by one more request.
-- arguments: base_url, client_id, client_secret, and perhaps a store
local equinix = require "equinix"
local stores = require "spec.support.stores"
local transport = require "equinix.transport.curl"
local base_url, client_id, client_secret, store = ...

local client = assert(equinix.new {
  base_url = base_url,
  client_id = client_id,
  client_secret = client_secret,
  store = store and stores.open(store),
})

local function token_requests()
  local response = assert(transport.send({
    method = "GET",
    url = base_url .. "/_emulator/log",
    headers = {},
  }, 5))
  return select(2, response.body:gsub('"path":"\\?/oauth2\\?/v1\\?/token"',
    ""))
end

if worker == 1 then
  client:token() -- never returns
  error "the killed caller came back"
end
while token_requests() == 0 do
  host.nap()
end
if worker == 2 then
  -- Long before the response, which the emulator delays.
  host.kill(1, 9)
end
assert(client:token())
