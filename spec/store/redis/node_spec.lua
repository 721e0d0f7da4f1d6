-- node: one server: how a connection is made, verified and logged in, and what
-- is said where that fails.
local certificates = require "spec.support.certificates"
local contract = require "equinix.store.contract"
local new = require("equinix").store.redis
local process = require "spec.support.process"
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
local LONG, PATIENT = 60, 30

-- Calls every method.
local function use(store)
  local lease = assert(store:lock("k", LONG))
  assert.is_true(store:save("k", "r", LONG, lease))
  assert.equal("r", (store:load "k"))
  assert.is_true(store:extend(lease, LONG))
  assert.is_true(store:unlock(lease))
  assert.is_true(store:delete "k")
end

local function open(opts)
  opts.timeout = opts.timeout or PATIENT
  opts.connect_timeout = opts.connect_timeout or PATIENT
  opts.grace = opts.grace or 0
  return assert(new(opts))
end

local function reason_of(opts)
  local value, reason, fault = open(opts):lock("k", LONG)
  assert.is_nil(value)
  assert.not_matches("hunter2", reason .. fault.hint)
  return reason, fault.hint
end

describe("a Redis behind TLS", function()
  if missing then
    pending(missing)
    return
  end
  local made, server

  setup(function()
    made = certificates.make()
    server = redis.start { tls = made }
  end)
  teardown(function()
    server:stop()
    certificates.remove(made)
  end)
  before_each(function()
    server:ask "FLUSHALL"
  end)

  local function opts(over)
    local o = { port = server.port, tls = true, ca_file = made.ca_file }
    for name, value in pairs(over or {}) do
      o[name] = value
    end
    return o
  end

  describe("is a store that", function()
    contract.declare {
      make = function() return open(opts()) end,
      peer = function() return open(opts()) end,
    }
  end)

  it("is not believed without its authority, or by another name", function()
    local reason, hint = reason_of { port = server.port, tls = true }
    assert.matches("fails at TLS: ", reason)
    assert.matches("ca_file", hint)
    reason, hint = reason_of(opts { server_name = "other.example" })
    assert.matches("fails at TLS: ", reason)
    assert.matches("server_name", hint)
  end)

  it("is told from one that speaks no TLS, either way", function()
    local reason, hint = reason_of { port = server.port, password = "hunter2" }
    assert.matches("answered with TLS; no password was sent", reason)
    assert.matches("rediss://", hint)
    reason, hint = reason_of { port = server.port }
    assert.matches("TLS", reason .. hint)
    local plain = redis.start()
    finally(function() plain:stop() end)
    reason, hint = reason_of(opts { port = plain.port, timeout = 1,
      connect_timeout = 1 })
    assert.matches("TLS", reason)
    assert.matches("redis://", hint)
  end)

  it("may want a certificate of its clients", function()
    local mutual = redis.start { tls = made, mutual = true }
    finally(function() mutual:stop() end)
    use(open(opts { port = mutual.port, client_cert = made.good.certificate,
      client_key = made.good.key }))
    local reason, hint = reason_of(opts { port = mutual.port })
    assert.matches("TLS", reason)
    assert.matches("client_cert", hint)
  end)
end)

describe("a Redis on a Unix socket", function()
  if missing then
    pending(missing)
    return
  end
  local server, path

  setup(function()
    server = redis.start { "--requirepass", "secret" }
    path = server.dir .. "/own.socket"
    server:stop()
    server = redis.new { "--requirepass", "secret", "--unixsocket", path,
      port = redis.free_port() }
    path = server.dir .. "/own.socket"
    server.options[4] = path
    server:continue()
  end)
  teardown(function()
    server:stop()
  end)
  before_each(function()
    server:ask "FLUSHALL"
  end)

  describe("is a store that", function()
    local function make()
      return open { path = path, password = "secret" }
    end
    contract.declare { make = make, peer = make }
  end)

  it("is named where it is not there", function()
    local reason = reason_of { path = path .. "x" }
    assert.matches("Redis at /.*x can't be reached", reason)
  end)
end)

