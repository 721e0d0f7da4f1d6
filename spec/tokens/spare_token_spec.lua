-- spare_token: a token that could not be saved when it should have been is
-- saved as soon as the store lets it, and trouble with the latch is no reason
-- not to save it.
local core = require "equinix.core"
local lockout_page = require "equinix.oauth.lockout_page"
local memory_store = require "spec.support.memory_store"
local record = require "equinix.tokens.record"
local scripted = require "spec.support.scripted"
local session = require "equinix.store.session"

-- Nothing is to be reported but steps.
local function no_report(name)
  assert(name == "store_step", name)
end

local token = scripted.token

local function client(responses, store, over)
  local events, opts = {}, { store = store }
  function opts.on_event(name, fields)
    if name == "store_failed" then
      events[#events + 1] = fields.op .. ": " .. fields.reason
    end
  end
  for name, value in pairs(over or {}) do
    opts[name] = value
  end
  local c, transport, all = scripted.client(responses, opts)
  return c, transport, events, all.client_id
end

-- A process of the same app that comes later.
local function later(id, store, over)
  local c, transport = client({ token "later" }, store, { client_id = id })
  local slot = c.tokens:slot()
  slot:forget()
  local turn, lease = slot:acquire(nil, true)
  assert(turn == "lead")
  slot:fail(lease, nil, 0)
  assert.equal(over or "one", assert(c:token()).access_token)
  return #transport.sent
end

-- Leaves another process' token there.
local function leave(c, store, name, ahead)
  local stored = session.new(store, no_report):token(c.tokens.secret(),
    c.tokens:key(), lockout_page.number(c.config.identity))
  local wall = core.time() + ahead
  local lease = assert(stored:lock(10))
  assert(stored:write(record.encode(record.renewed({ access_token = name,
    token_type = "Bearer", expires_in = 3600, expires_at = wall + 3600 },
    wall), wall), 3600, lease))
  stored:unlock(lease)
end

describe("a token whose leader went alone", function()
  it("is saved afterwards, when only one step had failed", function()
    for _, op in ipairs { "load", "lock" } do
      local store = memory_store.new()
      store.broken[op] = "it is busy electing"
      local c, _, events, id = client({ function()
        store.broken[op] = nil
        return token "one"
      end }, store)
      assert(c:token())
      assert.equal(1, #events, table.concat(events, "\n"))
      assert.equal(0, later(id, store), op)
      assert.same({}, store.data.locks)
    end
  end)

  it("is saved, too, when only the first try to save it had failed",
    function()
      local store = memory_store.new()
      local save, tries = store.save, 0
      function store.save(self, key, ...)
        if key:find "%.token%." then
          tries = tries + 1
          if tries == 1 then
            return nil, "it is loading"
          end
        end
        return save(self, key, ...)
      end
      local c, _, _, id = client({ token "one" }, store)
      assert(c:token())
      assert.equal(0, later(id, store))
    end)

  it("is not tried to be saved where the store said that this is in vain",
    function()
      local store = memory_store.new()
      function store.load()
        return nil, "NOPERM", { temporary = false }
      end
      local c, _, events = client({ token "one" }, store)
      assert(c:token())
      assert.equal("", store:steps())
      assert.equal(1, #events)
    end)

  it("does not replace a newer one", function()
    local store = memory_store.new()
    store.broken.load = "it is down"
    local c, id, _
    c, _, _, id = client({ function()
      store.broken.load = nil
      leave(c, store, "newer", 1)
      return token "one"
    end }, store)
    assert.equal("one", c:token().access_token)
    assert.equal(0, later(id, store, "newer"))
  end)

  it("rests at the successor's place while another one has the lock, and "
    .. "moves to the first place with the next leader", function()
    local store = memory_store.new()
    store.broken.load = "it is down"
    local name
    local c, _, _, id = client({ function()
      store.broken.load = nil
      return token "one"
    end }, store)
    name = session.new(store, no_report):token(c.tokens.secret(),
      c.tokens:key(), lockout_page.number(c.config.identity)).name
    store.data.locks[name] = { key = name, ends = core.time() + 3600 }
    assert(c:token())
    assert.same({ name .. ".next" }, store:names "token")
    store.data.locks[name] = nil -- the holder died, and its time is over
    assert.equal(0, later(id, store))
    assert(store.data.records[name])
  end)

  it("is saved by a renewal at the side even later", function()
    local store = memory_store.new()
    store.broken.lock = "it is electing"
    local c, transport, events, id = client({ token "one" }, store)
    transport.blocking = false
    function transport.spawn(f)
      f()
      return true
    end
    local pauses, published = 0, nil
    function transport.sleep()
      pauses = pauses + 1
      published = published or c.tokens.hit()
      if pauses == 3 then
        store.broken.lock = nil
      end
    end
    assert(c:token())
    assert.equal("Bearer one", published) -- no caller waits for that
    assert.equal(3, pauses)
    assert.equal(1, #events)
    assert.equal(0, later(id, store))
  end)

  it("is not saved any more when it was forgotten or refused meanwhile",
    function()
      for _, drop in ipairs {
        function(c)
          c:forget()
        end,
        function(c)
          assert(c:invalidate "Bearer one")
        end,
      } do
        local store, pauses = memory_store.new(), 0
        store.broken.lock = "it is electing"
        local c, transport = client({ token "one", token "two" }, store)
        transport.blocking = false
        function transport.spawn(f)
          f()
          return true
        end
        local save, saved = store.save, {}
        function store.save(self, key, ...)
          saved[#saved + 1] = key:find "token" and #transport.sent or nil
          return save(self, key, ...)
        end
        function transport.sleep()
          pauses = pauses + 1
          if pauses == 2 then
            drop(c)
            store.broken.lock = nil
          end
        end
        assert.equal("two", c:token().access_token)
        assert.same({ 2 }, saved)
      end
    end)
end)

describe("trouble with the latch", function()
  it("never keeps a token from being saved", function()
    for _, op in ipairs { "load", "lock", "save", "unlock" } do
      for _, fault in ipairs { { temporary = false }, {} } do
        local store = memory_store.new()
        local step = store[op]
        store[op] = function(self, key, ...)
          local name = type(key) == "table" and key.key or key
          if name:find "^latch%.%d+$" then
            return nil, "NOPERM", fault
          end
          return step(self, key, ...)
        end
        local c, _, events, id = client({ token "one" }, store)
        assert(c:token())
        assert.equal(1, #events, op .. table.concat(events, "\n"))
        assert.equal(0, later(id, store), op)
      end
    end
  end)

  it("makes no one forget what is stored of refusals", function()
    local store, id = memory_store.new(), scripted.unique()
    local identity
    for i = 1, 4 do
      local c = client({ scripted.refused }, memory_store.new(store.data), {
        client_id = id, client_secret = "a wrong secret, number " .. i,
      })
      c:token()
      identity = c.config.identity
    end
    -- In another process nothing is known but what is stored.
    local name = ("latch.%d"):format(lockout_page.number(identity))
    local page = store.data.records[name]
    local lock = store.lock
    function store.lock(self, key, ...)
      if key:find "^latch%.%d+$" then
        return nil, "NOPERM", { temporary = false }
      end
      return lock(self, key, ...)
    end
    local stored = session.new(store, function() end):latches(0)
    stored.name = name
    local held = require("equinix.oauth.lockout_store").acquire(stored)
    local merged = held:merge(require("equinix.oauth.lockout_page").new())
    held:release(merged, false)
    local _, state = next(merged.accounts)
    assert.equal(4, state.count)
    assert.equal(page, store.data.records[name])
  end)
end)

describe("a store that hangs", function()
  -- Each step takes the seconds that it is given, then fails.
  local function hanging(broken)
    local store, ends = memory_store.new(), {}
    for op in pairs(broken) do
      store[op] = function(...)
        local seconds = select(select("#", ...), ...)
        ends[#ends + 1] = core.now() + seconds
        core.sleep(seconds)
        return nil, "timed out", { temporary = true }
      end
    end
    return store, ends
  end

  it("leaves time for the token request, and ends with the call", function()
    for _, broken in ipairs {
      { load = true, lock = true, save = true, unlock = true, delete = true },
      { save = true, unlock = true },
    } do
      local store, ends = hanging(broken)
      local c, transport = client({ token "one" }, store, { timeout = 4 })
      transport.sleep = core.sleep
      local deadline = core.now() + 4
      assert.equal("one", assert(c:token()).access_token)
      assert.equal(1, #transport.sent)
      assert(#ends >= 1)
      for _, time in ipairs(ends) do
        assert(time <= deadline + 0.1, time - deadline)
      end
    end
  end)

  it("holds up no caller that has a usable token", function()
    local store = memory_store.new()
    local c = client({ token("one", { token_timeout = 2 }), token "two" },
      store)
    assert(c:token())
    local left = {}
    function store.load(...)
      left[#left + 1] = select(select("#", ...), ...)
      return nil, "timed out"
    end
    store.lock = store.load
    scripted.until_true(function()
      return c.tokens:slot():read() ~= "fresh"
    end, "advisory")
    assert(c:authorization())
    assert(#left >= 1)
    for _, seconds in ipairs(left) do
      assert(seconds <= 0.5, seconds)
    end
  end)

  it("is asked for nothing more when it did not keep to its time", function()
    local store = memory_store.new()
    local load = store.load
    function store.load(...)
      core.sleep(0.4)
      return load(...)
    end
    local c, transport = client({ token "one" }, store, { timeout = 0.2 })
    local _, err = c:token()
    assert.equal("timeout", err.kind)
    assert.matches("the store took longer", err.message)
    assert.equal("load", store:steps())
    assert.equal(0, #transport.sent)
  end)
end)
