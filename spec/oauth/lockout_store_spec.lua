-- lockout_store: bad attempts of an account, counted over machines. Here two
-- machines are two sets of arguments; real processes are in
-- tokens/distributed_processes_spec.lua.
local core = require "equinix.core"
local lockout_page = require "equinix.oauth.lockout_page"
local lockout_store = require "equinix.oauth.lockout_store"
local policy = require "equinix.oauth.lockout_policy"
local memory_store = require "spec.support.memory_store"
local scripted = require "spec.support.scripted"
local session = require "equinix.store.session"

local IDENTITY = "identity"

-- Enters as another machine would: with a session of its own.
local function enter(store)
  return lockout_store.acquire(session.new(store, function() end)
    :latches(lockout_page.number(IDENTITY)))
end

-- What a machine knows after it used the store; `use` gets the state.
local function visit(store, known, use)
  local held = assert(enter(store))
  local page = held:merge(known or lockout_page.new())
  local changed = use and use(page:account(IDENTITY, core.now())) or false
  page:tidy(IDENTITY, core.now())
  held:release(page, changed)
  return page
end

local function refused(store, secret, known)
  return visit(store, known, function(state)
    policy.refused(state, policy.fingerprint(IDENTITY, secret), core.now())
    return true
  end)
end

local function state_in(page)
  return page:account(IDENTITY, core.now())
end

local function state_of(store, known)
  return state_in(visit(store, known))
end

