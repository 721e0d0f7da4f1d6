-- in_locale_emulator: an app's calls, in a process with a locale of its own.
local url, id, secret, locale, when = ...
require "spec.support.init"

if when == "before" then
  assert(os.setlocale(locale))
end
local equinix = require "equinix"
local client = assert(equinix.new {
  base_url = url, client_id = id, client_secret = secret,
})
if when == "after" then
  assert(os.setlocale(locale))
end

local token, no_token = client:token()
assert(token and token.expires_in == 3600, no_token)
assert(token.expires_at > os.time() + 3000)
local names = 0
for port in client:items("/fabric/v4/ports", { query = { limit = 7 } }) do
  assert(port.name:find "^port%-%d%d%d%d$")
  names = names + 1
end
assert(names > 7)
local order = assert(client:post("/colocations/v2/orders/shipments", {
  json = {
    type = "INBOUND", requestedDateTime = "2026-12-01T10:00:00Z",
    cageId = "AM1:01:000111",
    details = { carrier = "UPS", numberOfBoxes = 2, weight = 1.5 },
  },
}))
assert(order.status == 201 or order.status == 202)
assert(client:refresh())
local nothing, err = client:get "/fabric/v4/no-such-thing"
assert(nothing == nil and err.status == 404, err)
assert(client:stats().token_requests == 2)
io.write "done"
