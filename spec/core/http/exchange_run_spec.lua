-- exchange_run: login, then send, on one connection.
local core = require "equinix.core"
local rawserver = require "spec.support.rawserver"
local redis = require "spec.support.redis"
local resp = require "spec.support.resp"

local command = resp.command

describe("an exchange", function()
  local engine, server

  before_each(function()
    engine = core.engine()
  end)
  after_each(function()
    engine:close()
    server:stop()
  end)

  local function start(script)
    server = rawserver.start(resp.SERVER .. script)
  end

  local function send(fields, seconds)
    return resp.send(engine, resp.options(server.port, fields), seconds)
  end

  local LOGIN = { login = command("AUTH", "pw") .. command("SELECT", 1),
    login_replies = 2, identity = "who" }

  -- The first command of a connection gets the first reply, and so on.
  local function replies(...)
    start(("local list = { %s } "):format(("%q, "):rep(select("#", ...))
      :format(...)) .. [[
      for _, reply in ipairs(list) do
        if not command() then
          return
        end
        c:send((reply:gsub("|", "\r\n")))
      end
      c:hangup()
    ]])
  end

  it("logs in first, after a PING, and only on a new connection", function()
    replies("-NOAUTH Authentication required.|", "+OK|", "+OK|", "+PONG|",
      "+PONG|")
    local response = assert(send(LOGIN))
    assert.equal("+PONG\r\n", response.body)
    assert.is_false(response.kept)
    assert.is_nil(response.login_failed)
    assert.is_true(response.elapsed > 0)
    response = assert(send(LOGIN))
    assert.is_true(response.kept)
    assert.same({ "PING", "AUTH pw", "SELECT 1", "PING", "PING" },
      resp.commands(server))
    assert.equal(1, server:connections())
  end)

  it("sends nothing where the login fails, and closes", function()
    replies("+PONG|", "-WRONGPASS invalid username-password pair|",
      "-NOAUTH Authentication required.|", "+PONG|")
    local response = assert(send(LOGIN))
    assert.is_true(response.login_failed)
    assert.equal("-WRONGPASS invalid username-password pair\r\n"
      .. "-NOAUTH Authentication required.\r\n", response.body)
    assert.is_false(assert(send(LOGIN)).kept)
    local sent = resp.commands(server)
    assert.same({ "PING", "AUTH pw", "SELECT 1", "PING", "AUTH pw",
      "SELECT 1" }, sent)
  end)

  -- A server says these before it has read anything, and closes.
  it("shows what a server says before it closes a new connection", function()
    start [[
      c:send "-ERR max number of clients reached\r\n"
      c:sleep(0.05)
    ]]
    local response = assert(send(LOGIN))
    assert.is_true(response.login_failed)
    assert.equal("-ERR max number of clients reached\r\n", response.body)
    response = assert(send())
    assert.is_nil(response.login_failed)
    assert.equal("-ERR max number of clients reached\r\n", response.body)
  end)

  it("has a login that failed when the server closes instead of the rest",
    function()
      start [[
        command()
        c:send "+PONG\r\n"
        command()
        c:send "-WRONGPASS no\r\n"
      ]]
      local response = assert(send(LOGIN))
      assert.is_true(response.login_failed)
      assert.equal("-WRONGPASS no\r\n", response.body)
    end)

  it("sends no password to a port that speaks TLS", function()
    start [[
      local first = c:receive(1)
      c:send "\21\3\1\0\2\2\70"
      c:log { method = first .. (c:receive "*a" or ""), path = "", body = "",
        headers = {} }
    ]]
    local _, err = send(LOGIN)
    assert.equal("garbage", err.code)
    assert.is_false(err.maybe_sent)
    assert.equal(("127.0.0.1:%d speaks TLS, and this connection does not: "
      .. "set tls"):format(server.port), err.message)
    for _, sent in ipairs(resp.commands(server)) do
      assert.is_nil(sent:find("AUTH", 1, true))
    end
  end)

  it("says whether a byte of `send` may have left", function()
    start [[
      command()
      if n > 1 then
        c:send "+PONG\r\n"
        command()
        command()
      end
      if n > 2 then
        c:send "+OK\r\n+OK\r\n"
        command()
      end
      if n == 4 then
        c:send "+PO"
      end
    ]]
    for n = 1, 4 do
      local _, err = send(LOGIN)
      assert.equal("closed", err.code)
      assert.equal("network", err.kind)
      assert.equal(n > 2, err.maybe_sent)
      assert.is_false(err.kept)
      assert.is_true(err.retryable)
    end
  end)

  it("makes no connection without a login", function()
    replies("+PONG|", "+PONG|", "+PONG|")
    local options = resp.options(server.port)
    options.login = nil
    local _, err = resp.send(engine, options)
    assert.equal("no_connection", err.code)
    assert.is_false(err.maybe_sent)
    assert.is_false(err.kept)
    assert.equal(0, server:connections())
    assert(send())
    local response = assert(resp.send(engine, options))
    assert.is_true(response.kept)
    options.identity = "another"
    _, err = resp.send(engine, options)
    assert.equal("no_connection", err.code)
    assert.equal(1, server:connections())
  end)

  it("carries more than a socket takes at once, in both directions", function()
    local missing = redis.missing()
    if missing then
      server = rawserver.start ""
      pending(missing)
      return
    end
    server = redis.start()
    local value = ("0123456789"):rep(200000)
    local set = command("SET", "key", value)
    assert.equal("+OK\r\n", assert(send { send = set }).body)
    assert.equal(("+OK\r\n"):rep(5), assert(send { send = set:rep(5),
      replies = 5 }).body)
    local response = assert(send { send = command("GET", "key"),
      max_reply = 3e6 })
    assert.is_true(response.kept)
    assert.equal("$2000000\r\n" .. value .. "\r\n", response.body)
  end)

  it("takes a reply that comes before all was sent, and closes", function()
    start [[
      c:receive(1)
      c:send "-ERR Protocol error: too big bulk count string\r\n"
      c.share.second = n == 2
      while not c.share.second do
        c:sleep(0.005) -- it reads no more
      end
      c:receive "*a"
    ]]
    local large = { send = command("SET", "key", ("x"):rep(3e7)) }
    assert.equal("-ERR Protocol error: too big bulk count string\r\n",
      assert(send(large)).body)
    assert.is_false(assert(send(large)).kept)
  end)
end)
