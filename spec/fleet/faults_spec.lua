-- A Redis that restarts, hangs, is full, loads, or is no Redis at all: one
-- event with the cause and the remedy, a working call, and nothing lost.
local core = require "equinix.core"
local equinix = require "equinix"
local fleets = require "spec.support.fleet"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"
local redis = require "spec.support.redis"

local missing = redis.missing()
if missing then
  pending(missing)
  return
end

local scene = fleets.scene()

local function in_flight(server)
  scene.e:config { token_latency = 1.5 }
  local fleet = scene:fleet({ port = server.port, grace = 20, hasty = true },
    12, 60)
  fleet:begin()
  fleets.await_requests(scene.e, 1)
  return fleet
end

describe("a Redis that goes while a token is fetched, and comes back",
  function()
    it("costs two requests at most when it is restarted, empty", function()
      local server = scene:ends(redis.start())
      local fleet = in_flight(server)
      server:restart()
      fleets.assert_tokens(fleet:results())
      assert(fleets.requests(scene.e) <= 2, fleets.requests(scene.e))
      local before = fleets.requests(scene.e)
      -- Where there were two tokens, some refuse one and find the other.
      local list = fleet:round()
      fleets.assert_tokens(list)
      fleets.assert_quiet(list)
      assert(fleets.requests(scene.e) <= before + 1)
    end)

    it("costs two at most when it stands still for 300 ms", function()
      local server = scene:ends(redis.start())
      local fleet = in_flight(server)
      server:signal "STOP"
      core.sleep(0.3)
      server:signal "CONT"
      local list = fleet:results()
      fleets.assert_tokens(list)
      assert(fleets.requests(scene.e) <= 2, fleets.requests(scene.e))
    end)

    it("adds its grace once at most when it stays away", function()
      local server = scene:ends(redis.start())
      server:halt()
      local list = scene:fleet({ port = server.port, grace = 1 }, 4):round()
      fleets.assert_tokens(list)
      local said, count = fleets.said(list, "store_failed")
      assert.equal(4, count, table.concat(said, "\n"))
      assert.matches("refuse", said[1])
    end)
  end)

-- Two processes get a token although their store can't; each says once why.
local function assert_said(store, pattern, remedy)
  local fleet = scene:fleet(store, 2)
  local list = fleet:round()
  fleets.assert_tokens(list)
  local said, count = fleets.said(list, "store_failed")
  assert.equal(2, count, table.concat(said, "\n"))
  for _, text in ipairs(said) do
    assert.matches(pattern, text)
    assert.matches("; .*" .. remedy, text)
  end
  return fleet
end

describe("a wrong URL", function()
  for url, pattern in pairs {
    ["redis://:x"] = "host",
    ["redis:/host"] = "redis://",
    ["http://127.0.0.1:6379"] = "scheme.*redis",
    ["redis://127.0.0.1:6379/one"] = "db",
    ["redis://127.0.0.1:six"] = "port",
    ["redis://127.0.0.1?timout=1"] = "timout.*timeout",
    ["redis+sentinel://127.0.0.1"] = "name",
  } do
    it("is a mistake at once: " .. url, function()
      local store, err = equinix.store.redis { url = url }
      assert.is_nil(store)
      assert.equal("config", err.kind)
      assert.matches(pattern, err.message)
    end)
  end

  it("with a host that does not exist is said in one event", function()
    assert_said({ url = "redis://no-such-host.invalid", grace = 0.5 },
      "no%-such%-host%.invalid", "name")
  end)
end)

describe("a port that speaks something else", function()
  -- A server that says this to each client.
  local function stranger(words)
    return scene:ends(rawserver.start(([[
      local c = ...
      c:receive "*l"
      c:send(%q)
      c:hangup()
    ]]):format(words)))
  end

  it("is named: a web server", function()
    assert_said({ url = "redis://" .. scene.e.base_url:match "//(.*)$" },
      "invalid reply", "check that its port is that of a Redis")
  end)

  for what, words in pairs {
    ["garbage"] = ("\1\2\3"):rep(100) .. "\r\n",
    ["an invalid length"] = "$some\r\n",
    ["a length beyond all limits"] = "$99999999999\r\n",
    ["a list that never ends"] = "*2000000000\r\n",
    ["lists in lists"] = ("*1\r\n"):rep(5000),
  } do
    it("is named: " .. what, function()
      assert_said({ port = stranger(words).port, grace = 0.5 },
        "invalid reply", "check that its port is that of a Redis")
    end)
  end
end)

-- A relay that ends each reply before its last byte, from the nth on.
local CUTS = [[
  local c = ...
  local socket = require "socket"
  local server = assert(socket.connect("127.0.0.1", %d))
  server:settimeout(0.05)
  while true do
    local line = c:receive "*l"
    if not line then return end
    local command = line .. "\r\n"
    for _ = 1, tonumber(line:sub(2)) do
      local size = c:receive "*l"
      command = command .. size .. "\r\n"
        .. c:receive(tonumber(size:sub(2)) + 2)
    end
    server:send(command)
    local reply = ""
    repeat
      local bytes, reason, part = server:receive(4096)
      reply = reply .. (bytes or part)
    until reply ~= "" and (bytes or part) == "" or reason == "closed"
    c:send(reply:sub(1, -2))
    c:close()
    return
  end
]]

describe("a reply that is cut", function()
  it("is a fault of the store and no token's", function()
    local server = scene:ends(redis.start())
    local between = scene:ends(rawserver.start(CUTS:format(server.port)))
    local list = scene:fleet({ port = between.port, grace = 0.5 }, 2):round()
    fleets.assert_tokens(list)
    local said, count = fleets.said(list, "store_failed")
    assert.equal(2, count, table.concat(said, "\n"))
    assert.matches("closed", said[1])
  end)
end)

describe("a Redis that can't be written to", function()
  local server

  before_each(function()
    server = scene:ends(redis.start())
  end)

  -- After the cause is gone, the token of that fleet or one more is stored.
  local function assert_recovers(fleet)
    fleets.assert_tokens(fleet:round())
    local before = fleets.requests(scene.e)
    fleets.assert_one_token(scene:fleet({ port = server.port }, 2):round())
    assert.equal(before, fleets.requests(scene.e))
  end

  it("since it is full", function()
    server:ask("CONFIG", "SET", "maxmemory", 1)
    local fleet = assert_said({ port = server.port }, "OOM", "maxmemory")
    server:ask("CONFIG", "SET", "maxmemory", 0)
    assert_recovers(fleet)
  end)

  it("since it is a replica", function()
    server:ask("REPLICAOF", "127.0.0.1", 1)
    local fleet = assert_said({ port = server.port, grace = 0.5 }, "READONLY",
      "master")
    server:ask("REPLICAOF", "NO", "ONE")
    assert_recovers(fleet)
  end)

  it("since it is loading", function()
    server:ask("DEBUG", "POPULATE", 10000)
    server:ask "SAVE"
    server:halt()
    server.options[1], server.options[2] = "--key-load-delay", 3000
    server.options[3], server.options[4] =
      "--loading-process-events-interval-bytes", 1024
    server:launch()
    assert(process.eventually(function()
      return tostring(select(2, server:try "PING")):find "LOADING"
    end, 30), "Redis does not load")
    assert_said({ port = server.port, grace = 0.5 }, "LOADING", "")
    server:kill()
  end)
end)
