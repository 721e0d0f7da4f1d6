-- The example for HAProxy runs as it is, against the emulator over TLS: with
-- other addresses and paths, those that its head names.
local Handle = require "spec.support.handle"
local emulator = require "spec.support.emulator"
local file = require "equinix.base.file"
local free_port = require "equinix.supervisor.free_port"
local haproxy = require "spec.support.haproxy"
local process = require "spec.support.process"

local missing = haproxy.missing()
if missing then
  pending("the example for HAProxy: " .. missing)
  return
end

local TOKEN = "POST /oauth2/v1/token"

-- Each must be in the text, so that the spec notices when one is renamed.
local function put(text, from, to)
  local count
  text, count = text:gsub(from:gsub("%p", "%%%0"), function()
    return to
  end)
  assert(count > 0, "there is no " .. from)
  return text
end

describe("the example haproxy.cfg", function()
  local e, h, dir, port, handle

  -- Everything but what only root may do, where the spec is run by another.
  local function adapted()
    local text = assert(file.read "examples/haproxy.cfg")
    local pwd = process.capture "pwd"
    local lua, build = pwd .. "/lua", pwd .. "/" .. haproxy.build()
    if process.capture "id -u" == "0" then
      text = put(text, "user haproxy", "user nobody")
      text = put(text, "group haproxy", "group nogroup")
      text = put(text, "/var/lib/haproxy", dir .. "/empty")
    else
      text = text:gsub("\n  chroot [^\n]+", ""):gsub("\n  user [^\n]+", "")
        :gsub("\n  group [^\n]+", "")
    end
    text = put(text, "/usr/local/share/lua/5.3", lua)
    text = put(text, "/usr/local/lib/lua/5.3", build)
    text = put(text, "/etc/haproxy/equinix.lua", dir .. "/equinix.lua")
    text = put(text, "/etc/equinix/client_secret", dir .. "/secret")
    text = put(text, "my-client-id", e.client_id)
    text = put(text, "ca-base /etc/ssl/certs", "ca-base " .. dir)
    text = put(text, "ca-certificates.crt", "ca.pem")
    text = put(text, "https://api.equinix.com", "https://127.0.0.1:" .. e.port)
    text = put(text, "api.equinix.com:443", "127.0.0.1:" .. e.port)
    text = put(text, "api.equinix.com", "localhost")
    text = put(text, "8082", tostring(port))
    return text
  end

  setup(function()
    e = emulator.start { workers = 2 }
  end)
  teardown(function()
    e:stop()
  end)
  before_each(function()
    e:reset()
    dir, port, handle = process.tempdir(), free_port.any(), Handle.new()
    assert(os.execute(("mkdir %s/empty && cp %s %s/ca.pem && chmod 755 %s")
      :format(dir, process.quote(e.ca_file), dir, dir)))
    assert(file.write(dir .. "/secret", e.client_secret .. "\n"))
    assert(os.execute(("chmod 600 %s/secret"):format(dir)))
    assert(file.write(dir .. "/haproxy.cfg", adapted()))
    assert(file.write(dir .. "/equinix.lua", put(assert(file.read(
      "examples/haproxy.lua")), "/etc/ssl/certs/ca-certificates.crt",
      dir .. "/ca.pem")))
  end)
  after_each(function()
    handle:close()
    if h then
      h:stop()
      h = nil
    end
    process.remove(dir)
  end)

  local function get(path, headers)
    return (handle:get(("http://127.0.0.1:%d%s"):format(port, path),
      { headers = headers }))
  end

  local function start()
    h = process.start({ "sh", "-c", "PATH=$PATH:/usr/sbin exec haproxy -W "
      .. "-db -f " .. dir .. "/haproxy.cfg 2>&1" },
      { env = { EQUINIX_API_CLIENTSECRET = false } })
    assert(process.eventually(function()
      return get "/_" or not h:alive()
    end))
    assert(h:alive(), h:stdout())
  end

  it("is accepted by haproxy -c", function()
    local output, code = process.capture(
      "PATH=$PATH:/usr/sbin haproxy -c -f " .. dir .. "/haproxy.cfg 2>&1")
    assert.equal(0, code, output)
  end)

  it("has a token from its first request on, and shares it", function()
    start()
    local first = get("/fabric/v4/ports", { { "Authorization", "mine" } })
    assert.equal(200, first.status, h:stdout())
    assert.is_truthy(first.body:find('"data"', 1, true))
    for _ = 1, 20 do
      assert.equal(200, get("/fabric/v4/ports").status)
    end
    assert.equal(1, e:count(TOKEN))
    assert.equal(21, e:count "GET /fabric/v4/ports")
  end)

  it("gives away no tokens, and answers no web page", function()
    start()
    for _, path in ipairs { "/oauth2/v1/token", "//oauth2/v1/token",
      "/%6fauth2/v1/token", "/x/../oauth2/v1/token", "/use/token" } do
      assert.equal(404, get(path).status)
    end
    local count = e:count "GET /fabric/v4/ports"
    assert.equal(403, get("/fabric/v4/ports",
      { { "Origin", "https://other.example" } }).status)
    assert.equal(421, get("/fabric/v4/ports",
      { { "Host", "other.example" } }).status)
    assert.equal(count, e:count "GET /fabric/v4/ports")
  end)

  it("renews after a 401, and answers 503 without a token", function()
    start()
    assert.equal(200, get("/fabric/v4/ports").status)
    e:config { revoke_all = true, status = 503, retry_after = 30 }
    assert(process.eventually(function() -- the token is young at first
      return get("/fabric/v4/ports").status == 503
    end))
    local count = e:count "GET /fabric/v4/ports"
    local refused = get "/fabric/v4/ports"
    assert.equal(503, refused.status)
    assert.matches("^%d+$", Handle.header(refused, "Retry-After"))
    assert.equal(count, e:count "GET /fabric/v4/ports")
  end)
end)
