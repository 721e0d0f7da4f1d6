-- redis_faults: what store.redis promises where nobody answers, too late, or
-- somebody else. Part of redis_contract.
--
-- Law of this file: a Redis that is away or stopped is a real one; strangers
-- are played by rawserver.
local assert = require "luassert"
local busted = require "busted"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"
local redis = require "spec.support.redis"

-- Only a spec file itself finds these among its globals.
local it = busted.it

local M = {}

local PATIENT = 10 -- seconds, where the answer is what counts
local LONG = 60

local function assert_reason(pattern, value, reason)
  assert.is_nil(value)
  assert.matches(pattern, reason)
end

-- After a failure the store rests; this waits until it asks again.
local function eventually(f)
  return process.eventually(function()
    local value, reason = f()
    return value or reason == nil and "nothing"
  end)
end

-- Who does not answer -------------------------------------------------------

local function declare_silence(open_store, finally, server)
  it("says that nobody listens, and rests before it asks again", function()
    local store = open_store { port = redis.free_port() }
    assert_reason("refuses connections", store:load "k")
    assert_reason("refuses connections.*a moment ago", store:lock("k", LONG))
  end)

  it("finds a Redis that comes up", function()
    server():halt()
    local store = open_store()
    local value, reason = store:load "k"
    server():continue()
    assert_reason("refuses connections", value, reason)
    assert.equal("nothing", eventually(function() return store:load "k" end))
  end)

  it("waits no longer than it may for a Redis that is stopped", function()
    finally(function() server():signal "CONT" end)
    local store = open_store { timeout = 0.1 }
    server():signal "STOP"
    assert_reason("timed out", store:load "k")
    assert_reason("timed out.*a moment ago", store:load "k")
  end)

  it("never takes a late answer for the next one", function()
    for _, key in ipairs { "a", "b" } do
      server():ask("SET", "equinix:{" .. key .. "}", "of " .. key, "EX", LONG)
    end
    finally(function() server():signal "CONT" end)
    local store = open_store { timeout = 0.1 }
    assert.equal("of b", (eventually(function() return store:load "b" end)))
    server():signal "STOP"
    assert_reason("timed out", store:load "a")
    server():signal "CONT"
    for _ = 1, 3 do
      assert.equal("of b", (eventually(function() return store:load "b" end)))
    end
  end)

  it("leaves no lock behind whose answer came too late", function()
    local store = open_store { timeout = 0.1 }
    assert.is_nil((store:load "k")) -- connected, and nothing there
    finally(function() server():signal "CONT" end)
    server():signal "STOP"
    assert_reason("timed out", store:lock("k", LONG))
    server():signal "CONT" -- it does now what it was sent
    assert(eventually(function()
      return open_store({ timeout = PATIENT }):lock("k", LONG)
    end))
  end)

  it("is as patient as it is told", function()
    local store = open_store { timeout = PATIENT }
    assert.is_nil((store:load "k"))
    server():tell("DEBUG", "SLEEP", "0.5")
    assert(store:lock("k", LONG))
  end)
end

-- Who is no Redis -----------------------------------------------------------

local function declare_strangers(open_store, finally)
  -- What a store says to a server that sends this to each command.
  local function reason_for(answer)
    local stranger = rawserver.start(([[
      local c = ...
      c:receive "*l"
      c:send(%q)
      c:hangup()
    ]]):format(answer))
    finally(function() stranger:stop() end)
    local value, reason = open_store { port = stranger.port }:lock("k", LONG)
    assert.is_nil(value)
    return reason
  end

  for what, answer in pairs {
    ["a web server"] = "HTTP/1.1 400 Bad Request\r\n\r\n",
    ["a length that is none"] = "$some\r\n",
    ["a number that is none"] = ":one\r\n",
    ["an empty line"] = "\r\n",
    ["another type"] = "+OK\r\n",
    ["nothing"] = "$-1\r\n",
    ["a list"] = "*2\r\n:1\r\n:1\r\n",
  } do
    it("knows no Redis in " .. what, function()
      assert.matches("sent what is no answer", reason_for(answer))
    end)
  end

  it("passes on the code word of an error and not a word more", function()
    local reason = reason_for "-NEWKIND of\27 trouble: hunter2\r\n"
    assert.matches("refused with the error NEWKIND$", reason)
    reason = reason_for("-" .. ("A"):rep(5000) .. "\r\n")
    assert.matches("refused with the error ERR$", reason)
    reason = reason_for "-\r\n"
    assert.matches("refused with the error ERR$", reason)
  end)

  it("asks a new connection once, though it closes", function()
    local stranger = rawserver.start [[ local c = ... c:receive "*l" ]]
    finally(function() stranger:stop() end)
    local store = open_store { port = stranger.port }
    assert_reason("closed the connection", store:load "k")
    assert.equal(1, stranger:connections())
  end)
end

--- Declares the specs; call it inside a `describe`.
---@param open_store fun(opts?: table): table a new store
---@param finally fun(f: fun()) has f called when a spec is over
---@param server fun(): table the server of now
function M.declare(open_store, finally, server)
  declare_silence(open_store, finally, server)
  declare_strangers(open_store, finally)
end

return M