describe("a login", function()
  if missing then
    pending(missing)
    return
  end
  local server

  setup(function()
    server = redis.start { "--requirepass", "secret" }
    server:ask("ACL", "SETUSER", "app", "on", ">one", ">two", "~equinix:*",
      "+@all")
  end)
  teardown(function()
    server:stop()
  end)
  before_each(function()
    server:ask "FLUSHALL"
    server:ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
  end)

  it("is made anew with what the function says now", function()
    local calls = {}
    local password = "one"
    local store = open { port = server.port, username = "app",
      password = function()
        calls[#calls + 1] = password
        return password
      end }
    use(store)
    use(store)
    assert.same({ "one" }, calls)
    password = "two"
    server:ask("ACL", "SETUSER", "app", "<one")
    finally(function()
      server:ask("ACL", "SETUSER", "app", ">one")
    end)
    server:ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    use(store)
    assert.same({ "one", "two" }, calls)
  end)

  it("is tried once more where the password changed meanwhile", function()
    local calls = 0
    use(open { port = server.port, username = "app", password = function()
      calls = calls + 1
      return calls == 1 and "hunter2" or "one"
    end })
    assert.equal(2, calls)
    calls = 0
    local reason = reason_of { port = server.port, username = "app",
      password = function()
        calls = calls + 1
        return "hunter2"
      end }
    assert.matches("WRONGPASS", reason)
    assert.equal(2, calls)
  end)

  it("is not looked for where there is none, whatever a server says",
    function()
      local raw = rawserver.start(resp.SERVER .. [[
        local answer = { PING = "+PONG\r\n",
          ["SELECT 1"] = "-WRONGPASS x\r\n" }
        for words in command do
          c:send(answer[words] or ":1\r\n")
        end
      ]])
      finally(function() raw:stop() end)
      assert.matches("WRONGPASS", (reason_of { port = raw.port, db = 1 }))
    end)

  it("says what is wrong with a function or a file", function()
    local reason, hint = reason_of { port = server.port,
      password = function() error "hunter2" end }
    assert.matches("the function `password` raised an error", reason)
    assert.matches("password_file", hint)
    reason = reason_of { port = server.port, password_file = "/nowhere/x" }
    assert.matches("password_file can't be read: /nowhere/x", reason)
  end)

  -- A fleet of 10,000 processes would reach maxclients at its half.
  it("leaves one connection open for each process", function()
    use(open { port = server.port, password = "secret" })
    assert.equal(1, process.eventually(function()
      local own = 0
      for line in server:ask("CLIENT", "LIST"):gmatch "[^\n]+" do
        own = own + (line:find("cmd=client|list", 1, true) and 0 or 1)
      end
      return own == 1 and own
    end, PATIENT))
  end)

  it("comes from a URL, percent-encoded", function()
    server:ask("ACL", "SETUSER", "a@b", "on", ">p:/@%", "~equinix:*", "+@all")
    use(open { url = ("redis://a%%40b:p%%3A%%2F%%40%%25@127.0.0.1:%d/2")
      :format(server.port) })
  end)

  it("is not sent to a port that has not answered as Redis does", function()
    for _, answer in ipairs { "", "HTTP/1.1 400 Bad Request\r\n\r\n",
      "\21\3\1\0\2\2\70" } do
      local stranger = rawserver.start(([[
        local c = ...
        local got = ""
        repeat
          local part = c:receive(1)
          got = got .. (part or "")
        until not part or got:find "PING\r\n"
        c:send(%q)
        c:close()
        c:log { method = "got", path = got, headers = {}, body = "" }
      ]]):format(answer))
      finally(function() stranger:stop() end)
      local reason = reason_of { port = stranger.port, password = "hunter2" }
      assert.matches("no password was sent", reason)
      for _, request in ipairs(stranger:requests()) do
        assert.not_matches("hunter2", request.path)
      end
    end
  end)
end)

describe("a Redis that speaks RESP3 only", function()
  -- Commands are refused until there was a HELLO 3.
  local SERVER = [[
    local c = ...
    local hello = false
    while true do
      local line = c:receive "*l"
      if not line then return end
      local words = {}
      for i = 1, tonumber(line:sub(2)) do
        local size = c:receive "*l"
        words[i] = c:receive(tonumber(size:sub(2)) + 2):sub(1, -3)
      end
      local command = table.concat(words, " ", 1, math.min(#words, 5))
      if command == "HELLO 3 AUTH app pw" or command == "HELLO 3" then
        hello = true
        c:send "%2\r\n+server\r\n+redis\r\n+proto\r\n:3\r\n"
      elseif not hello then
        c:send "-NOPROTO unsupported protocol version\r\n"
      elseif words[1] == "EVAL" then
        c:send(">2\r\n+note\r\n:1\r\n" .. "|1\r\n+ttl\r\n:3\r\n"
          .. "*2\r\n:5000\r\n$1\r\nr\r\n")
      else
        c:send "-ERR what\r\n"
      end
    end
  ]]

  it("is greeted as it wants, with or without a login", function()
    local server = rawserver.start(SERVER)
    finally(function() server:stop() end)
    for _, password in ipairs { "pw", false } do
      local store = open { port = server.port,
        username = password and "app" or nil,
        password = password or nil }
      assert.equal("r", (store:load "k"))
      assert.equal("r", (store:load "k"))
    end
  end)
end)
