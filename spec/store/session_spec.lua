-- visit: what a store can't do costs a miss and one event.
local memory_store = require "spec.support.memory_store"
local visit = require "equinix.store.session"

local function begin(store)
  local events = {}
  return visit.new(store, function(name, fields)
    events[#events + 1] = name .. " " .. fields.op .. ": " .. fields.reason
  end), events
end

describe("a visit to a store", function()
  it("brings what the store brings", function()
    local use, events = begin(memory_store.new())
    local lease = assert(use:step("lock", "k", 10))
    assert.is_true(use:step("save", "k", "bytes", 10, lease))
    assert.equal("bytes", (use:step("load", "k")))
    assert.is_true(use:step("unlock", lease))
    assert.is_true(use:step("delete", "k"))
    assert.is_nil(use:step("load", "k"))
    assert.same({}, events)
    assert.is_false(use.failed)
  end)

  it("knows that a busy lock and a stale lease are no failures", function()
    local store = memory_store.new()
    local use, events = begin(store)
    local lease = use:step("lock", "k", 10)
    assert.same({ nil, "busy" }, { use:step("lock", "k", 10) })
    use:step("unlock", lease)
    assert.same({ nil, "stale" }, { use:step("save", "k", "b", 10, lease) })
    assert.same({}, events)
  end)

  it("tells of a failure once and asks no more, but unlocks", function()
    for _, reason in ipairs { "it is down", "raise" } do
      local store = memory_store.new()
      local use, events = begin(store)
      local lease = use:step("lock", "k", 10)
      store.broken.load = reason
      assert.is_nil(use:step("load", "k"))
      store:steps()
      assert.is_nil(use:step("lock", "k2", 10))
      assert.is_nil(use:step("save", "k", "b", 10, lease))
      assert.is_true(use:step("unlock", lease))
      assert.equal("unlock", store:steps())
      assert.equal(1, #events)
      assert.matches("^store_failed load: ", events[1])
    end
  end)

  it("takes a store that breaks its word for a failure, not for a lease",
    function()
      for op, args in pairs { lock = { "k", 10 }, delete = { "k" },
        save = { "k", "b", 10, {} }, unlock = { { key = "k" } } } do
        local store = memory_store.new()
        store[op] = function() end
        local use, events = begin(store)
        assert.is_nil(use:step(op, (table.unpack or unpack)(args)))
        assert.same({ "store_failed " .. op .. ": no reason was given" },
          events)
      end
    end)

  it("hands on what a store says about a miss", function()
    local store = memory_store.new()
    function store.load()
      return nil, nil, "it was torn"
    end
    local use, events = begin(store)
    assert.is_nil(use:step("load", "k"))
    assert.same({ "store_failed load: it was torn" }, events)
    assert.is_false(use.failed)
  end)

  it("cuts a store's own words to one printable line", function()
    local store = memory_store.new()
    store.broken.load = ("x\r\n\27[31m"):rep(1000)
    local use, events = begin(store)
    use:step("load", "k")
    assert(#events[1] < 300)
    assert.not_matches("%c", events[1])
  end)
end)
