-- The nginx examples run as they are, against the emulator over TLS: with
-- other addresses and paths, those that their heads name, and 4 workers.
local emulator = require "spec.support.emulator"
local host = require "equinix.supervisor.nginx"
local json = require "equinix.base.json"
local load = require "spec.support.load"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"

local missing = nginx.missing()
if missing then
  pending("the nginx examples: " .. missing)
  return
end

local TOKEN = "POST /oauth2/v1/token"

-- Each must be in the text, so that the spec notices when one is renamed.
local function put(text, from, to)
  local count = 0
  text = text:gsub(from:gsub("%p", "%%%0"), function()
    count = count + 1
    return to
  end)
  assert(count > 0, "there is no " .. from)
  return text
end

local function adapted(path, e, n, secret, ca_file)
  local file = assert(io.open(path))
  local text = file:read "*a"
  file:close()
  local there = ("localhost:%d"):format(e.port)
  if n.user then
    text = put(text, "\nuser www-data;", "")
  end
  local address = text:match "listen (%S+);"
  text = put(text, address, ("127.0.0.1:%d"):format(n.port))
  text = put(text, "/etc/equinix/client_secret", secret)
  text = put(text, "/etc/ssl/certs/ca-certificates.crt", ca_file)
  text = put(text, "/usr/local/share/lua/5.1", host.library())
  text = put(text, "/usr/local/lib/lua/5.1", nginx.build)
  text = put(text, "=https://api.equinix.com", "=https://" .. there)
  text = text:gsub("api%.equinix%.com:443", ("127.0.0.1:%d"):format(e.port))
  text = text:gsub("api%.equinix%.com", "localhost")
  local lines = {}
  for i, module in ipairs(n.found.modules) do
    lines[i] = ("load_module %s;\n"):format(module)
  end
  text = text:gsub("load_module [^\n]*\n", "")
  text = put(text, "\nworker_processes", "\n"
    .. table.concat(lines) .. "\nworker_processes")
  text = put(text, "worker_processes auto;", "worker_processes 4;")
  if process.capture "id -u" ~= "0" then
    -- nginx's own folders, which belong to root, unless told.
    text = put(text, "\nhttp {\n", "\nhttp {\n" .. nginx.temporary())
  end
  return text
end

