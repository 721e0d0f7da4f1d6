-- tokens: how Lua uses the token cache, and the hot path. The states of an
-- entry: core/cache/entry_spec.lua, core/cache/lease_spec.lua; threads and
-- processes: core/cache/shared_table_spec.lua.
local collector = require "spec.support.collector"
local core = require "equinix.core"
local slots = require "spec.support.slots"

local tokens = core.tokens
local fill = slots.fill
local new_key = slots.new_key
local open = slots.open
local times = slots.times
local FRESH = slots.FRESH

describe("tokens.open", function()
  it("returns a slot of an empty entry", function()
    local slot = open()
    assert.same({ nil, "empty" }, { slot:peek() })
    assert.same({ "empty", 0, nil, nil, 0 }, { slot:read() })
  end)

  it("has the same entry for the same key", function()
    local key = new_key()
    local one, two = tokens.open(key), tokens.open(key)
    fill(one, "Bearer 1")
    assert.equal("Bearer 1", two:peek())
  end)

  it("distinguishes keys by every byte, of any length", function()
    local base = new_key()
    local seen = {}
    for i, key in ipairs { "", "\0", "\0\0", "a", "a\0", ("k"):rep(99999) } do
      local slot = tokens.open(base .. key)
      assert.is_nil(slot:peek())
      fill(slot, "Bearer " .. i)
      seen[i] = slot
    end
    for i, slot in ipairs(seen) do
      assert.equal("Bearer " .. i, slot:peek())
    end
  end)

  it("gives an `alone` slot an entry that no other slot has", function()
    local key = new_key()
    local shared = tokens.open(key)
    local one, two = tokens.open(key, nil, true), tokens.open(key, nil, true)
    fill(one, "Bearer 1")
    assert.is_nil(two:peek())
    assert.is_nil(shared:peek())
    fill(shared, "Bearer 2")
    assert.equal("Bearer 1", one:peek())
    assert.is_nil(two:peek())
  end)

  it("without a key is closed, and may be reopened", function()
    local slot = tokens.open()
    assert.same({ nil, "closed" }, { slot:peek() })
    assert.same({ nil, "closed" }, { slot:bind()() })
    slot:reopen(new_key())
    assert.same({ nil, "empty" }, { slot:peek() })
  end)

  it("raises for what is no string", function()
    assert.error_matches(function()
      tokens.open {}
    end, "string expected")
  end)

  it("takes no entry before there is something to store", function()
    local before = tokens.info().used
    local slot = open()
    slot:peek()
    slot:read()
    slot:reject(1)
    slot:forget()
    slot:result(1)
    slot:counters()
    assert.equal(before, tokens.info().used)
    slot:acquire()
    -- If other specs filled the table, an old entry was evicted.
    assert.equal(math.min(before + 1, tokens.info().slots),
      tokens.info().used)
  end)
end)

describe("a hit", function()
  it("is the same string each time, without new memory", function()
    local slot = open()
    fill(slot, "Bearer x")
    local hit = slot:bind()
    assert.equal("Bearer x", hit())
    collectgarbage()
    collectgarbage "stop"
    local before = collectgarbage "count"
    for _ = 1, 10000 do
      hit()
      slot:peek()
    end
    local grown = collectgarbage "count" - before
    collectgarbage "restart"
    assert.is_true(grown < 4, grown .. " KiB for 20000 hits")
  end)

  it("notices a token that another slot published", function()
    local key = new_key()
    local one, two = tokens.open(key), tokens.open(key)
    local hit = two:bind()
    for i = 1, 100 do
      fill(one, "Bearer " .. i)
      assert.equal("Bearer " .. i, two:peek())
      assert.equal("Bearer " .. i, hit())
    end
  end)

  it("stays a hit while the token is renewed", function()
    local slot = open()
    local serial = fill(slot, "Bearer 1")
    assert.equal("Bearer 1", slot:peek())
    local result, lease = slot:acquire(serial)
    assert.equal("lead", result)
    assert.equal("Bearer 1", slot:peek())
    slot:fail(lease, "no", 60)
    assert.equal("Bearer 1", slot:peek())
  end)
end)

describe("slot:reopen", function()
  it("makes it the slot of another key, for what is bound to it too",
    function()
      local here, there = new_key(), new_key()
      fill(core.tokens.open(there), "Bearer there")
      local slot = core.tokens.open(here)
      fill(slot, "Bearer here")
      local get = slot:bind()
      assert.equal("Bearer here", (get()))
      slot:reopen(there)
      assert.equal("Bearer there", (get()))
      assert.equal("Bearer there", (slot:peek()))
      slot:reopen(here)
      assert.equal("Bearer here", (get()))
    end)

  it("opens one that was closed", function()
    local key = new_key()
    fill(core.tokens.open(key), "Bearer x")
    local slot = core.tokens.open ""
    local get = slot:bind()
    slot:close()
    assert.same({ nil, "closed" }, { get() })
    slot:reopen(key)
    assert.equal("Bearer x", (get()))
    assert.equal("fresh", (slot:read()))
  end)

  it("ends a lease that it had", function()
    local key = new_key()
    local slot = core.tokens.open(key)
    assert.equal("lead", (slot:acquire()))
    slot:reopen(new_key())
    assert.equal("lead", (core.tokens.open(key):acquire()))
  end)

  it("leaves a private entry for the shared one", function()
    local key = new_key()
    fill(core.tokens.open(key), "Bearer shared")
    local slot = core.tokens.open(key, nil, true)
    assert.equal("empty", (slot:read()))
    slot:reopen(key)
    assert.equal("Bearer shared", (slot:peek()))
  end)

  it("wants a key", function()
    local slot = core.tokens.open(new_key())
    assert.has_error(function()
      slot:reopen()
    end)
  end)
end)