describe("the latch of an account in a store", function()
  it("counts over machines", function()
    local store = memory_store.new()
    for i = 1, 4 do
      refused(memory_store.new(store.data), "secret " .. i)
    end
    local state = state_of(store)
    assert.equal(4, state.count)
    assert.equal(math.huge, policy.wait_seconds(state, "new", core.now()))
  end)

  it("lets one in at a time", function()
    local store = memory_store.new()
    local held = assert(enter(store))
    assert.is_nil(enter(store))
    held:release(lockout_page.new(), false)
    assert(enter(store))
  end)

  it("counts what another machine has in flight", function()
    local store = memory_store.new()
    visit(store, nil, function(state)
      for i = 1, 4 do
        policy.begin(state, ("%08x"):format(i), { at = core.now(),
          seconds = 35 })
      end
      return true
    end)
    assert.equal("wait", (policy.judge(state_of(store), "0000000a", nil,
      core.now())))
  end)

  it("forgets an attempt of another machine when that is over", function()
    local store, now = memory_store.new(), core.now()
    local one = visit(store, nil, function(state)
      policy.begin(state, "00000001", { at = now, seconds = 35 })
      return true
    end)
    -- The other machine sees it, and keeps what it has seen as text.
    local other = lockout_page.decode(visit(store, nil, function(state)
      policy.begin(state, "00000002", { at = now, seconds = 35 })
      return true
    end):encode(now))
    local function ends(id)
      return function(state)
        policy.over(state, id)
        return true
      end
    end
    visit(store, one, ends "00000001")
    assert.same({}, state_of(store, other).attempts["00000001"] or {})
    visit(store, other, ends "00000002")
    assert.same({}, state_of(store).attempts)
  end)

  it("counts no attempt of another machine while the store is down",
    function()
      local store, now = memory_store.new(), core.now()
      local function visit_with(id)
        return lockout_page.decode(visit(store, nil, function(state)
          policy.begin(state, id, { at = now, seconds = 35 })
          return true
        end):encode(now))
      end
      visit_with "00000001"
      local known = visit_with "00000002"
      store.broken.lock = "it is down"
      store.broken.load = "it is down"
      local attempts = state_of(store, known).attempts
      assert.is_nil(attempts["00000001"])
      assert.is_table(attempts["00000002"])
    end)

  it("counts one of another machine where the store has lost the page",
    function()
      local store, now = memory_store.new(), core.now()
      visit(store, nil, function(state)
        policy.begin(state, "00000001", { at = now, seconds = 35 })
        policy.begin(state, "00000002", { at = now - 99, seconds = 35 })
        return true
      end)
      local known = lockout_page.decode(visit(store):encode(now))
      store.data.records = {}
      local attempts = state_of(store, known).attempts
      assert.is_table(attempts["00000001"])
      assert.is_nil(attempts["00000002"]) -- its time is over
    end)

  it("counts it where no time is left for a step of the store", function()
    local store, now = memory_store.new(), core.now()
    local known = lockout_page.decode(visit(store, nil, function(state)
      policy.begin(state, "00000001", { at = now, seconds = 35 })
      return true
    end):moved(0, now):encode(now))
    local late = session.new(store, function() end, { deadline = now - 1 })
    local held = lockout_store.acquire(
      late:latches(lockout_page.number(IDENTITY)))
    assert.is_table(state_in(held:merge(known)).attempts["00000001"])
  end)

  it("keeps an attempt of this machine though the wall clock jumps", function()
    local store, now = memory_store.new(), core.now()
    local known = lockout_page.decode(visit(store, nil, function(state)
      policy.begin(state, "00000001", { at = now, seconds = 35 })
      return true
    end):encode(now))
    local name = store:names("latch.")[1]
    local kept = lockout_page.decode(store.data.records[name].bytes)
    local stored = state_in(kept).attempts["00000001"]
    stored.at, stored.beside = stored.at - 7200, 1
    store.data.records[name].bytes = kept:encode(core.time())
    local attempt = state_of(store, known).attempts["00000001"]
    assert(math.abs(attempt.at - now) < 1, attempt.at - now)
    assert.equal(1, attempt.beside)
  end)

  it("keeps an attempt of this machine that the store has lost", function()
    local store, now = memory_store.new(), core.now()
    local known = lockout_page.decode(visit(store, nil, function(state)
      policy.begin(state, "00000001", { at = now, seconds = 35 })
      return true
    end):encode(now))
    store.data.records = {}
    assert.is_table(state_of(store, known).attempts["00000001"])
  end)

  it("holds for as long as is left of it, not anew", function()
    local store = memory_store.new()
    refused(store, "wrong")
    local mark = policy.fingerprint(IDENTITY, "wrong")
    local pause = policy.wait_seconds(state_of(store), mark, core.now())
    assert(pause > 590 and pause <= 600, pause)
    local name = store:names("latch.")[1]
    local kept = lockout_page.decode(store.data.records[name].bytes)
    local latch = state_in(kept).secrets[mark]
    latch.at = latch.at - 500
    store.data.records[name].bytes = kept:encode(core.time())
    pause = policy.wait_seconds(state_of(store), mark, core.now())
    -- Two clocks are compared, which do not run quite alike.
    assert(pause > 90 and pause < 101, pause)
    latch.at = core.time() + 1e6 -- a clock that ran ahead
    store.data.records[name].bytes = kept:encode(core.time())
    pause = policy.wait_seconds(state_of(store), mark, core.now())
    assert(pause > 590 and pause <= 600, pause)
  end)

  it("is the truth over what a machine remembers", function()
    local store = memory_store.new()
    local known = refused(store, "wrong")
    visit(store, known, function(state)
      policy.accepted(state, policy.fingerprint(IDENTITY, "wrong"),
        core.now())
      return true
    end)
    assert.is_true(policy.is_clear(state_of(store, known)))
  end)

  it("gets what could not be written then", function()
    local store = memory_store.new()
    refused(store, "first")
    local down = memory_store.new(store.data)
    down.broken.save = "it is full"
    local known = refused(down, "second")
    assert.equal(1, state_in(known).unsaved)
    assert.equal(1, state_of(store).count)
    refused(store, "third")
    local state = state_of(store, known)
    assert.equal(3, state.count)
    assert.is_nil(state.unsaved)
    state = state_of(store)
    assert.equal(3, state.count)
    for _, secret in ipairs { "first", "second", "third" } do
      assert(policy.wait_seconds(state, policy.fingerprint(IDENTITY, secret),
        core.now()) > 590, secret)
    end
  end)

  it("is what the machine itself knows where the store is down", function()
    local store = memory_store.new()
    store.broken.lock = "it is down"
    local known = refused(store, "wrong")
    assert.equal(1, state_in(known).count)
    assert.equal(1, state_of(store, known).count)
    assert.same({}, store.data.records)
  end)

  it("is written again where the store has lost it", function()
    local store = memory_store.new()
    local known = refused(store, "wrong")
    store.data.records = {}
    state_of(store, known)
    assert.equal(1, state_of(store).count)
  end)

  it("writes nothing where nothing happened", function()
    local store = memory_store.new()
    state_of(store)
    assert.equal("lock load unlock", store:steps())
  end)

  it("is not believed where it is no state", function()
    local store = memory_store.new()
    refused(store, "wrong")
    local name = store:names("latch.")[1]
    for _, bad in ipairs { "", "[]", '{"count":"x","secrets":{}}',
      '{"count":1,"secrets":{"a":1}}', '{"count":1,"secrets":{"a":{"n":1}}}',
      '{"accounts":{"x":{"c":-1e300,"s":{"00000000":["1",{}]}}}}' } do
      store.data.records[name].bytes = bad
      assert.is_true(policy.is_clear(state_of(store)), bad)
    end
  end)
end)