describe("the example", function()
  local e

  setup(function()
    e = emulator.start { workers = 2 }
  end)
  before_each(function()
    e:reset()
  end)
  teardown(function()
    e:stop()
  end)

  local function options(name, changes)
    changes = changes or {}
    local id = changes.client_id
    return {
      user = changes.user,
      env = { EQUINIX_API_CLIENTID = id == nil and e.client_id or id },
      files = { secret = (changes.secret or e.client_secret) .. "\n" },
      conf = function(n)
        if changes.before then
          changes.before(n)
        end
        return adapted("examples/" .. name, e, n, n.dir .. "/secret",
          changes.before and n.dir .. "/ca.pem" or changes.ca_file
            or e.ca_file)
      end,
    }
  end

  local function start(name, changes)
    local n = nginx.start(options(name, changes))
    finally(function()
      n:stop()
    end)
    return n
  end

  it("gateway.conf proxies with one token, over kept connections", function()
    local n = start "gateway.conf"
    local seen = load.drive { url = n.url, path = "/fabric/v4/ports",
      count = 400, at_once = 40 }
    assert.are.same({ ["200"] = 400 }, seen.statuses)
    assert.are.equal(1, e:count(TOKEN))
    assert.matches("\nequinix_gateway_ready 1\n", n:ok "/metrics")
    assert.are.equal(403, n:send("GET", "/metrics", {
      headers = { { "Origin", "http://localhost" } } }).status)
    local connections, count = {}, 0
    for _, entry in ipairs(e:log().requests) do
      if not connections[entry.connection] then
        connections[entry.connection], count = true, count + 1
      end
    end
    assert.is_true(count < 200)
    assert.are.equal(202, n:send("POST", "/colocations/v2/orders/shipments", {
      headers = { { "Content-Type", "application/json" },
        { "Authorization", "Bearer mine" } },
      body = '{"type":"INBOUND","cageId":"AM1:01:000111",'
        .. '"requestedDateTime":"2030-01-01T10:00:00Z",'
        .. '"details":{"carrier":"UPS","numberOfBoxes":2}}',
    }).status)
  end)

  it("gateway.conf has no tokens to give away", function()
    local n = start "gateway.conf"
    assert(process.eventually(function()
      return e:count(TOKEN) == 1 -- its own, at the start
    end))
    for _, path in ipairs { "/oauth2/v1/token", "//oauth2/v1/token",
      "/%6fauth2/v1/token", "/x/../oauth2/v1/token", "/use/token" } do
      assert.are.equal(404, n:send("POST", path, { body = "{}" }).status)
    end
    assert.are.equal(1, e:count(TOKEN))
    -- Servers differ in what they make of a path: such ones do not get there.
    for _, path in ipairs { "/oauth2;a=b/v1/token", "/OAuth2/v1/token",
      "/oauth2%3b/v1/token", "/use;/token" } do
      local response = n:send("POST", path, { body = "{}" })
      assert.are.equal(404, response.status)
      assert.matches("nginx", response.body, 1, true)
    end
    assert.are.equal(200, (n:get "/fabric/v4/ports"))
  end)

  it("gateway.conf renews after a 401, and answers 503 without a token",
    function()
      local n = start "gateway.conf"
      n:ok "/fabric/v4/ports"
      e:config { revoke_all = true }
      assert.are.equal(401, (n:get "/fabric/v4/ports"))
      assert(process.eventually(function()
        return n:get "/fabric/v4/ports" == 200
      end))
      assert.are.equal(2, e:count(TOKEN))
      e:config { revoke_all = true, status = 503, retry_after = 30 }
      assert.are.equal(401, (n:get "/fabric/v4/ports"))
      assert(process.eventually(function()
        return n:get "/fabric/v4/ports" == 503
      end))
    end)

  it("gateway.conf trusts nobody who can't prove who he is", function()
    local other = emulator.start()
    finally(function()
      other:stop()
    end)
    local n = nginx.start(options("gateway.conf", { ca_file = other.ca_file }))
    local status = n:get "/fabric/v4/ports"
    n:stop()
    assert.are.equal(503, status) -- not even the token can be asked for
    assert.are.equal(0, e:count(TOKEN))
    assert.are.equal(0, e:count "GET /fabric/v4/ports")
  end)

  it("handler.conf lists ports and books a shipment", function()
    e:config { ports = 130 }
    local n = start "handler.conf"
    local seen = load.drive { url = n.url, path = "/ports", count = 40,
      at_once = 20 }
    assert.are.same({ ["200"] = 40 }, seen.statuses)
    local ports = json.decode(n:ok "/ports").ports
    assert.are.equal(130, #ports)
    local as_json = { { "Content-Type", "application/json; charset=utf-8" } }
    local response = n:send("POST", "/shipments", {
      headers = as_json,
      body = '{"cage": "AM1:01:000111", "boxes": 2}',
    })
    assert.are.equal(202, response.status)
    assert.truthy(json.decode(response.body).location
      :find "^/colocations/v2/orders/")
    for _, body in ipairs { "[", "1", "" } do
      assert.are.equal(400, n:send("POST", "/shipments", { body = body,
        headers = as_json }).status)
    end
    assert.are.equal(1, e:count(TOKEN))
  end)

  it("handler.conf has a token before the first caller comes", function()
    local n = start "handler.conf"
    assert(process.eventually(function()
      return e:count(TOKEN) == 1
    end))
    e:config { status = 503 }
    n:ok "/ports"
  end)

  it("handler.conf tells callers what is wrong, and no more", function()
    local n = start "handler.conf"
    n:ok "/ports"
    e:config { api_status = 503, retry_after = 3600 }
    local response = n:send("GET", "/ports")
    assert.are.equal(503, response.status)
    assert.are.equal("http", json.decode(response.body).error)
    e:config { api_status = 404, retry_after = "" }
    assert.are.equal(502, (n:get "/ports"))
  end)

  -- A form, or a script that asks nobody first, sends these.
  it("handler.conf takes no order but JSON", function()
    local n = start "handler.conf"
    for _, kind in ipairs { "text/plain", "application/jsonp",
      "application/x-www-form-urlencoded", "" } do
      assert.are.equal(415, n:send("POST", "/shipments", {
        headers = { { "Content-Type", kind } },
        body = '{"cage": "AM1:01:000111", "boxes": 2}',
      }).status, kind)
    end
    assert.are.equal(0, e:count "POST /colocations/v2/orders/shipments")
  end)

  -- With the user that the example names, where only root can start nginx.
  local as_user = process.capture "id -u" == "0" and select(2,
    process.capture("setpriv --reuid=www-data --regid=www-data "
      .. "--clear-groups test -r lua/equinix/nginx.lua")) == 0
  for _, name in ipairs { "gateway.conf", "handler.conf" } do
    local function start_as(mode)
      return start(name, { user = false,
        before = function(n)
          assert(os.execute(("cd %s && chmod 711 . && chmod %s secret && "
            .. "chgrp www-data secret && cp %s ca.pem && chmod 644 ca.pem")
            :format(n.dir, mode, e.ca_file)))
        end })
    end
    it(name .. " says at the start that its user can't read the secret",
      function()
        if not as_user then
          pending "only root can start workers of another user"
          return
        end
        local n = start_as "600"
        assert(process.eventually(function()
          return select(2, n:error_log():gsub("%[emerg%]", "")) == 4
        end), n:error_log())
        assert.truthy(n:error_log():find("secret: permission denied", 1, true),
          n:error_log())
        assert.are.equal(0, e:count(TOKEN))
        start_as "640"
        assert(process.eventually(function()
          return e:count(TOKEN) == 1
        end))
      end)
  end

  for name, path in pairs { ["gateway.conf"] = "/fabric/v4/ports",
    ["handler.conf"] = "/ports" } do
    it(name .. " answers no page of a browser, whatever name it has",
      function()
        local n = start(name)
        local function status(field, value)
          return n:send("GET", path, { headers = { { field, value } } }).status
        end
        for _, value in ipairs { "localhost", "LOCALHOST:1", "127.0.0.1:99",
          "[::1]:80" } do
          assert.are.equal(200, status("Host", value), value)
        end
        for _, value in ipairs { "evil.example", "localhost.evil.example",
          "127.0.0.2", "x" } do
          assert.are.equal(421, status("Host", value), value)
        end
        for _, value in ipairs { "null", "http://evil.example",
          "http://localhost:3000" } do
          assert.are.equal(403, status("Origin", value), value)
        end
      end)
  end

  for _, name in ipairs { "gateway.conf", "handler.conf" } do
    it(name .. " does not start without credentials", function()
      local fine, said = nginx.test(options(name))
      assert.is_true(fine, said)
      fine, said = pcall(start, name, { client_id = "" })
      assert.is_false(fine)
      assert.truthy(said:find("`env EQUINIX_API_CLIENTID;`", 1, true), said)
    end)
  end
end)
