-- trace_everything: every method of a client, against a server that echoes
-- what it gets. Its stderr is what the specs look at; results don't matter.
--
--   lua trace_everything.lua URL MODE...   modes of spec/support/echoes
local equinix = require "equinix"

local url = arg[1]

local function use(options)
  options.timeout, options.base_url = 20, url
  options.retry = { attempts = 2, base = 0.01, cap = 0.01 }
  local client = assert(equinix.new(options))
  client:authorization()
  for i = 2, #arg do
    client:get("/echo/" .. arg[i])
  end
  client:get "/oauth2/v1/userinfo"
  client:get "/oauth2%2Fv1/x"
  client:post("/echo/plain", { json = { note = client:authorization() } })
  client:request { method = "POST", path = "/echo/plain",
    form = { access_token = client:authorization() },
    query = { token = client:authorization(), limit = 5 } }
  client:all { { path = "/echo/plain" }, { path = "/echo/base64" } }
  for _ in client:items("/echo/list", { raise = false }) do end
  client:refresh()
  client:invalidate(client:authorization())
  client:token()
  client:explain()
  client:operation("getoauth2accesstoken", { client_id = "app-two",
    client_secret = os.getenv "ANOTHER_SECRET" })
  client:forget()
  client:close()
end

use {}
use { grant = "password", user_name = "u", encoding = "form",
  client_id = os.getenv "EQUINIX_API_CLIENTID",
  client_secret = os.getenv "EQUINIX_API_CLIENTSECRET",
  user_password = os.getenv "USER_PASSWORD" }
use { token = os.getenv "STATIC_TOKEN" }
use { store = equinix.store.from_url(os.getenv "STORE_URL") }
local proxied = assert(equinix.new { proxy = os.getenv "PROXY", timeout = 1,
  base_url = "https://api.invalid", retry = false })
proxied:get "/x"
