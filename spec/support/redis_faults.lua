-- redis_faults: what store.redis promises where there is no response, a late
-- one, or one of another server. Part of redis_contract.
--
-- Law of this file: a Redis that is down or stopped is a real one; rawserver
-- stands for servers that are no Redis.
local assert = require "luassert"
local busted = require "busted"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"
local redis = require "spec.support.redis"

-- busted sets these as globals in spec files only.
local it = busted.it

local M = {}

local PATIENT = 10 -- seconds, where the time does not matter
local LONG = 60

local function assert_reason(pattern, value, reason)
  assert.is_nil(value)
  assert.matches(pattern, reason)
end

-- After a failure the store pauses; this waits until it tries again.
local function eventually(f)
  return process.eventually(function()
    local value, reason = f()
    return value or reason == nil and "nothing"
  end)
end

-- No response, or a late one ------------------------------------------------

local function declare_silence(open_store, finally, server)
  it("reports a refused connection, and pauses before the next try", function()
    local store = open_store { port = redis.free_port() }
    assert_reason("refuses connections", store:load "k")
    assert_reason("refuses connections.*a moment ago", store:lock("k", LONG))
  end)

  it("finds a Redis that is started later", function()
    server():halt()
    local store = open_store()
    local value, reason = store:load "k"
    server():continue()
    assert_reason("refuses connections", value, reason)
    assert.equal("nothing", eventually(function() return store:load "k" end))
  end)

  it("waits no longer than its timeout for a stopped Redis", function()
    finally(function() server():signal "CONT" end)
    local store = open_store { timeout = 0.1 }
    server():signal "STOP"
    assert_reason("timed out", store:load "k")
    assert_reason("timed out.*a moment ago", store:load "k")
  end)

  it("never takes a late response for the next one", function()
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

  it("leaves no lock behind when the response came too late", function()
    local store = open_store { timeout = 0.1 }
    assert.is_nil((store:load "k")) -- connected; there is no record
    finally(function() server():signal "CONT" end)
    server():signal "STOP"
    assert_reason("timed out", store:lock("k", LONG))
    server():signal "CONT" -- now it runs the command
    assert(eventually(function()
      return open_store({ timeout = PATIENT }):lock("k", LONG)
    end))
  end)

  it("waits as long as its timeout allows", function()
    local store = open_store { timeout = PATIENT }
    assert.is_nil((store:load "k"))
    server():send_only("DEBUG", "SLEEP", "0.5")
    assert(store:lock("k", LONG))
  end)
end

-- Servers that are no Redis -------------------------------------------------

local function declare_strangers(open_store, finally)
  -- The reason that a store gives for a server that responds with this.
  local function reason_for(response)
    local stranger = rawserver.start(([[
      local c = ...
      c:receive "*l"
      c:send(%q)
      c:hangup()
    ]]):format(response))
    finally(function() stranger:stop() end)
    local value, reason = open_store { port = stranger.port }:lock("k", LONG)
    assert.is_nil(value)
    return reason
  end

  for what, response in pairs {
    ["a web server"] = "HTTP/1.1 400 Bad Request\r\n\r\n",
    ["an invalid length"] = "$some\r\n",
    ["an invalid number"] = ":one\r\n",
    ["an empty line"] = "\r\n",
    ["another type"] = "+OK\r\n",
    ["nothing"] = "$-1\r\n",
    ["a list"] = "*2\r\n:1\r\n:1\r\n",
    ["a length of a gigabyte"] = "$1073741824\r\n",
  } do
    it("rejects " .. what .. " as a response", function()
      assert.matches("sent an invalid reply", reason_for(response))
    end)
  end

  it("passes on the code of an error and nothing else", function()
    local reason = reason_for "-NEWKIND of\27 trouble: hunter2\r\n"
    assert.matches("refused with the error NEWKIND$", reason)
    reason = reason_for("-" .. ("A"):rep(5000) .. "\r\n")
    assert.matches("refused with the error ERR$", reason)
    reason = reason_for "-\r\n"
    assert.matches("refused with the error ERR$", reason)
  end)

  it("tries a new connection once when the server closes it", function()
    local stranger = rawserver.start [[ local c = ... c:receive "*l" ]]
    finally(function() stranger:stop() end)
    local store = open_store { port = stranger.port }
    assert_reason("closed the connection", store:load "k")
    assert.equal(1, stranger:connections())
  end)
end

--- Declares the specs; call it inside a `describe`.
---@param open_store fun(opts?: table): table a new store
---@param finally fun(f: fun()) has f called after the spec
---@param server fun(): table the current server
function M.declare(open_store, finally, server)
  declare_silence(open_store, finally, server)
  declare_strangers(open_store, finally)
end

return M
