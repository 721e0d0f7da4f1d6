-- options: what equinix.store.redis takes; every mistake is named with what to
-- write instead, and no password is ever shown.
local check = require "spec.support.raises"
local options = require "equinix.store.redis.options"

local here, assert_raises = check.here, check.assert

local function read(opts)
  local settings, message = options.read(opts, 2)
  return settings, message
end

describe("the options of a Redis store", function()
  it("have defaults", function()
    local settings = assert(read {})
    assert.equal("alone", settings.kind)
    assert.same({ { host = "127.0.0.1", port = 6379 } }, settings.nodes)
    assert.same({ tls = false }, settings.tls)
    assert.same({ db = 0 }, settings.login)
    assert.equal("equinix:", settings.prefix)
    assert.equal(0.5, settings.timeout)
    assert.equal(1, settings.connect_timeout)
    assert.equal(5, settings.grace)
  end)

  it("name one server, a socket, a cluster or sentinels", function()
    assert.same({ { host = "::1", port = 7 } },
      read({ host = "[::1]", port = 7 }).nodes)
    assert.same({ { path = "/run/r" } }, read({ path = "/run/r" }).nodes)
    local settings = read { cluster = { "a:1", "[::1]" } }
    assert.equal("cluster", settings.kind)
    assert.same({ { host = "a", port = 1 }, { host = "::1", port = 6379 } },
      settings.nodes)
    settings = read { tls = true, sentinel = { name = "m", nodes = { "a" },
      username = "s", password = "p" }, ca_file = "/ca" }
    assert.equal("sentinel", settings.kind)
    assert.equal("m", settings.name)
    assert.same({ { host = "a", port = 26379 } }, settings.nodes)
    assert.same({ tls = true, ca_file = "/ca" }, settings.sentinel.tls)
    assert.equal("p", settings.sentinel.login.secret.read())
    assert.is_nil(settings.login.secret)
  end)

  it("may come from a URL, and from beside it", function()
    local settings = assert(read { url = "rediss://app:pw@h/2",
      ca_file = "/ca", grace = 0 })
    assert.same({ { host = "h", port = 6379 } }, settings.nodes)
    assert.equal("pw", settings.login.secret.read())
    assert.equal("/ca", settings.tls.ca_file)
    assert.equal(2, settings.login.db)
    settings = assert(read { url = "redis+sentinel://a/m",
      sentinel = { password = "s" } })
    assert.equal("s", settings.sentinel.login.secret.read())
  end)

  it("raise where they are unknown or of another type", function()
    assert_raises("unknown option 'passwort', did you mean 'password'?",
      function() here() local _ = read { passwort = "x" } end)
    assert_raises("option 'port' must be a number, not a string",
      function() here() local _ = read { port = "6379" } end)
    assert_raises("option 'password' must be a string or a function, not a "
      .. "number",
      function() here() local _ = read { password = 1 } end)
    assert_raises("unknown sentinel option 'node', did you mean 'nodes'?",
      function()
        here() local _ = read { sentinel = { node = { "a" } } }
      end)
  end)

  local MISTAKES = {
    ["host must be a name or an address"] = { host = "a b" },
    ["host must not have a port in it"] = { host = "a:6379" },
    ["give a URL as option url"] = { host = "redis://:hunter2@a" },
    ["give a Unix socket as option path"] = { host = "/run/r" },
    ["host and path exclude"] = { host = "a", path = "/x" },
    ["port and cluster exclude"] = { port = 1, cluster = { "a" } },
    ["path, cluster and sentinel exclude"] = { path = "/x",
      cluster = { "a" } },
    ["leave out tls"] = { path = "/x", tls = true },
    ["path must be an absolute path"] = { path = "x" },
    ["port must be a whole number"] = { port = 65536 },
    ["username needs a password"] = { username = "app" },
    ["^username and password must not be empty"] = { password = "" },
    ["password and password_file are both set"] = { password = "hunter2",
      password_file = "/x" },
    ["db must be a whole number"] = { db = 0.5 },
    ["a cluster has no db but 0"] = { db = 1, cluster = { "a" } },
    ["prefix must be"] = { prefix = "{x}", password = "hunter2" },
    ["timeout must be a finite"] = { timeout = math.huge },
    ["connect_timeout must be"] = { connect_timeout = 0 },
    ["grace must be"] = { grace = -1 },
    ["ca_file needs TLS"] = { ca_file = "/ca" },
    ["server_name needs TLS"] = { server_name = "a" },
    ["^server_name must be a name or an address"] = { tls = true,
      server_name = "*.example.com" },
    ["^server_name must be.*without a port"] = { tls = true,
      server_name = "redis.example.com:6380" },
    ["^path must be an absolute path of"] = { path = "/run/a\nb" },
    ["client_key needs client_cert"] = { tls = true, client_key = "/k" },
    ["ca_file must not be empty"] = { tls = true, ca_file = "" },
    ["cluster must name 1 to 64 nodes"] = { cluster = {} },
    ["cluster must be a list of strings"] = { cluster = { 1 } },
    ["cluster: a port must be"] = { cluster = { "a:x" } },
    ["sentinel.name must be"] = { sentinel = { nodes = { "a" } } },
    ["sentinel.nodes must name"] = { sentinel = { name = "m" } },
    ["sentinel.username needs"] = { sentinel = { name = "m",
      nodes = { "a" }, username = "s" } },
    ["^unknown scheme"] = { url = "tedis://:hunter2@a" },
    ["port is given by url, too"] = { url = "redis://a:1", port = 1 },
    ["password is given by url, too"] = { url = "redis://:hunter2@a",
      password = "hunter2" },
    ["sentinel.name is given by url, too"] = {
      url = "redis+sentinel://a/m", sentinel = { name = "x" } },
    ["cluster and sentinel exclude"] = { url = "redis+cluster://a",
      sentinel = { name = "x", nodes = { "a" } } },
  }
  for text, opts in pairs(MISTAKES) do
    it("are refused: " .. text, function()
      local settings, message = read(opts)
      assert.is_nil(settings)
      assert.matches(text, message)
      assert.not_matches("hunter2", message)
    end)
  end

  it("show the password in none of their members", function()
    local settings = assert(read { username = "app", password = "hunter2",
      sentinel = { name = "m", nodes = { "a" }, password = "hunter2" } })
    local function look(value)
      assert.is_true(type(value) ~= "string" or not value:find "hunter2")
      for _, member in pairs(type(value) == "table" and value or {}) do
        look(member)
      end
    end
    look(settings)
  end)
end)
