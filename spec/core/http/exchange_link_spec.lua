-- exchange_link: the connection of an exchange, over TCP, TLS and Unix
-- sockets, with a real Redis and with raw servers.
local certificates = require "spec.support.certificates"
local core = require "equinix.core"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"
local redis = require "spec.support.redis"
local resp = require "spec.support.resp"

local command = resp.command
local LOGIN = { login = command("AUTH", "secret"), tls = true }

local function with(fields, more)
  local all = {}
  for _, set in ipairs { LOGIN, fields, more or {} } do
    for name, value in pairs(set) do
      all[name] = value
    end
  end
  return all
end

describe("an exchange over TLS", function()
  local made, engine, server

  setup(function()
    made = certificates.make()
  end)
  teardown(function()
    certificates.remove(made)
  end)
  before_each(function()
    engine = core.engine()
  end)
  after_each(function()
    engine:close()
    server:stop()
  end)

  local function start(name, script, protocol)
    server = rawserver.start(resp.SERVER .. (script or [[
      while command() do c:send "+OK\r\n" end
    ]]), { key = made[name].key, certificate = made[name].certificate,
      protocol = protocol })
  end

  local function send(fields, seconds)
    return resp.send(engine, resp.options(server.port, with(fields)), seconds)
  end

  for _, protocol in ipairs { "tlsv1_2", "tlsv1_3" } do
    it("keeps its connection, by " .. protocol, function()
      start("good", nil, protocol)
      local fields = { ca_file = made.ca_file }
      for i = 1, 5 do
        assert.equal(i > 1, assert(send(fields)).kept)
      end
      assert.equal(1, server:connections())
      -- No PING before the login: it is known who listens.
      assert.equal("AUTH secret", resp.commands(server)[1])
      assert.equal("PING", resp.commands(server)[2])
    end)

    it("takes no reply that lies in the TLS library, by " .. protocol,
      function()
        start("good", [[
          while command() do
            c:send "+OK\r\n"
            c:send "+a\r\n+b\r\n"
            c:log { method = "both", path = "", body = "", headers = {} }
          end
        ]], protocol)
        local fields = { ca_file = made.ca_file, login = "" }
        for i = 1, 3 do
          local response, err = send(fields)
          assert(not response or response.body == "+OK\r\n")
          assert(not err or err.code == "garbage")
          assert(not response or not response.kept)
          assert(process.eventually(function()
            return #resp.commands(server) == 2 * i
          end, 30))
        end
        assert.equal(3, server:connections())
      end)

    it("reads replies that are larger than a record, by " .. protocol,
      function()
        start("good", [[
          while command() do
            c:send("$200000\r\n" .. ("x"):rep(200000) .. "\r\n")
          end
        ]], protocol)
        for _ = 1, 3 do
          assert.equal(200011, #assert(send { ca_file = made.ca_file,
            login = "" }).body)
        end
        assert.equal(1, server:connections())
      end)
  end

  for name, fields in pairs {
    expired = {}, wronghost = {}, self = {},
    good = { server_name = "other.example" },
  } do
    it("says nothing to a server that is not verified: " .. name, function()
      start(name)
      local response, err = send(with(fields, { ca_file = made.ca_file }))
      assert.is_nil(response)
      assert.equal("tls", err.kind)
      assert.equal("CURLE_PEER_FAILED_VERIFICATION", err.code)
      assert.is_false(err.maybe_sent)
      assert.is_false(err.retryable)
      assert.equal(1, (err.message:find(("127.0.0.1:%d: the server's "
        .. "certificate is not trusted"):format(server.port), 1, true)))
      assert.same({}, resp.commands(server))
    end)
  end

  it("trusts the system's authorities without a ca_file", function()
    start "good"
    local _, err = send {}
    assert.equal("tls", err.kind)
    assert.same({}, resp.commands(server))
  end)

  -- Its words may name a file, and that name was of the first exchange. (A
  -- sanitizer sees it where memory that was freed is read.)
  it("fails on a kept connection when its first exchange is no more",
    function()
      start("good", [[
        command() c:send "+OK\r\n" command()
        c.tcp:setfd(c.socket:getfd())
        c.tcp:send(("no record of TLS "):rep(100))
        c.tcp:setfd(-1)
        c:hangup()
      ]])
      local function fields() -- with a string of its own
        return { login = "", ca_file = ("/."):rep(100) .. made.ca_file }
      end
      assert(send(fields()))
      collectgarbage()
      collectgarbage()
      local _, err = send(fields())
      assert.is_true(err.kept)
      assert.equal("network", err.kind)
    end)

  it("verifies another name than the address's", function()
    start "wronghost"
    local fields = { ca_file = made.ca_file, server_name = "other.example" }
    assert.equal("+OK\r\n", assert(send(fields)).body)
    assert.is_true(assert(send(fields)).kept)
    -- What was verified differently is another connection.
    local _, err = send { ca_file = made.ca_file }
    assert.equal("tls", err.kind)
  end)

  it("makes a new connection when a file has changed", function()
    start "good"
    local copy = made.dir .. "/copy.pem"
    local function write(path)
      assert(os.execute(("cp %s %s.new && mv %s.new %s"):format(path, copy,
        copy, copy)))
    end
    write(made.ca_file)
    assert(send { ca_file = copy })
    assert.is_true(assert(send { ca_file = copy }).kept)
    write(made.self.certificate)
    local err
    assert(process.eventually(function() -- the files are looked at each second
      local _, why = send { ca_file = copy }
      err = why
      return why
    end, 30))
    assert.equal("tls", err.kind)
  end)
