-- A Redis behind TLS, as managed ones are: one token request for a fleet, and
-- no password before the server has proved who it is.
local certificates = require "spec.support.certificates"
local fleets = require "spec.support.fleet"
local process = require "spec.support.process"
local redis = require "spec.support.redis"
local relays = require "spec.support.relay"

local missing = redis.missing()
if missing then
  pending(missing)
  return
end

local scene = fleets.scene()
local made

setup(function()
  made = certificates.make()
end)
teardown(function()
  certificates.remove(made)
end)

local function start(options)
  options.tls = made
  return scene:ends(redis.start(options))
end

-- The types of the TLS records that clients sent, each once: 22 for the
-- handshake, 21 for an alert, 23 for data, which in TLS 1.2 begins only after
-- the handshake.
local function record_types(bytes)
  local types, at = {}, 1
  while at + 4 <= #bytes do
    local kind, _, _, high, low = bytes:byte(at, at + 4)
    types[kind] = true
    at = at + 5 + high * 256 + low
  end
  return types
end

-- Every process gets a token, and reports one time what is wrong.
local function assert_told(list, pattern)
  fleets.assert_tokens(list)
  local said, count = fleets.said(list, "store_failed")
  assert.equal(#list, count, table.concat(said, "\n"))
  for _, text in ipairs(said) do
    assert.matches(pattern, text)
  end
end

describe("12 processes with a Redis that speaks only TLS", function()
  before_each(function()
    scene.e:config { token_latency = 0.5 }
  end)

  it("cost one token request", function()
    local server = start {}
    local list = scene:fleet({
      port = server.port, tls = true, ca_file = made.ca_file,
    }):round()
    fleets.assert_one_token(list)
    fleets.assert_quiet(list)
    assert.equal(1, fleets.requests(scene.e))
  end)

  it("cost one where a client certificate and a password are required",
    function()
      local server = start { mutual = true, "--requirepass", "secret" }
      local list = scene:fleet({
        port = server.port, tls = true, ca_file = made.ca_file,
        client_cert = made.good.certificate, client_key = made.good.key,
        password = "secret",
      }):round()
      fleets.assert_one_token(list)
      fleets.assert_quiet(list)
      assert.equal(1, fleets.requests(scene.e))
    end)

  it("cost one with all of it in a URL", function()
    local server = start { "--requirepass", "secret" }
    local list = scene:fleet({
      url = ("rediss://:secret@127.0.0.1:%d/3?ca_file=%s"):format(
        server.port, made.ca_file),
    }):round()
    fleets.assert_one_token(list)
    fleets.assert_quiet(list)
    assert.equal(1, fleets.requests(scene.e))
    server:ask("SELECT", 3)
    assert(server:ask "DBSIZE" > 0)
  end)
end)

describe("a Redis that is not who it should be", function()
  for name, pattern in pairs {
    wronghost = "TLS.*127%.0%.0%.1.*server_name",
    expired = "TLS.*expired.*renew",
    self = "TLS.*not trusted.*ca_file",
  } do
    it("gets no password: " .. name, function()
      local server = start { name = name, "--requirepass", "secret",
        "--tls-protocols", "TLSv1.2" }
      local relay = scene:ends(relays.start(server.port, 0))
      assert_told(scene:fleet({
        port = relay.port, tls = true, ca_file = made.ca_file,
        password = "secret",
      }, 4):round(), pattern)
      local types = record_types(relay:sent())
      assert.is_true(types[22])
      assert.is_nil(types[23])
    end)
  end

  it("is not asked for more than its name allows: server_name", function()
    local server = start { name = "wronghost" }
    local list = scene:fleet({
      port = server.port, tls = true, ca_file = made.ca_file,
      server_name = "other.example",
    }, 2):round()
    fleets.assert_quiet(list)
    fleets.assert_one_token(list)
  end)
end)

describe("a Redis that requires a client certificate", function()
  it("is named as such where there is none", function()
    local server = start { mutual = true }
    assert_told(scene:fleet({
      port = server.port, tls = true, ca_file = made.ca_file,
    }, 4):round(), "TLS.*certificate.*client_cert")
  end)
end)

describe("a client without TLS on a port that speaks it", function()
  it("sends no password, and is told of the option", function()
    local server = start { "--requirepass", "secret" }
    local relay = scene:ends(relays.start(server.port, 0))
    assert_told(scene:fleet({
      port = relay.port, password = "secret",
    }, 4):round(), "tls")
    assert.not_equal("", relay:sent())
    assert.not_matches("secret", relay:sent())
  end)
end)

describe("a client with TLS on a port that does not speak it", function()
  it("is told so", function()
    local server = scene:ends(redis.start { "--requirepass", "secret" })
    local relay = scene:ends(relays.start(server.port, 0))
    assert_told(scene:fleet({
      port = relay.port, tls = true, ca_file = made.ca_file,
      password = "secret", grace = 1, hasty = true,
    }, 4):round(), "TLS")
    assert.not_matches("secret", relay:sent())
  end)
end)

describe("a file of a certificate that is not there", function()
  it("is named in the event", function()
    local server = start {}
    local nowhere = process.tempdir()
    scene:finally(function() process.remove(nowhere) end)
    assert_told(scene:fleet({
      port = server.port, tls = true, ca_file = nowhere .. "/ca.pem",
    }, 2):round(), "ca_file")
  end)
end)
