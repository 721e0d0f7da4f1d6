-- check: what is wrong with a Redis, each with what to do; on real ones.
local errors = require "equinix.store.redis.errors"
local new = require("equinix").store.redis
local rawserver = require "spec.support.rawserver"
local redis = require "spec.support.redis"
local resp = require "spec.support.resp"

local missing = redis.missing()

-- What is called after the spec, however it ends.
local undo = {}
local function finally(f)
  undo[#undo + 1] = f
end
after_each(function()
  while #undo > 0 do
    table.remove(undo)()
  end
end)
local PATIENT = 30

describe("the check of a Redis", function()
  if missing then
    pending(missing)
    return
  end
  local server

  setup(function()
    server = redis.start { "--requirepass", "secret" }
  end)
  teardown(function()
    server:stop()
  end)
  before_each(function()
    server:ask "FLUSHALL"
  end)

  -- The findings by what they are about.
  local function check(opts)
    local o = { port = server.port, password = "secret", timeout = PATIENT,
      grace = 0 }
    for name, value in pairs(opts or {}) do
      o[name] = value
    end
    if o.password == "" then
      o.password = nil
    end
    local found = {}
    for _, finding in ipairs(assert(new(o)):check(PATIENT)) do
      assert.is_nil(found[finding.what])
      assert.not_matches("secret", finding.message
        .. tostring(finding.remedy))
      found[finding.what] = finding
    end
    return found
  end

  local function config(name, value, back)
    server:ask("CONFIG", "SET", name, value)
    finally(function()
      server:ask("CONFIG", "SET", name, back)
    end)
  end

  it("finds nothing where all is well, and leaves nothing behind", function()
    local found = check()
    for _, what in ipairs { "connection", "role", "rights", "policy", "clock" }
    do
      assert.is_true(found[what].ok, what .. found[what].message)
    end
    assert.equal(0, server:ask "DBSIZE")
  end)

  it("says what is wrong with the connection, and asks no more", function()
    for text, opts in pairs {
      ["refuses connections"] = { port = redis.free_port() },
      ["NOAUTH"] = { password = "" },
      ["WRONGPASS"] = { username = "app", password = "guess" },
      ["TLS"] = { tls = true, timeout = 1, connect_timeout = 1 },
      ["no such db"] = { db = 99 },
    } do
      local found = check(opts)
      assert.is_false(found.connection.ok)
      assert.matches(text, found.connection.message)
      assert.is_string(found.connection.remedy)
      assert.is_nil(found.role)
    end
  end)

  it("names all rights that are missing, and what it may not ask", function()
    server:ask("ACL", "SETUSER", "poor", "on", ">pw", "~equinix:*", "+eval",
      "+get", "+set", "+strlen", "+pttl", "+acl")
    local found = check { username = "poor", password = "pw" }
    assert.is_false(found.rights.ok)
    assert.matches("%+pexpire %+del$", found.rights.message)
    assert.matches("ACL SETUSER .* %+pexpire %+del", found.rights.remedy)
    for _, what in ipairs { "role", "policy", "clock" } do
      assert.is_nil(found[what].ok)
      assert.matches("%+", found[what].remedy)
    end
    -- Without the right to ask, each step is tried.
    server:ask("ACL", "SETUSER", "poor", "-acl")
    found = check { username = "poor", password = "pw" }
    assert.is_false(found.rights.ok)
    assert.matches("extend: .*the command pexpire", found.rights.message)
    -- The remedy lets it do all of them at once.
    local words = {}
    for word in found.rights.remedy:match "SETUSER %.%.%. (.*)":gmatch "%S+" do
      words[#words + 1] = word
    end
    server:ask("ACL", "SETUSER", "poor", (table.unpack or unpack)(words))
    assert.is_true(check({ username = "poor", password = "pw" }).rights.ok)
  end)

  it("says that it is the keys that a user may not use", function()
    server:ask("ACL", "SETUSER", "other", "on", ">pw", "~other:*", "+@all")
    local rights = check({ username = "other", password = "pw" }).rights
    assert.is_false(rights.ok)
    assert.matches("this user: ~equinix:%*$", rights.message)
    assert.matches("SETUSER %.%.%. ~equinix:%*$", rights.remedy)
  end)

  it("looks for the records of every account", function()
    assert.equal(require("equinix.oauth.lockout_page").COUNT,
      require("equinix.store.redis.check").PAGES)
  end)

  it("says of a socket that is missing what to look at", function()
    local store = assert(new { path = "/nonexistent.sock", grace = 0 })
    local found = store:check(PATIENT)[1]
    assert.is_false(found.ok)
    assert.matches("unixsocket", found.remedy)
    assert.not_matches("network", found.remedy)
    -- As the engine says it of one that another user owns.
    local fault = errors.of_transport({ kind = "config",
      message = "/r.sock: may not be opened by this user (EACCES)" },
      "/r.sock", false)
    assert.matches("may not be opened", fault.text)
    assert.matches("unixsocketperm", fault.hint)
  end)

  it("is content with the documented rights", function()
    server:ask("ACL", "SETUSER", "app", "on", ">pw", "~equinix:*", "+eval",
      "+get", "+set", "+strlen", "+pttl", "+pexpire", "+del", "+select")
    assert.is_true(check({ username = "app", password = "pw" }).rights.ok)
  end)

  it("says which policy throws away what is in use", function()
    config("maxmemory", "100mb", "0")
    for policy, ok in pairs {
      ["volatile-lru"] = true, noeviction = true, ["volatile-ttl"] = false,
      ["allkeys-lru"] = false, ["allkeys-random"] = false,
    } do
      config("maxmemory-policy", policy, "noeviction")
      local found = check()
      assert.equal(ok, found.policy.ok)
      assert.matches(policy, found.policy.message, 1, true)
      assert.is_true(ok or found.policy.remedy:find "volatile%-lru" ~= nil)
    end
  end)

  it("does not mind a policy that is never used", function()
    config("maxmemory-policy", "allkeys-lru", "noeviction")
    assert.is_true(check().policy.ok)
  end)

  it("has findings for a server that only looks like Redis", function()
    for _, reply in ipairs { "+OK\r\n", ":1\r\n", "*0\r\n", "$-1\r\n",
      "#f\r\n", "%1\r\n:1\r\n_\r\n" } do
      local raw = rawserver.start(resp.SERVER .. ([[
        while command() do c:send(%q) end
      ]]):format(reply))
      local found = check { port = raw.port, password = "" }
      raw:stop()
      for _, what in ipairs { "role", "rights", "policy", "clock" } do
        assert.is_not_true(found[what].ok)
      end
    end
  end)

  it("says that it is a replica, or full", function()
    server:ask("REPLICAOF", "127.0.0.1", 1)
    local found = check()
    server:ask("REPLICAOF", "NO", "ONE")
    assert.is_false(found.role.ok)
    assert.matches("is a replica", found.role.message)
    assert.is_nil(found.rights) -- the same fault again
    config("maxmemory", "1", "0")
    found = check()
    assert.is_false(found.rights.ok)
    assert.matches("lock: .*OOM", found.rights.message)
  end)
end)
