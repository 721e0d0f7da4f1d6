-- session: what a store can't do costs a miss and one event; how a record is
-- stored, and under what name.
local core = require "equinix.core"
local memory_store = require "spec.support.memory_store"
local session = require "equinix.store.session"

-- Nothing is to be reported but steps.
local function no_report(name)
  assert(name == "store_step", name)
end

local SECRET = "a-secret-of-16-bytes-or-more"

local function begin(store)
  local events = {}
  return session.new(store, function(name, fields)
    if name ~= "store_step" then
      events[#events + 1] = name .. " " .. fields.op .. ": " .. fields.reason
    end
  end), events
end

local function put(stored, text)
  local lease = assert(stored:lock(10))
  assert.is_true(stored:write(text, 10, lease))
  stored:unlock(lease)
end

describe("a session with a store", function()
  it("returns what the store returns", function()
    local use, events = begin(memory_store.new())
    local lease = assert(use:step("lock", "k", 10))
    assert.is_true(use:step("save", "k", "bytes", 10, lease))
    assert.equal("bytes", (use:step("load", "k")))
    assert.is_true(use:step("unlock", lease))
    assert.is_true(use:step("delete", "k"))
    assert.is_nil(use:step("load", "k"))
    assert.same({}, events)
    assert.is_nil(use.failed)
  end)

  it("does not count a busy lock or a stale lease as a failure, but tells of "
    .. "what was not saved", function()
    local store = memory_store.new()
    local use, events = begin(store)
    local lease = use:step("lock", "k", 10)
    assert.same({ nil, "busy" }, { use:step("lock", "k", 10) })
    assert.is_true(use:step("extend", lease, 10))
    use:step("unlock", lease)
    assert.same({ nil, "stale" }, { use:step("extend", lease, 10) })
    assert.same({}, events)
    assert.same({ nil, "stale" }, { use:step("save", "k", "b", 10, lease) })
    assert.equal(1, #events)
    assert.matches("^store_failed save: stale", events[1])
    assert.is_nil(use.failed)
  end)

  it("reports a failure once and makes no more steps, but unlocks", function()
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

  it("raises that there was no memory to read or to lock; afterwards it is a "
    .. "failure, and what is locked is unlocked", function()
    local none = "not enough memory"
    local function raise()
      error(none, 0)
    end
    local store = memory_store.new()
    local use, events = begin(store)
    local lease = use:step("lock", "k", 10)
    for op, args in pairs { load = { "k" }, lock = { "k2", 10 } } do
      local method = store[op]
      store[op] = raise
      assert.same({ false, none }, { pcall(use.step, use, op, args[1],
        args[2]) })
      store[op] = method
    end
    assert.same({}, events)
    local save, unlock, tries = store.save, store.unlock, 0
    store.save = raise
    function store.unlock(...)
      tries = tries + 1
      return tries > 1 and unlock(...) or raise()
    end
    assert.is_nil(use:step("save", "k", "b", 10, lease))
    assert.same({ "store_failed save: " .. none }, events)
    assert.is_true(use:step("unlock", lease))
    store.save, store.unlock = save, unlock
    assert.truthy(store:lock("k", 10, 1))
  end)

  it("counts a method that returns nothing as failed, not as a lease",
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

  it("reports what a store notes about a miss", function()
    local store = memory_store.new()
    function store.load()
      return nil, nil, "it was torn"
    end
    local use, events = begin(store)
    assert.is_nil(use:step("load", "k"))
    assert.same({ "store_failed load: it was torn" }, events)
    assert.is_nil(use.failed)
  end)

  it("cuts a store's reason to one printable line", function()
    local store = memory_store.new()
    store.broken.load = ("x\r\n\27[31m"):rep(1000)
    local use, events = begin(store)
    use:step("load", "k")
    assert(#events[1] < 300)
    assert.not_matches("%c", events[1])
  end)
end)

describe("the time of a session", function()
  local function with(deadline, share)
    local store = memory_store.new()
    local use, events = begin(store)
    use:within(deadline, share)
    return store, use, events
  end

  it("is what each step gets, or the part of it that one may take", function()
    local store, use = with(core.now() + 30)
    local lease = use:step("lock", "k", 10)
    use:within(core.now() + 30, 1 / 3)
    use:step("load", "k")
    use:step("extend", lease, 10)
    use:step("save", "k", "b", 10, lease)
    use:step("delete", "k")
    use:step("unlock", lease)
    local left = store.left
    assert.equal(6, #left)
    for i, most in ipairs { 30, 10, 0.5, 10, 10, 1 } do
      assert(left[i] <= most and left[i] > most - 5, i .. ": " .. left[i])
    end
  end)

  it("leaves enough of a short one for the request, though it hangs in what "
    .. "it gives back", function()
    local store, use = with(core.now() + 1, 1 / 3)
    use:step("unlock", { key = "k" })
    assert(store.left[1] <= 1 / 3)
  end)

  it("ends with no step more, but what is locked is unlocked", function()
    local store, use, events = with(core.now() + 30)
    local lease = use:step("lock", "k", 10)
    use:within(core.now() - 1)
    store:steps()
    assert.is_nil(use:step("save", "k", "b", 10, lease))
    assert.is_nil(use:step("load", "k"))
    assert.is_nil(use:step("extend", lease, 10))
    assert.is_true(use:step("unlock", lease))
    assert.equal("unlock", store:steps())
    assert.equal(0, store.left[#store.left])
    assert.same({}, events)
  end)

  it("is over for a store that did not keep to it, and that is reported",
    function()
      local store, use, events = with(core.now() + 0.1)
      local lock = store.lock
      function store.lock(...)
        core.sleep(0.2)
        return lock(...)
      end
      local lease = assert(use:step("lock", "k", 10))
      assert.is_nil(use:step("save", "k", "b", 10, lease))
      use:step("unlock", lease)
      assert.equal("lock", store:steps())
      assert.equal(1, #events)
      assert.matches("lock: .*beyond the deadline", events[1])
    end)
end)

describe("what a store says of a failure", function()
  local function failing(fault)
    local seen, store = {}, memory_store.new()
    function store.load()
      return nil, "it is down", fault
    end
    local use = session.new(store, function(name, fields)
      seen[#seen + 1] = name ~= "store_step" and fields or nil
    end)
    assert.is_nil(use:step("load", "k"))
    return use, seen, store
  end

  it("is in the event", function()
    local _, seen = failing { temporary = false, hint = "do\nthis" }
    assert.same({ { op = "load", reason = "it is down", temporary = false,
      hint = "do this" } }, seen)
    _, seen = failing { temporary = true }
    assert.is_true(seen[1].temporary)
    _, seen = failing()
    assert.same({ { op = "load", reason = "it is down" } }, seen)
  end)

  it("decides whether it is tried again, which is reported once", function()
    for _, fault in ipairs { { temporary = true }, {} } do
      local use, seen = failing(fault)
      assert.is_true(use:again())
      assert.is_nil(use:step("load", "k"))
      assert.equal(1, #seen)
    end
    local use, _, store = failing { temporary = false }
    assert.is_false(use:again())
    assert.is_nil(use:step("lock", "k", 10))
    assert.equal("", store:steps())
  end)

  it("holds for its part only", function()
    local use, seen, store = failing {}
    local other = session.new(store, no_report)
    local beside = other:beside()
    assert(beside:step("lock", "k", 10))
    assert.is_nil(use:beside():step("load", "k")) -- nor is it reported again
    assert.equal(1, #seen)
    assert.is_nil(other.failed)
  end)

  it("of working on a transport is a failure too", function()
    local events, store = {}, memory_store.new()
    function store.over(self, transport)
      if transport == "that" then
        return setmetatable({ "view" }, { __index = self })
      end
      error "not on this one"
    end
    local function emit(name, fields)
      events[#events + 1] = name ~= "store_step"
        and fields.op .. ": " .. fields.reason or nil
    end
    assert.equal("view", session.new(store, emit, { transport = "that" })
      .store[1])
    assert.equal(store, session.new(store, emit).store)
    assert.same({}, events)
    assert.is_nil(session.new(store, emit, { transport = "this" })
      :step("load", "k"))
    assert.matches("^over: .*not on this one", events[1])
    assert.equal("", store:steps())
  end)
end)

describe("the stored record of a token", function()
  it("returns what was written", function()
    local use, events = begin(memory_store.new())
    local stored = use:token(SECRET, "key")
    assert.is_nil(stored:read())
    put(stored, "a token")
    assert.equal("a token", stored:read())
    stored:drop()
    assert.is_nil(stored:read())
    assert.same({}, events)
  end)

  it("shows neither token nor key nor secret to readers of the store",
    function()
      local store = memory_store.new()
      put(begin(store):token(SECRET, "the key"), "the token")
      local name = store:names("token.")[1]
      local bytes = store.data.records[name].bytes
      for _, text in ipairs { "the token", "the key", SECRET } do
        assert.is_nil(bytes:find(text, 1, true))
        assert.is_nil(name:find(text, 1, true))
      end
    end)

  it("begins with the name of its account's page of latches", function()
    local store = memory_store.new()
    local use = begin(store)
    put(use:token(SECRET, "key", 7), "a token")
    put(use:latches(7), "{}")
    assert.equal(1, #store:names "latch.7.token.")
    assert.equal(2, #store:names "latch.7")
    assert.equal("a token", use:token(SECRET, "key", 7):read())
  end)

  it("is another one for another key or secret", function()
    local use = begin(memory_store.new())
    put(use:token(SECRET, "key"), "a token")
    assert.is_nil(use:token(SECRET, "key 2"):read())
    assert.is_nil(use:token(SECRET .. "2", "key"):read())
  end)

  it("counts as missing when its bytes were changed, with an event", function()
    local store = memory_store.new()
    local use, events = begin(store)
    local stored = use:token(SECRET, "key")
    put(stored, "a token")
    assert.same({}, events)
    local kept = store.data.records[stored.name]
    for _, bad in ipairs { kept.bytes:sub(1, -2), "", "garbage",
      kept.bytes:sub(1, -2) .. string.char((kept.bytes:byte(-1) + 1) % 256)
      } do
      kept.bytes = bad
      use, events = begin(store)
      local reader = use:token(SECRET, "key")
      assert.is_nil(reader:read())
      assert.is_nil(reader:read()) -- and reports it once
      assert.equal(1, #events)
      assert.matches("^store_failed load: .*missing", events[1])
      assert.is_nil(use.failed)
    end
  end)

  it("counts as missing when it was moved to another name", function()
    local store = memory_store.new()
    local use = begin(store)
    local a, b = use:token(SECRET, "a"), use:token(SECRET, "b")
    put(a, "a token")
    store.data.records[b.name] = store.data.records[a.name]
    assert.is_nil(b:read())
  end)
end)

describe("a stored page of latches", function()
  it("is found whatever the secret, and is readable", function()
    local store = memory_store.new()
    local use = begin(store)
    put(use:latches(7), "{}")
    assert.equal("{}", use:latches(7):read())
    assert.is_nil(use:latches(8):read())
    assert.equal("{}", store.data.records[store:names("latch.")[1]].bytes)
  end)
end)

describe("a secret that could be guessed", function()
  it("seals nothing", function()
    assert.matches("16 bytes", session.forbids(("x"):rep(15)))
    assert.is_nil(session.forbids(("x"):rep(16)))
  end)
end)