describe("slot:close", function()
  it("ends a lease", function()
    local key = new_key()
    local one, two = tokens.open(key), tokens.open(key)
    local _, renewal = one:acquire()
    assert.equal("pending", (two:result(renewal)))
    one:close()
    assert.same({ "gone" }, { two:result(renewal) })
    assert.equal("lead", (two:acquire()))
  end)

  it("happens by itself when a slot is collected", function()
    local key = new_key()
    local slot = tokens.open(key)
    local result, renewal = tokens.open(key):acquire()
    assert.equal("lead", result)
    collectgarbage()
    collectgarbage()
    assert.same({ "gone" }, { slot:result(renewal) })
  end)

  it("gives back its own lease only", function()
    local key = new_key()
    local one, two = tokens.open(key), tokens.open(key)
    local _, first = one:acquire(nil, nil, 0)
    local _, second = two:acquire()
    assert.not_equal(first, second)
    one:close()
    assert.same({ "pending" }, { two:result(second) })
  end)

  it("may be done twice; nothing else may be done after it", function()
    local slot = open()
    fill(slot, "Bearer x")
    assert.equal("Bearer x", slot:peek())
    slot:close()
    slot:close()
    assert.equal("equinix.slot (closed)", tostring(slot))
    assert.same({ nil, "closed" }, { slot:peek() })
    for method, arguments in pairs {
      read = {},
      acquire = {},
      publish = { 1, "r", "h", times(1, 2, 3) },
      fail = { 1, "f", 0 },
      result = { 1 },
      wait = { 0 },
      reject = { 1 },
      forget = {},
      rate_limit = { 1, 1 },
      count = { 1 },
      counters = {},
    } do
      assert.error_matches(function()
        slot[method](slot, (table.unpack or unpack)(arguments))
      end, "slot is closed", 1, true)
    end
  end)

  it("is what <close> does", function()
    local chunk = (rawget(_G, "loadstring") or load) [[
      local slot <close> = ...
      return slot
    ]]
    if chunk then -- Lua 5.4
      assert.matches("closed", tostring(chunk(open())))
    end
  end)

  it("keeps the token for other slots", function()
    local key = new_key()
    local one, two = tokens.open(key), tokens.open(key)
    fill(one, "Bearer x")
    one:close()
    assert.equal("Bearer x", two:peek())
  end)
end)

describe("a wrong self", function()
  it("raises and never crashes", function()
    local slot = open()
    local others = { io.stdout, {}, 1, "text", true, print, false }
    for _, name in ipairs { "peek", "look", "begin", "close", "forget" } do
      local method = slot[name]
      for _, other in ipairs(others) do
        assert.is_false(pcall(method, other, 1, 2, 3))
      end
      assert.is_false(pcall(method))
    end
    assert.equal("equinix.slot", getmetatable(slot))
  end)
end)

describe("a finalizer in the middle of a call", function()
  -- Making a string may run the collector, and a finalizer may use the slot of
  -- the method that is running.
  local function finalized_by(action)
    local newproxy = rawget(_G, "newproxy") -- Lua 5.1: tables have no __gc
    if newproxy then
      local proxy = newproxy(true)
      getmetatable(proxy).__gc = action
    else
      setmetatable({}, { __gc = action })
    end
  end

  -- Runs `call`, and `action` inside it: at its first allocation.
  local function interrupt(call, action)
    local ran = false
    collector.in_long_strides(function()
      collectgarbage()
      collectgarbage()
      collectgarbage "stop"
      finalized_by(function()
        ran = true
        action()
      end)
      collectgarbage "restart"
      call()
    end)
    assert.is_true(ran)
  end

  it("does not mix up what is pushed", function()
    local slot, other = open(), open()
    local header, record = ("h"):rep(9000), ("r"):rep(9000)
    fill(other, "Bearer other", FRESH, "other record")
    local serial = fill(slot, ("h"):rep(9000), FRESH, record)
    slot:read()
    local state, number, got, also
    interrupt(function()
      state, number, got, also = slot:read()
    end, function()
      assert(select(4, other:read()) == "other record")
      assert(select(4, slot:read()) == record)
    end)
    assert.same({ "fresh", serial }, { state, number })
    assert.is_true(got == header and also == record)
  end)

  it("may publish another token", function()
    local slot = open()
    fill(slot, "Bearer 1" .. ("x"):rep(9000))
    local got
    interrupt(function()
      got = slot:peek()
    end, function()
      fill(slot, "Bearer 2")
      assert(slot:peek() == "Bearer 2")
    end)
    assert.equal("Bearer 1", got:sub(1, 8)) -- asked before, answered before
    assert.equal("Bearer 2", slot:peek())
  end)

  it("may close the slot", function()
    local slot = open()
    fill(slot, ("h"):rep(9000))
    local got
    interrupt(function()
      got = slot:peek()
    end, function()
      slot:close()
    end)
    assert.equal(9000, #got)
    for _ = 1, 1000 do -- more than a tick of the clock
      assert.same({ nil, "closed" }, { slot:peek() })
    end
  end)
end)
