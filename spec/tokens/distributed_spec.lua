-- distributed: which process leads among those that share a store. Here a
-- process is a set of peers of its own on shared data; real ones, counted by
-- the emulator, are in tokens/distributed_processes_spec.lua.
local core = require "equinix.core"
local shared_error = require "equinix.tokens.shared_error"
local distributed = require "equinix.tokens.distributed"
local errors = require "equinix.base.error"
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
    config = { grant = "client_credentials", timeout = 30,
      lease_seconds = 35, identity = "an account" },
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
    self.events[#self.events + 1] = name ~= "store_step"
      and name .. " " .. fields.op or nil
  end
  self.renewal = { patience = 30, secret = SECRET, key = "the key" }
  for name, value in pairs(over or {}) do
    self.renewal[name] = value
  end
  self.peers = distributed.new(self, self.renewal)
  function self.acquire(seconds)
    return self.peers:acquire(core.now() + (seconds or 0))
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
  assert.equal("lead", (one.acquire()))
  one.peers:renewed(a_token(name, over), core.now() - (age or 0))
  one.peers:release()
end

local function a_failure(seconds)
  local _, problem = errors.fail("http", "POST /oauth2/v1/token: 503", {
    status = 503 })
  return shared_error.encode(problem, 3, nil, nil), seconds
end

local function fail(data, seconds)
  local one = leader(data, { force = true, renew = true })
  assert.equal("lead", (one.acquire()))
  one.peers:failed(a_failure(seconds))
  one.peers:release()
end

-- The record of the first level with that token in it.
local function holding(name)
  return { record = select(2, token.trim(a_token(name))) }
end

local data
before_each(function()
  data = memory_store.new().data
end)

describe("a leader", function()
  it("leaves its token where others of the account that it is of look",
    function()
      -- The credentials that are supplied have changed since it began.
      local one = leader(data, { force = true, renew = true,
        config = { identity = "another account" } })
      assert.equal("lead", (one.acquire()))
      one.peers:renewed(a_token "theirs", core.now())
      one.peers:release()
      local other = leader(data, { config = { identity = "another account" } })
      assert.equal("token", (other.acquire()))
      assert.equal("lead", (leader(data).acquire()))
    end)
end)

describe("a leader whose store", function()
  it("is empty leads, under the store's lock, and leaves its token there",
    function()
      local one = leader(data)
      assert.equal("lead", (one.acquire()))
      assert.equal("load lock load load", one.store:steps())
      one.peers:renewed(a_token "A", core.now() - 100)
      one.peers:release()
      assert.same({}, data.locks)
      local what, found = leader(data).acquire()
      assert.equal("token", what)
      assert.equal("A", found.fields.access_token)
      assert(math.abs(found.age - 100) < 5, found.age)
      assert.same({}, one.events)
    end)

  it("has a token asks for no lock", function()
    leave(data, "A")
    local one = leader(data)
    assert.equal("token", (one.acquire()))
    assert.equal("load", one.store:steps())
  end)

  it("has only the token that won't do leads", function()
    leave(data, "A")
    assert.equal("lead", (leader(data, holding "A").acquire()))
  end)

  it("has a newer token than the one that won't do takes it", function()
    leave(data, "B")
    local what, found = leader(data, holding "A").acquire()
    assert.equal("token", what)
    assert.equal("B", found.fields.access_token)
  end)

  it("has a token with too little left leads", function()
    leave(data, "A", nil, 3500)
    assert.equal("token", (leader(data).acquire()))
    assert.equal("lead", (leader(data, { min_life = 200 }).acquire()))
  end)

  it("gives it less life than its own clock leads us to think leads",
    function()
      leave(data, "A")
      for _, kept in pairs(data.records) do
        kept.ends = core.time() + 30
      end
      assert.equal("lead", (leader(data).acquire()))
    end)

  it("has a token near its end leads, and takes that where no process renews",
    function()
      leave(data, "A", nil, 3550)
      local one = leader(data)
      assert.equal("lead", (one.acquire()))
      local what, found = leader(data).acquire(0.1) -- `one` has the lock
      assert.equal("token", what)
      assert.equal("A", found.fields.access_token)
      one.peers:failed(a_failure(30))
      one.peers:release()
      assert.equal("A", one.peers:left_behind().fields.access_token)
      what, found = leader(data).acquire()
      assert.equal("token", what)
      assert.equal("A", found.fields.access_token)
    end)
end)

describe("a leader while another one leads", function()
  it("waits, and takes what comes of it", function()
    local first = leader(data)
    assert.equal("lead", (first.acquire()))
    local one, sleeps = leader(data), 0
    function one.transport.sleep()
      sleeps = sleeps + 1
      if sleeps == 2 then
        first.peers:renewed(a_token "A", core.now())
        first.peers:release()
      end
    end
    local what, found = one.acquire(5)
    assert.equal("token", what)
    assert.equal("A", found.fields.access_token)
    assert.equal(2, sleeps)
  end)

  it("shares its error too, though that is over when it looks", function()
    for _, force in ipairs { false, true } do
      local first = leader(data, { force = true })
      assert.equal("lead", (first.acquire()))
      local one = leader(data, { force = force })
      function one.transport.sleep()
        first.peers:failed(a_failure(1))
        first.peers:release()
        core.sleep(1)
      end
      local what, found = one.acquire(5)
      assert.equal("failed", what)
      assert.equal(503, found.last.status)
    end
  end)

  it("goes on waiting when the store fails for a moment", function()
    local first = leader(data)
    assert.equal("lead", (first.acquire()))
    local one, sleeps = leader(data), 0
    function one.transport.sleep()
      sleeps = sleeps + 1
      one.store.broken.load = sleeps < 4 and "it is electing" or nil
      if sleeps == 5 then
        first.peers:renewed(a_token "A", core.now())
        first.peers:release()
      end
    end
    local what, found = one.acquire(60)
    assert.equal("token", what)
    assert.equal("A", found.fields.access_token)
    assert.same({ "store_failed load" }, one.events)
  end)

  it("succeeds it half-way to its deadline, presents no refresh token, and "
    .. "leaves its token to the rest", function()
    leave(data, "A", { refresh_token = "R" })
    local first = leader(data, holding "A")
    assert.equal("lead", (first.acquire()))
    local one, two = leader(data, holding "A"), leader(data, holding "A")
    assert.equal("lead", (one.acquire(0.2)))
    assert.is_nil(one.peers:token())
    assert.is_false(one.peers:spend "mark")
    function two.transport.sleep(seconds)
      core.sleep(seconds)
      if one.peers.successor.lease then
        one.peers:renewed(a_token "B", core.now())
        one.peers:release()
      end
    end
    local what, found = two.acquire(60)
    assert.equal("token", what)
    assert.equal("B", found.fields.access_token)
    -- The one that gets the first lock next finds it, too, and moves it.
    first.peers:release()
    what, found = leader(data, holding "A").acquire()
    assert.equal("token", what)
    assert.equal("B", found.fields.access_token)
    assert.matches('"B"', (leader(data).peers.main.stored:read()))
    assert.same({}, one.events)
  end)

  it("leads when the other one died without a word", function()
    local first = leader(data)
    assert.equal("lead", (first.acquire()))
    local one = leader(data)
    function one.transport.sleep()
      first.peers:release()
    end
    assert.equal("lead", (one.acquire(5)))
  end)

  it("is late at its deadline", function()
    local first = leader(data)
    assert.equal("lead", (first.acquire()))
    local successor = leader(data)
    assert.equal("lead", (successor.acquire(0.05)))
    local one = leader(data)
    assert.equal("late", (one.acquire(0.05)))
    assert.same({}, one.events)
    one = leader(data, { has_token = true })
    successor.peers:release()
    assert.equal("late", (one.acquire(0.05))) -- there is nothing to hurry for
  end)

  it("reads again under the lock: what came between is not asked for twice",
    function()
      local one = leader(data)
      local lock = one.store.lock
      function one.store.lock(...)
        leave(data, "A")
        return lock(...)
      end
      local what, found = one.acquire()
      assert.equal("token", what)
      assert.equal("A", found.fields.access_token)
      one.peers:release()
      assert.same({}, data.locks)
    end)
end)

describe("a failure in the store", function()
  it("holds all callers back while it lasts, whatever process had it",
    function()
      fail(data, 60)
      local what, found = leader(data).acquire()
      assert.equal("failed", what)
      assert(found.pause > 55 and found.pause <= 60)
      assert.equal(503, found.last.status)
      assert.equal(3, found.last.streak)
    end)

  it("does not hold back a forced renewal", function()
    fail(data, 60)
    assert.equal("lead", (leader(data, { force = true }).acquire()))
  end)

  it("lets the next one lead when it is over, who knows how many there were",
    function()
      fail(data, 1) -- a pause that is over when it is saved is not saved
      core.sleep(1)
      local one = leader(data)
      assert.equal("lead", (one.acquire()))
      local last = { streak = 1, spent = "kept" }
      one.peers:remind(last)
      assert.same({ streak = 3, spent = "kept" }, last)
    end)

  it("does not hide a token that is good", function()
    leave(data, "A")
    fail(data, 60)
    assert.equal("token", (leader(data).acquire()))
    assert.equal("failed", (leader(data, holding "A").acquire()))
  end)
end)

describe("a renewal that was asked for", function()
  it("takes no token that was there before", function()
    leave(data, "A")
    assert.equal("lead", (leader(data, { renew = true }).acquire()))
  end)

  it("joins one that is under way elsewhere", function()
    leave(data, "A")
    local first = leader(data, { renew = true })
    assert.equal("lead", (first.acquire()))
    local one = leader(data, { renew = true })
    function one.transport.sleep()
      first.peers:renewed(a_token "B", core.now())
      first.peers:release()
    end
    local what, found = one.acquire(5)
    assert.equal("token", what)
    assert.equal("B", found.fields.access_token)
  end)
end)

describe("a refresh token", function()
  local R = { refresh_token = "R" }

  it("is the store's, and noted there before it is sent", function()
    leave(data, "A", R)
    local one = leader(data, holding "A")
    assert.equal("lead", (one.acquire()))
    local old, spent = one.peers:token()
    assert.equal("R", old.refresh_token)
    assert.is_nil(spent)
    assert.is_true(one.peers:spend "mark")
    one.peers:release() -- as if it died there

    local two = leader(data, holding "A")
    assert.equal("lead", (two.acquire()))
    assert.equal("mark", select(2, two.peers:token()))
  end)

  it("is not presented where that can't be noted", function()
    leave(data, "A", R)
    local one = leader(data, holding "A")
    assert.equal("lead", (one.acquire()))
    one.store.broken.save = "it is full"
    assert.is_false(one.peers:spend "mark")
    assert.same({ "store_failed save" }, one.events)
  end)

  it("is not presented without the lock, or after it was lost", function()
    leave(data, "A", R)
    local one = leader(data, holding "A")
    one.store.broken.lock = "it is down"
    assert.equal("lead", (one.acquire()))
    assert.is_nil(one.peers:token())

    one = leader(data, holding "A")
    assert.equal("lead", (one.acquire()))
    data.locks = {}
    assert.is_false(one.peers:spend "mark")
  end)

  it("that was not accepted is looked for again before it is given up",
    function()
      leave(data, "A", R)
      local one = leader(data, holding "A")
      assert.equal("lead", (one.acquire()))
      assert.is_nil(one.peers:second_look())
      data.locks = {} -- stolen: our lease was over
      leave(data, "B", R)
      assert.equal("B", one.peers:second_look().fields.access_token)
    end)
end)

describe("a store that fails", function()
  it("leaves the leader to himself, with one event", function()
    for _, op in ipairs { "load", "lock" } do
      for _, how in ipairs { "it is down", "raise" } do
        local one = leader(data)
        one.store.broken[op] = how
        assert.equal("lead", (one.acquire()))
        one.peers:renewed(a_token "A", core.now())
        one.peers:failed(a_failure(1))
        one.peers:release()
        assert.same({ "store_failed " .. op }, one.events)
      end
    end
    assert.same({}, data.records)
  end)

  it("at the end is reported too, and the lock is given back", function()
    local one = leader(data)
    assert.equal("lead", (one.acquire()))
    one.store.broken.save = "raise"
    one.peers:renewed(a_token "A", core.now())
    one.peers:release()
    assert.same({ "store_failed save" }, one.events)
    assert.same({}, data.locks)
  end)

  it("is reported once where nothing may be stored at all", function()
    local self = leader(data)
    self.events = {}
    for _ = 1, 2 do
      assert.is_nil(distributed.new(self, { secret = "too-short",
        key = "key" }))
    end
    assert.same({ "store_failed save" }, self.events)
  end)
end)

describe("forgetting", function()
  it("takes the token away, and keeps a failure that holds others back",
    function()
      leave(data, "A", { refresh_token = "R" })
      fail(data, 60)
      distributed.forget(leader(data))
      assert.equal("failed", (leader(data).acquire()))
      leave(data, "A")
      distributed.forget(leader(data))
      assert.same({}, data.records)
      assert.same({}, data.locks)
    end)

  it("takes it away while another one has the lock, too", function()
    leave(data, "A")
    assert.equal("lead", (leader(data, holding "A").acquire()))
    distributed.forget(leader(data))
    assert.same({}, data.records)
  end)
end)
