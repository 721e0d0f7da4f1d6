-- fleet: who leads among processes that share a store. Here a process is a
-- leader's turn of its own on shared data; real ones, counted by the emulator,
-- are in tokens/distributed_processes_spec.lua.
local core = require "equinix.core"
local failure = require "equinix.tokens.shared_error"
local fleet = require "equinix.tokens.distributed"
local err = require "equinix.base.error"
local memory_store = require "spec.support.memory_store"
local scripted = require "spec.support.scripted"
local token = require "equinix.oauth.token"

local SECRET = "a-secret-of-16-bytes-or-more"

-- A leader in a process of its own.
local function leader(data, over)
  local self = {
    store = memory_store.new(data),
    events = {},
    transport = scripted.transport {},
    config = { grant = "client_credentials", timeout = 30 },
    secret = function()
      return SECRET
    end,
    key = function()
      return "the key"
    end,
  }
  self.transport.sleep = core.sleep
  self.config.store = self.store
  function self.emit(name, fields)
    self.events[#self.events + 1] = name .. " " .. fields.op
  end
  self.flight = { patience = 30, secret = SECRET, key = "the key" }
  for name, value in pairs(over or {}) do
    self.flight[name] = value
  end
  self.turn = fleet.turn(self, self.flight)
  function self.enter(seconds)
    return self.turn:enter(core.now() + (seconds or 0))
  end
  return self
end

local function a_token(name, over)
  local fields = {
    access_token = name, token_type = "Bearer", expires_in = 3600,
    expires_at = os.time() + 3600,
  }
  for field, value in pairs(over or {}) do
    fields[field] = value
  end
  return token.new(fields)
end

-- Leaves a token there, as old as is said.
local function leave(data, name, over, age)
  local one = leader(data, { force = true, renew = true })
  assert.equal("lead", (one.enter()))
  one.turn:renewed(a_token(name, over), core.now() - (age or 0))
  one.turn:leave()
end

local function a_failure(seconds)
  local _, problem = err.fail("http", "POST /oauth2/v1/token: 503", {
    status = 503 })
  return failure.encode(problem, 3, nil, nil), seconds
end

local function fail(data, seconds)
  local one = leader(data, { force = true, renew = true })
  assert.equal("lead", (one.enter()))
  one.turn:failed(a_failure(seconds))
  one.turn:leave()
end

-- The record of the first level with that token in it.
local function holding(name)
  return { record = token.encode(a_token(name)) }
end

local data
before_each(function()
  data = memory_store.new().data
end)

describe("a leader whose store", function()
  it("is empty leads, under the store's lock, and leaves its token there",
    function()
      local one = leader(data)
      assert.equal("lead", (one.enter()))
      assert.equal("load lock load", one.store:steps())
      one.turn:renewed(a_token "A", core.now() - 100)
      one.turn:leave()
      assert.same({}, data.locks)
      local what, found = leader(data).enter()
      assert.equal("token", what)
      assert.equal("A", found.fields.access_token)
      assert(math.abs(found.age - 100) < 5, found.age)
      assert.same({}, one.events)
    end)

  it("has a token asks for no lock", function()
    leave(data, "A")
    local one = leader(data)
    assert.equal("token", (one.enter()))
    assert.equal("load", one.store:steps())
  end)

  it("has only the token that won't do leads", function()
    leave(data, "A")
    assert.equal("lead", (leader(data, holding "A").enter()))
  end)

  it("has a newer token than the one that won't do takes it", function()
    leave(data, "B")
    local what, found = leader(data, holding "A").enter()
    assert.equal("token", what)
    assert.equal("B", found.fields.access_token)
  end)

  it("has a token with too little left leads", function()
    leave(data, "A", nil, 3500)
    assert.equal("token", (leader(data).enter()))
    assert.equal("lead", (leader(data, { min_life = 200 }).enter()))
  end)

  it("gives it less life than its own clock leads us to think leads",
    function()
      leave(data, "A")
      for _, kept in pairs(data.records) do
        kept.ends = core.time() + 30
      end
      assert.equal("lead", (leader(data).enter()))
    end)

  it("has one that is worn leads, and takes it where nobody can renew",
    function()
      leave(data, "A", nil, 3550)
      local one = leader(data)
      assert.equal("lead", (one.enter()))
      local what, found = leader(data).enter(0.1) -- `one` has the lock
      assert.equal("token", what)
      assert.equal("A", found.fields.access_token)
      one.turn:failed(a_failure(30))
      one.turn:leave()
      assert.equal("A", one.turn:left_behind().fields.access_token)
      what, found = leader(data).enter()
      assert.equal("token", what)
      assert.equal("A", found.fields.access_token)
    end)
end)

describe("a leader while another one leads", function()
  it("waits, and takes what comes of it", function()
    local first = leader(data)
    assert.equal("lead", (first.enter()))
    local one, sleeps = leader(data), 0
    function one.transport.sleep()
      sleeps = sleeps + 1
      if sleeps == 2 then
        first.turn:renewed(a_token "A", core.now())
        first.turn:leave()
      end
    end
    local what, found = one.enter(5)
    assert.equal("token", what)
    assert.equal("A", found.fields.access_token)
    assert.equal(2, sleeps)
  end)

  it("shares its failure too, though that is over when he looks", function()
    for _, force in ipairs { false, true } do
      local first = leader(data, { force = true })
      assert.equal("lead", (first.enter()))
      local one = leader(data, { force = force })
      function one.transport.sleep()
        first.turn:failed(a_failure(0.01))
        first.turn:leave()
        core.sleep(0.005)
      end
      local what, found = one.enter(5)
      assert.equal("failed", what)
      assert.equal(503, found.last.status)
    end
  end)

  it("leads when the other one died without a word", function()
    local first = leader(data)
    assert.equal("lead", (first.enter()))
    local one = leader(data)
    function one.transport.sleep()
      first.turn:leave()
    end
    assert.equal("lead", (one.enter(5)))
  end)

  it("is late at his deadline", function()
    local first = leader(data)
    assert.equal("lead", (first.enter()))
    local one = leader(data)
    assert.equal("late", (one.enter(0.05)))
    assert.same({}, one.events)
  end)

  it("reads again under the lock: what came between is not asked for twice",
    function()
      local one = leader(data)
      local lock = one.store.lock
      function one.store.lock(...)
        leave(data, "A")
        return lock(...)
      end
      local what, found = one.enter()
      assert.equal("token", what)
      assert.equal("A", found.fields.access_token)
      one.turn:leave()
      assert.same({}, data.locks)
    end)
end)

describe("a failure in the store", function()
  it("holds everybody back while it lasts, whatever process had it",
    function()
      fail(data, 60)
      local what, found = leader(data).enter()
      assert.equal("failed", what)
      assert(found.pause > 55 and found.pause <= 60)
      assert.equal(503, found.last.status)
      assert.equal(3, found.last.streak)
    end)

  it("holds nobody back who is told to", function()
    fail(data, 60)
    assert.equal("lead", (leader(data, { force = true }).enter()))
  end)

  it("lets the next one lead when it is over, who knows how many there were",
    function()
      fail(data, 0.01)
      core.sleep(0.02)
      local one = leader(data)
      assert.equal("lead", (one.enter()))
      local last = { streak = 1, spent = "kept" }
      one.turn:remind(last)
      assert.same({ streak = 3, spent = "kept" }, last)
    end)

  it("does not hide a token that is good", function()
    leave(data, "A")
    fail(data, 60)
    assert.equal("token", (leader(data).enter()))
    assert.equal("failed", (leader(data, holding "A").enter()))
  end)
end)

describe("a renewal that was asked for", function()
  it("takes no token that was there before", function()
    leave(data, "A")
    assert.equal("lead", (leader(data, { renew = true }).enter()))
  end)

  it("joins one that is under way elsewhere", function()
    leave(data, "A")
    local first = leader(data, { renew = true })
    assert.equal("lead", (first.enter()))
    local one = leader(data, { renew = true })
    function one.transport.sleep()
      first.turn:renewed(a_token "B", core.now())
      first.turn:leave()
    end
    local what, found = one.enter(5)
    assert.equal("token", what)
    assert.equal("B", found.fields.access_token)
  end)
end)

describe("a refresh token", function()
  local R = { refresh_token = "R" }

  it("is the store's, and noted there before it is sent", function()
    leave(data, "A", R)
    local one = leader(data, holding "A")
    assert.equal("lead", (one.enter()))
    local old, spent = one.turn:token()
    assert.equal("R", old.refresh_token)
    assert.is_nil(spent)
    assert.is_true(one.turn:spend "mark")
    one.turn:leave() -- as if it died there

    local two = leader(data, holding "A")
    assert.equal("lead", (two.enter()))
    assert.equal("mark", select(2, two.turn:token()))
  end)

  it("is not presented where that can't be noted", function()
    leave(data, "A", R)
    local one = leader(data, holding "A")
    assert.equal("lead", (one.enter()))
    one.store.broken.save = "it is full"
    assert.is_false(one.turn:spend "mark")
    assert.same({ "store_failed save" }, one.events)
  end)

  it("is not presented without the lock, or after it was lost", function()
    leave(data, "A", R)
    local one = leader(data, holding "A")
    one.store.broken.lock = "it is down"
    assert.equal("lead", (one.enter()))
    assert.is_nil(one.turn:token())

    one = leader(data, holding "A")
    assert.equal("lead", (one.enter()))
    data.locks = {}
    assert.is_false(one.turn:spend "mark")
  end)

  it("that was not accepted is looked for again before it is given up",
    function()
      leave(data, "A", R)
      local one = leader(data, holding "A")
      assert.equal("lead", (one.enter()))
      assert.is_nil(one.turn:second_look())
      data.locks = {} -- stolen: our lease was over
      leave(data, "B", R)
      assert.equal("B", one.turn:second_look().fields.access_token)
    end)
end)

describe("a store that fails", function()
  it("leaves the leader to himself, with one event", function()
    for _, op in ipairs { "load", "lock" } do
      for _, how in ipairs { "it is down", "raise" } do
        local one = leader(data)
        one.store.broken[op] = how
        assert.equal("lead", (one.enter()))
        one.turn:renewed(a_token "A", core.now())
        one.turn:failed(a_failure(1))
        one.turn:leave()
        assert.same({ "store_failed " .. op }, one.events)
      end
    end
    assert.same({}, data.records)
  end)

  it("at the end is told of too, and the lock is given back", function()
    local one = leader(data)
    assert.equal("lead", (one.enter()))
    one.store.broken.save = "raise"
    one.turn:renewed(a_token "A", core.now())
    one.turn:leave()
    assert.same({ "store_failed save" }, one.events)
    assert.same({}, data.locks)
  end)

  it("is told of once where nothing may be stored at all", function()
    local self = leader(data)
    self.events = {}
    for _ = 1, 2 do
      assert.is_nil(fleet.turn(self, { secret = "too-short", key = "key" }))
    end
    assert.same({ "store_failed save" }, self.events)
  end)
end)

describe("forgetting", function()
  it("takes the token away, and keeps a failure that holds others back",
    function()
      leave(data, "A", { refresh_token = "R" })
      fail(data, 60)
      fleet.forget(leader(data))
      assert.equal("failed", (leader(data).enter()))
      leave(data, "A")
      fleet.forget(leader(data))
      assert.same({}, data.records)
      assert.same({}, data.locks)
    end)

  it("takes it away while another one has the lock, too", function()
    leave(data, "A")
    assert.equal("lead", (leader(data, holding "A").enter()))
    fleet.forget(leader(data))
    assert.same({}, data.records)
  end)
end)
