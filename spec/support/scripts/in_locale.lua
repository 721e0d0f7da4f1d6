-- in_locale: calls of a client in a process with a locale of its own.
--
-- Law of this file: `when` says at which moment the host sets the locale;
-- whatever that is, all of this holds. What was sent the spec reads from the
-- server.
local url, locale, when = ...
require "spec.support.init"

local function set(name)
  assert(os.setlocale(name), "no locale " .. name)
end

local host_cjson -- an instance that the host made under its own locale
if when == "before" then
  set(locale)
elseif when == "host" then
  set(locale)
  host_cjson = require("cjson").new()
elseif when == "elsewhere" then
  set(locale)
  require("cjson").new()
  set "C"
end

local equinix = require "equinix"
local client = assert(equinix.new {
  base_url = url, client_id = "id-" .. locale .. when,
  client_secret = "secret of that app",
})
assert(client.config.timeout == 2.5)
assert(client:token().access_token == "one")

if when == "after" then
  set(locale)
elseif when == "between" then
  set(locale)
  require("cjson").new()
  set "C"
end

client:forget()
local token, no_token = client:token()
assert(token and token.access_token == "one", no_token)
assert(token.expires_in == 3599)

local response = assert(client:post("/orders", {
  json = { price = 1.5, exact = 123456789.123456, list = { 1, 5 } },
  query = { q = 2.5, z = 1, Z = 2 },
  headers = { ["X-Number"] = 0.5 },
}))
local value = assert(response:json())
assert(#value.data == 2 and value.data[1] == 1 and value.data[2] == 5)
assert(value.price == 0.25)
for _, name in ipairs { "X-INFO-ID", "x-info-id", "X-Info-Id" } do
  assert(response.headers[name] == "7", name)
end
assert(client:post("/orders", { form = { price = 1.5 } }))

for _, name in ipairs { "AUTHORIZATION", "authorization", "AuthorIzatIon" } do
  local ok, message = pcall(client.get, client, "/orders", {
    headers = { [name] = "Bearer of-the-caller" },
  })
  assert(not ok and message:find "the client sets Authorization", name)
end
for _, name in ipairs { "TRANSFER-ENCODING", "CONTENT-LENGTH", "X-\233" } do
  local nothing, err = client:get("/orders", { headers = { [name] = "1" } })
  assert(nothing == nil and err.kind == "config", name)
end

-- The host's own instance reads and writes as before.
if host_cjson then
  assert(#host_cjson.decode "[1,5]" == 2)
  assert(host_cjson.decode "[0.5]"[1] == 0.5)
  assert(host_cjson.encode { 1.5 } == "[1.5]")
end
io.write "done"
