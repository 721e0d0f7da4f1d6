--- contract: what every store promises, as specs for busted. The stores of
--- this module keep it; a user's own store is tested with it in a spec file:
--
--   local contract = require "equinix.store.contract"
--   describe("my store", function()
--     contract.declare {
--       make = function() return my_store end,  -- empty, before each spec
--       peer = function() return another end,   -- a second one on its data
--       seconds = 0.2,                          -- a short lifetime
--     }
--   end)
--
-- Law of this file: it knows the port and no store. busted is needed only when
-- specs are declared. Where something has to expire it waits for that, so
-- `seconds` has to fit the clock of the store; `can_expire = false` leaves
-- these specs out.

local core = require "equinix.core"
local extensions = require "equinix.store.contract.extensions"

-- busted's, as `declare` finds them.
local assert, before_each, it = assert, nil, nil

local M = {}

local LONG = 60 -- seconds: longer than a spec runs
local PATIENCE = 30 -- seconds, for what has to expire
local MAX_RECORD = 64 * 1024

-- Calls a function until it returns something true; returns that.
local function eventually(condition)
  local give_up = core.now() + PATIENCE
  while true do
    local value = condition()
    if value or core.now() >= give_up then
      return value
    end
    core.sleep(0.01)
  end
end

-- All 256 bytes, repeated.
local function bytes(n)
  local all = {}
  for byte = 0, 255 do
    all[#all + 1] = string.char(byte)
  end
  local block = table.concat(all)
  return block:rep(math.ceil(n / 256)):sub(1, n)
end

-- Valid keys, up to their limits; and invalid ones.
local KEYS = { "k", "A-b_c.9", ("k"):rep(128), "_" }
local NO_KEYS = {
  "", ("k"):rep(129), ".", "..", ".hidden", "-option", "a/b", "a b", "a\0b",
  "a\n", "{a}", "a%", "caf\195\169", 1, true, {},
}
local NO_RECORDS = { "", ("x"):rep(MAX_RECORD + 1), 1, true, {} }
local NO_SECONDS = { 0, -1, math.huge, 0 / 0, "1" }
local NO_LEASES = { 1, true, "lease", {} }
local LEFT = { 5, 30, 1e9 } -- seconds that a step may be given

local function declare_records(given)
  it("loads nil where nothing was saved", function()
    local record, reason = given.store:load "nothing"
    assert.is_nil(record)
    assert.is_nil(reason)
  end)

  it("loads what was saved, byte for byte", function()
    local lease = assert(given.store:lock("k", LONG))
    for _, size in ipairs { 1, 2, 255, 4096, 65535, MAX_RECORD } do
      local record = bytes(size)
      assert.is_true(given.store:save("k", record, LONG, lease))
      assert.is_true(record == given.peer:load "k", size .. " bytes")
    end
    assert.is_true(given.store:save("k", "\r\n", LONG, lease))
    assert.equal("\r\n", (given.store:load "k"))
  end)

  it("returns the time a record has left, never more", function()
    local lease = assert(given.store:lock("k", LONG))
    assert.is_true(given.store:save("k", "r", 50.5, lease))
    local _, ttl = given.peer:load "k"
    assert.is_true(ttl > 0 and ttl <= 50.5, tostring(ttl))
  end)

  it("accepts any time to live", function()
    for i, seconds in ipairs { 0.0015, 1e6, 1e15, 1e300 } do
      local lease = assert(given.store:lock("k" .. i, math.max(1, seconds)))
      assert.is_true(given.store:save("k" .. i, "r", seconds, lease))
      local record, ttl = given.peer:load("k" .. i)
      assert.is_true(record == nil and ttl == nil or ttl <= seconds)
    end
  end)

  it("accepts every valid key, each with a record of its own",
    function()
      for i, key in ipairs(KEYS) do
        local lease = assert(given.store:lock(key, LONG))
        assert.is_true(given.store:save(key, "r" .. i, LONG, lease))
      end
      for i, key in ipairs(KEYS) do
        assert.equal("r" .. i, (given.peer:load(key)))
      end
    end)

  it("deletes one record, and succeeds when there is none", function()
    for _, key in ipairs { "a", "b" } do
      local lease = assert(given.store:lock(key, LONG))
      assert.is_true(given.store:save(key, "r", LONG, lease))
    end
    assert.is_true(given.peer:delete "a")
    assert.is_true(given.peer:delete "a")
    assert.is_nil((given.store:load "a"))
    assert.equal("r", (given.store:load "b"))
  end)

  it("deletes the record, not the lock", function()
    local lease = assert(given.store:lock("k", LONG))
    assert.is_true(given.peer:delete "k")
    assert.same({ nil, "busy" }, { given.peer:lock("k", LONG) })
    assert.is_true(given.store:save("k", "r", LONG, lease))
  end)
end

local function declare_locks(given)
  it("gives a lock to one caller; to others it is busy at once", function()
    assert(given.store:lock("k", LONG))
    assert.same({ nil, "busy" }, { given.peer:lock("k", LONG) })
    assert.same({ nil, "busy" }, { given.store:lock("k", LONG) })
  end)

  it("locks each key separately", function()
    assert(given.store:lock("a", LONG))
    assert(given.peer:lock("b", LONG))
    assert(given.store:lock("c", LONG))
  end)

  it("lets any caller lock what was unlocked", function()
    local lease = assert(given.store:lock("k", LONG))
    assert.is_true(given.store:unlock(lease))
    lease = assert(given.peer:lock("k", LONG))
    assert.is_true(given.peer:unlock(lease))
    assert(given.store:lock("k", LONG))
  end)

  it("unlocks a lock that was taken again with the new lease only", function()
    local old = assert(given.store:lock("k", LONG))
    assert.is_true(given.store:unlock(old))
    local new = assert(given.peer:lock("k", LONG))
    assert.is_true(given.store:unlock(old))
    assert.same({ nil, "busy" }, { given.store:lock("k", LONG) })
    assert.is_true(given.peer:unlock(new))
  end)

  it("locks without touching the record", function()
    local lease = assert(given.store:lock("k", LONG))
    assert.is_true(given.store:save("k", "r", LONG, lease))
    assert.is_true(given.store:unlock(lease))
    lease = assert(given.peer:lock("k", LONG))
    assert.equal("r", (given.store:load "k"))
    assert.is_true(given.peer:unlock(lease))
    assert.equal("r", (given.store:load "k"))
  end)
end

local function declare_fences(given)
  it("refuses to save with a lease that was unlocked", function()
    local lease = assert(given.store:lock("k", LONG))
    assert.is_true(given.store:unlock(lease))
    assert.same({ nil, "stale" },
      { given.store:save("k", "late", LONG, lease) })
    assert.is_nil((given.store:load "k"))
  end)

  it("refuses to save after another caller has taken the lock", function()
    local old = assert(given.store:lock("k", LONG))
    assert.is_true(given.store:unlock(old))
    local new = assert(given.peer:lock("k", LONG))
    assert.is_true(given.peer:save("k", "new", LONG, new))
    assert.same({ nil, "stale" }, { given.store:save("k", "late", LONG, old) })
    assert.equal("new", (given.store:load "k"))
  end)

  it("refuses to save with the lease of another key", function()
    local lease = assert(given.store:lock("a", LONG))
    assert.same({ nil, "stale" },
      { given.store:save("b", "late", LONG, lease) })
    assert(given.store:lock("b", LONG))
    assert.same({ nil, "stale" },
      { given.store:save("b", "late", LONG, lease) })
    assert.is_nil((given.store:load "b"))
    assert.is_nil((given.store:load "a"))
  end)
end

local function assert_raises(what, f)
  assert.is_false(pcall(f), "does not raise for " .. tostring(what))
end

local function declare_names(given)
  it("raises for an invalid key", function()
    local store = given.store
    local lease = assert(store:lock("k", LONG))
    for _, key in ipairs(NO_KEYS) do
      assert_raises(key, function() store:load(key) end)
      assert_raises(key, function() store:save(key, "r", LONG, lease) end)
      assert_raises(key, function() store:lock(key, LONG) end)
      assert_raises(key, function() store:delete(key) end)
    end
    assert_raises(nil, function() store:load() end)
  end)
end

local function declare_misuse(given)
  it("raises for an invalid record, and writes nothing", function()
    local lease = assert(given.store:lock("k", LONG))
    for _, record in ipairs(NO_RECORDS) do
      assert_raises(type(record), function()
        given.store:save("k", record, LONG, lease)
      end)
    end
    assert.is_nil((given.store:load "k"))
  end)

  it("raises for an invalid time to live", function()
    local lease = assert(given.store:lock("k", LONG))
    for _, seconds in ipairs(NO_SECONDS) do
      assert_raises(seconds, function() given.store:lock("l", seconds) end)
      assert_raises(seconds, function()
        given.store:save("k", "r", seconds, lease)
      end)
    end
    assert.is_nil((given.store:load "k"))
  end)

  it("raises for an invalid lease, and writes nothing", function()
    for _, lease in ipairs(NO_LEASES) do
      assert_raises(lease, function()
        given.store:save("k", "r", LONG, lease)
      end)
      assert_raises(lease, function() given.store:unlock(lease) end)
    end
    assert_raises(nil, function() given.store:save("k", "r", LONG) end)
    assert_raises(nil, function() given.store:unlock() end)
    assert.is_nil((given.store:load "k"))
  end)

end

-- Each step may get what is left of its time, as its last argument.
local function declare_deadlines(given)
  it("takes the seconds that are left for each step", function()
    for i, left in ipairs(LEFT) do
      local key = "k" .. i
      assert.is_nil((given.store:load(key, left)))
      local lease = assert(given.store:lock(key, LONG, left))
      assert.is_true(given.store:save(key, "r", LONG, lease, left))
      assert.equal("r", (given.peer:load(key, left)))
      assert.is_true(given.store:unlock(lease, left))
      assert.is_true(given.store:delete(key, left))
      assert.is_nil((given.peer:load(key, left)))
    end
  end)
end

local function declare_ends(given, seconds)
  local take_over = given.take_over

  it("forgets a record when its time to live is over", function()
    local lease = assert(given.store:lock("k", LONG))
    assert.is_true(given.store:save("k", "r", seconds, lease))
    assert.is_true(eventually(function()
      local record, reason = given.peer:load "k"
      assert.is_true(record ~= nil or reason == nil, reason)
      return record == nil
    end))
  end)

  it("lets another caller lock when a lease has expired", function()
    assert(given.store:lock("k", seconds))
    assert(take_over())
    assert.same({ nil, "busy" }, { given.store:lock("k", LONG) })
  end)

  it("refuses to save with an expired lease", function()
    local old = assert(given.store:lock("k", seconds))
    local new = take_over()
    assert.same({ nil, "stale" }, { given.store:save("k", "late", LONG, old) })
    assert.is_nil((given.store:load "k"))
    assert.is_true(given.peer:save("k", "new", LONG, new))
  end)

  it("refuses that too when the lock is free again", function()
    local old = assert(given.store:lock("k", seconds))
    local new = take_over()
    assert.is_true(given.peer:unlock(new))
    assert.same({ nil, "stale" }, { given.store:save("k", "late", LONG, old) })
    assert.is_nil((given.store:load "k"))
  end)

  it("lets an expired lease free no other caller's lock", function()
    local old = assert(given.store:lock("k", seconds))
    local new = take_over()
    assert.is_true(given.store:unlock(old))
    assert.same({ nil, "busy" }, { given.store:lock("k", LONG) })
    assert.is_true(given.peer:save("k", "new", LONG, new))
  end)

  it("gives a record that is saved again a new time to live", function()
    local lease = assert(given.store:lock("k", LONG))
    assert.is_true(given.store:save("k", "old", seconds, lease))
    assert.is_true(given.store:save("k", "new", LONG, lease))
    local record, ttl = given.peer:load "k"
    assert.equal("new", record)
    assert.is_true(ttl > seconds)
  end)
end

---@class equinix.store.Contract
---@field make fun(): table an empty store, called before each spec
---@field peer? fun(): table another store object on the same data, called
---  after `make`; without it one object plays both roles
---@field can_expire? boolean false where nothing can expire
---@field extends? boolean false where the store lacks `extend`
---@field lenient? boolean the store checks no record, time or lease: its
---  callers do
---@field seconds? number a short time for records and leases, 0.2

--- Declares the specs; call it inside a `describe`, in a file of busted's.
---@param options equinix.store.Contract
function M.declare(options)
  local busted = require "busted"
  -- busted sets these as globals in spec files only.
  before_each, it = busted.before_each, busted.it
  assert = require "luassert"
  local given = {}
  before_each(function()
    given.store = options.make()
    given.peer = options.peer and options.peer() or given.store
  end)
  -- The lease that another caller gets when the first one has expired.
  function given.take_over()
    return assert(eventually(function()
      return (given.peer:lock("k", LONG))
    end), "the lease does not expire")
  end
  declare_records(given)
  declare_locks(given)
  declare_fences(given)
  declare_deadlines(given)
  declare_names(given)
  if not options.lenient then
    declare_misuse(given)
  end
  if options.can_expire ~= false then
    declare_ends(given, options.seconds or 0.2)
  end
  if options.extends ~= false then
    extensions.declare(given, options)
  end
end

return M