describe("a store whose steps take longer than the lock of a page", function()
  it("makes no call fail: the lock is taken for longer", function()
    local store, ttls = memory_store.new(), {}
    local lock, load = store.lock, store.load
    function store.lock(self, key, ttl, ...)
      if key:find "^latch%.%d+$" then
        ttls[#ttls + 1] = ttl
      end
      return lock(self, key, ttl, ...)
    end
    function store.load(self, key, ...)
      local held = self.data.locks[key]
      if held and key:find "^latch%.%d+$" then
        held.ends = held.ends - 2.5 -- so long it takes until it is saved
      end
      return load(self, key, ...)
    end
    local c, transport = scripted.client({ scripted.token "one" }, {
      store = store, timeout = 20 })
    transport.sleep = core.sleep
    assert.equal("one", assert(c:token()).access_token)
    assert(ttls[1] < 2.5 and ttls[2] > 2.5)
    assert.same({}, store.data.locks)
  end)
end)

describe("a store that takes every lock for over", function()
  it("makes no call fail", function()
    local store = memory_store.new()
    function store.save()
      return nil, "stale"
    end
    local c, transport = scripted.client({ scripted.token "one" }, {
      store = store, timeout = 20 })
    transport.sleep = core.sleep
    assert.equal("one", assert(c:token()).access_token)
  end)
end)

describe("a store that fails while a request is under way", function()
  -- The response comes while no page can be saved.
  local function client(store, id, response)
    local c, transport = scripted.client({ function()
      store.broken.lock = "it is electing"
      return response
    end }, { store = store, timeout = 30, client_id = id })
    transport.sleep = core.sleep
    return c
  end

  it("leaves no attempt there that counts as one without a result", function()
    local store, id = memory_store.new(), scripted.unique()
    for i = 1, 6 do
      store.broken.lock = nil
      local c = client(store, id, scripted.token("one" .. i))
      assert.equal("one" .. i, assert(c:refresh()).access_token)
    end
  end)

  it("counts what was refused meanwhile once", function()
    local store, id = memory_store.new(), scripted.unique()
    local sent = 0
    for i = 1, 6 do
      store.broken.lock = nil
      local c, transport = scripted.client({ function()
        store.broken.lock = "it is electing"
        return scripted.refused()
      end }, { store = store, timeout = 30, client_id = id,
        client_secret = "a wrong secret, number " .. i })
      transport.sleep = core.sleep
      local _, err = c:token()
      assert.equal("auth", err.kind)
      sent = sent + #transport.sent
    end
    assert.equal(4, sent)
  end)

  it("leaves none there that began without it and ends without it", function()
    local store, id = memory_store.new(), scripted.unique()
    local function keyed(n, send)
      local c, transport = scripted.client({ send }, { store = store,
        timeout = 30, client_id = id, cache_key = "key " .. n })
      transport.sleep = core.sleep
      return c
    end
    store.broken.lock = "it is electing"
    assert(keyed(1, function()
      store.broken.lock = nil
      assert(keyed(2, scripted.token "two"):token()) -- tells it of the first
      store.broken.lock = "it is electing"
      return scripted.token "one"
    end):token())
    store.broken.lock = nil
    assert(keyed(3, scripted.token "three"):token())
    for _, name in ipairs(store:names "latch.") do
      local text = store.data.records[name].bytes
      if not name:find "token" then
        assert.is_nil(text:find('"f"', 1, true), text)
      end
    end
  end)
end)
