-- step: what passes is waited for, within the grace and the caller's time;
-- what has to be repaired fails at once. Servers are real; only where a server
-- has to misbehave in a certain moment, a raw one stands for it.
local core = require "equinix.core"
local curl = require "equinix.transport.curl"
local new = require("equinix").store.redis
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"
local redis = require "spec.support.redis"

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
local LONG = 60

-- The transport, with something that happens in its n-th pause.
local function pausing(n, f)
  local pauses = 0
  return setmetatable({ sleep = function(seconds)
    pauses = pauses + 1
    if pauses == n then
      f()
    end
    return curl.sleep(seconds)
  end, pauses = function()
    return pauses
  end }, { __index = curl })
end

-- A server that answers each command by the next of these replies, the last
-- one again and again; it logs what it got as the path of a request.
local function scripted(replies)
  local texts = {}
  for i, reply in ipairs(replies) do
    texts[i] = ("%q"):format(reply)
  end
  return rawserver.start(([[
    local c = ...
    local replies = { %s }
    while true do
      local line = c:receive "*l"
      if not line then return end
      local words = {}
      for i = 1, tonumber(line:sub(2)) do
        local size = c:receive "*l"
        words[i] = c:receive(tonumber(size:sub(2)) + 2):sub(1, -3)
      end
      c.share.n = (c.share.n or 0) + 1
      c:log { method = words[1], path = words[2], headers = {}, body = "" }
      c:send(replies[math.min(c.share.n, #replies)] .. "\r\n")
    end
  ]]):format(table.concat(texts, ", ")))
end

describe("a step", function()
  if missing then
    pending(missing)
    return
  end

  local function against(replies, opts)
    local server = scripted(replies)
    finally(function() server:stop() end)
    opts = opts or {}
    opts.port, opts.timeout, opts.connect_timeout = server.port, 10, 10
    opts.grace = opts.grace or 20
    return assert(new(opts)), server
  end

  it("waits until Redis has read its data, or has a master", function()
    for _, text in ipairs { "LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN",
      "READONLY", "BUSY" } do
      local store = against { "-" .. text .. " x", "-" .. text .. " x", ":1" }
      assert.is_table((store:lock("k", LONG)))
    end
  end)

  it("does not wait for what has to be repaired", function()
    for _, text in ipairs { "NOAUTH", "NOPERM", "WRONGPASS", "WRONGTYPE",
      "MOVED 1 127.0.0.1:1", "ASK 1 127.0.0.1:1", "OOM", "MISCONF",
      "NEWKIND" } do
      local store, server = against { "-" .. text, ":1" }
      local lease, reason = store:lock("k", LONG)
      assert.is_nil(lease)
      assert.matches(text:match "^[A-Z]+", reason)
      assert.equal(1, #server:requests(), text)
    end
  end)

  it("waits no longer than its caller has time", function()
    local store = against({ "-LOADING x" }, { grace = 1000 })
    local begun = core.now()
    local lease, reason, fault = store:lock("k", LONG, 0.3)
    assert.is_nil(lease)
    assert.matches("LOADING", reason)
    assert.is_true(fault.temporary)
    assert.is_true(core.now() - begun < 300)
  end)

  it("waits no longer than the grace", function()
    local store = against({ "-LOADING x" }, { grace = 0.3 })
    assert.matches("LOADING", select(2, store:lock("k", LONG)))
  end)

  it("does nothing where no time is left, but gives back a lock", function()
    local store, server = against({ ":1" })
    local lease = assert(store:lock("k", LONG))
    assert.matches("timed out", select(2, store:load("k", 0)))
    assert.equal(1, #server:requests())
    assert.is_true(store:unlock(lease, 0))
  end)

  it("waits for a Redis that is started again", function()
    local server = redis.start()
    finally(function() server:stop() end)
    local transport = pausing(2, function()
      server:continue()
    end)
    local store = assert(new { port = server.port, grace = 30,
      timeout = 10 }):over(transport)
    assert(store:lock("a", LONG))
    server:halt()
    assert(store:lock("k", LONG))
    assert.is_true(transport.pauses() >= 2)
  end)

  it("waits for a Redis that stands still, and makes the step once",
    function()
      local server = redis.start()
      finally(function() server:stop() end)
      local store = assert(new { port = server.port, grace = 30,
        timeout = 0.2 }):over(pausing(2, function()
          server:signal "CONT"
        end))
      assert(store:lock("a", LONG))
      server:signal "STOP"
      local lease = assert(store:lock("k", LONG))
      assert.is_true(store:save("k", "r", LONG, lease))
      assert.same({ nil, "busy" }, { store:lock("k", LONG) })
      assert.equal("r", (store:load "k"))
    end)

  it("that is not made costs the grace once, then nothing for a second",
    function()
      local transport = pausing(-1)
      local store = assert(new { port = redis.free_port(), grace = 0.3 })
        :over(transport)
      assert.matches("refuses connections$", select(2, store:load "k"))
      local pauses = transport.pauses()
      assert.is_true(pauses > 0)
      assert.matches("a moment ago", select(2, store:load "k"))
      assert.matches("a moment ago", select(2, store:lock("l", LONG)))
      assert(process.eventually(function()
        return not select(2, store:load "k"):find "a moment ago"
      end))
      assert.equal(pauses, transport.pauses()) -- tried, and not waited for
    end)

  it("fails at once where a port speaks something else", function()
    local transport = pausing(-1)
    local store = against({ "HTTP/1.1 400 Bad Request\r\n\r" })
    local _, reason, fault = store:over(transport):load "k"
    assert.matches("sent an invalid reply", reason)
    assert.is_false(fault.temporary)
    assert.matches("HTTP", fault.hint)
    assert.equal(0, transport.pauses())
  end)
end)