end)

describe("an exchange with a Redis that speaks TLS", function()
  local missing = redis.missing()
  if missing then
    pending(missing)
    return
  end
  local made, engine, server, port

  setup(function()
    made = certificates.make()
    port = redis.free_port()
    server = redis.start { "--tls-port", port, "--tls-cert-file",
      made.good.certificate, "--tls-key-file", made.good.key,
      "--tls-ca-cert-file", made.ca_file, "--requirepass", "secret" }
  end)
  teardown(function()
    server:stop()
    certificates.remove(made)
  end)
  before_each(function()
    engine = core.engine()
  end)
  after_each(function()
    engine:close()
  end)

  local function send(fields)
    return resp.send(engine, resp.options(port, with({
      ca_file = made.ca_file }, fields)))
  end

  it("shows the client's certificate", function()
    local fields = { client_cert = made.good.certificate,
      client_key = made.good.key }
    assert.equal("+PONG\r\n", assert(send(fields)).body)
    assert.is_true(assert(send(fields)).kept)
    -- Another identity, another connection.
    local _, err = send()
    -- Either the alert says it, or it was lost when the server closed.
    assert.truthy(err.code == "CURLE_RECV_ERROR" or err.code == "closed")
    assert.truthy(err.message:find("it may want a client certificate", 1,
      true), err.message)
  end)

  it("keeps a connection on which session tickets came while it was idle",
    function()
      server:ask("CONFIG", "SET", "tls-auth-clients", "no")
      for i = 1, 3 do
        assert.equal(i > 1, assert(send()).kept)
        core.sleep(0.05)
      end
      -- The server ends it: it is not used again.
      server:ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
      assert.is_false(assert(send()).kept)
    end)

  it("fails in plain on that port, and says why", function()
    for _, login in ipairs { "", LOGIN.login } do
      local _, err = send { tls = false, login = login }
      assert.equal("closed", err.code)
      assert.equal(("127.0.0.1:%d closed the connection before it said "
        .. "anything: if this port speaks TLS, set tls"):format(port),
        err.message)
      assert.equal(login == "", err.maybe_sent)
    end
  end)
end)

describe("an exchange with a Redis on a Unix socket", function()
  local missing = redis.missing()
  if missing then
    pending(missing)
    return
  end

  it("is as one by TCP", function()
    local dir, engine = process.tempdir(), core.engine()
    local path = dir .. "/redis.sock"
    local server = redis.start { "--unixsocket", path, "--requirepass",
      "secret" }
    local fields = { path = path, login = command("AUTH", "secret") }
    for i = 1, 3 do
      local response = assert(resp.send(engine, resp.options(0, fields)))
      assert.equal("+PONG\r\n", response.body)
      assert.equal(i > 1, response.kept)
    end
    engine:close()
    server:stop()
    process.remove(dir)
  end)

  it("is as one by IPv6", function()
    local engine = core.engine()
    local ok, server = pcall(redis.start, { "--bind", "127.0.0.1 ::1" })
    if not ok then
      pending "needs IPv6"
      return
    end
    for i = 1, 2 do
      local response = assert(resp.send(engine, resp.options(server.port,
        { host = "::1" })))
      assert.equal("+PONG\r\n", response.body)
      assert.equal(i > 1, response.kept)
    end
    engine:close()
    server:stop()
  end)
end)
