-- What a successor left in a store, after others have led: it counts only as
-- long as nothing newer is there.
local core = require "equinix.core"
local lockout_page = require "equinix.oauth.lockout_page"
local memory_store = require "spec.support.memory_store"
local record = require "equinix.tokens.record"
local scripted = require "spec.support.scripted"
local session = require "equinix.store.session"
local shared_error = require "equinix.tokens.shared_error"

-- Nothing is to be reported but steps.
local function no_report(name)
  assert(name == "store_step", name)
end

local token = scripted.token
local REFRESH = "/oauth2/v1/refreshaccesstoken"

-- The records of a client's token, as other processes use them.
local function places(c, store)
  local use = session.new(store, no_report)
  local secret, key = c.tokens.secret(), c.tokens:slot() and c.tokens:key()
  local page = lockout_page.number(c.config.identity)
  return use:token(secret, key, page), use:token(secret, key, page, "next")
end

local function write(stored, what)
  local lease = assert(stored:lock(10))
  assert(stored:write(record.encode(what, core.time()), 3600, lease))
  stored:unlock(lease)
end

local function a_record(name, age, over)
  local wall = core.time() - (age or 0)
  local fields = { access_token = name, token_type = "Bearer",
    expires_in = 3600, expires_at = wall + 3600 }
  for field, value in pairs(over or {}) do
    fields[field] = value
  end
  return record.renewed(fields, wall)
end

-- An error as another process would leave it.
local function an_error(pause)
  local last = shared_error.decode(shared_error.encode({ kind = "http",
    status = 503, message = "503" }, 1))
  return function(before)
    return record.failed(before or {}, last, pause, core.time(), core.now())
  end
end

local function client(responses, store)
  local c, transport = scripted.client(responses, { store = store })
  return c, transport
end

describe("a token that a successor left", function()
  it("does not come back after a newer one, nor does its refresh token",
    function()
      local store = memory_store.new()
      local c, transport = client({
        token("C", { refresh_token = "RC" }),
        token("D", { refresh_token = "RD" }),
        token("E", { refresh_token = "RE" }),
      }, store)
      local _, successor = places(c, store)
      write(successor, a_record("B", 10, { refresh_token = "RB" }))
      local presented = {}
      for _, name in ipairs { "B", "C", "D", "E" } do
        assert.equal("Bearer " .. name, c:authorization())
        c:invalidate("Bearer " .. name)
      end
      for i = 1, transport.count(REFRESH) do
        presented[i] = transport.body(i).refresh_token
      end
      assert.same({ "RB", "RC", "RD" }, presented)
    end)

  it("counts no more where another process has saved a newer one", function()
    local store = memory_store.new()
    local c, transport = client({ token "D" }, store)
    local main, successor = places(c, store)
    write(successor, a_record("B", 10))
    write(main, a_record("C", 5))
    assert.equal("Bearer C", c:authorization())
    c:invalidate "Bearer C"
    assert.equal("Bearer D", c:authorization())
    assert.equal(1, #transport.sent)
  end)

  it("is served though the leader's own request has failed since", function()
    local store = memory_store.new()
    local c, transport = client({ token "wrong" }, store)
    local main, successor = places(c, store)
    write(successor, a_record("B", 10))
    write(main, an_error(60)())
    assert.equal("Bearer B", c:authorization())
    assert.equal(0, #transport.sent)
  end)

  it("is served by the leader whose own request has failed", function()
    local store = memory_store.new()
    local c, successor, _
    c = client({ function()
      write(successor, a_record("B", 0))
      return scripted.json(503, "")
    end }, store)
    _, successor = places(c, store)
    assert.equal("Bearer B", c:authorization())
  end)
end)

describe("an error that a successor left", function()
  it("counts no more after a newer token", function()
    local store = memory_store.new()
    local c, transport = client({ token "D" }, store)
    local main, successor = places(c, store)
    write(successor, an_error(60)())
    core.sleep(0.01)
    write(main, a_record "C")
    assert.equal("Bearer C", c:authorization())
    c:invalidate "Bearer C"
    assert.equal("Bearer D", c:authorization())
    assert.equal(1, #transport.sent)
  end)
end)

describe("a leader that was stopped for longer than its lock", function()
  -- Its token comes when others have led: `meanwhile` is called before.
  local function stopped(store, meanwhile)
    local c
    c = client({ function()
      core.sleep(0.1)
      meanwhile(c)
      return token "old"
    end, token "later" }, store)
    c.config.lease_seconds = 0.05
    assert.equal("Bearer old", c:authorization())
    return c
  end

  it("replaces no newer token of a successor", function()
    local store = memory_store.new()
    local c = stopped(store, function(c)
      local main, successor = places(c, store)
      write(successor, a_record("newer", -1))
      assert(main:lock(60)) -- of a leader that is at work
    end)
    local _, successor = places(c, store)
    assert.matches('"newer"', (successor:read()))
  end)

  it("deletes no token of another, though its own finds no place in the cache",
    function()
      local store = memory_store.new()
      local c = stopped(store, function(c)
        local slot = core.tokens.open(c.tokens.key())
        local turn, lease = slot:acquire(nil, true)
        assert.equal("lead", turn)
        write(places(c, store), a_record("newer", -1))
        assert(slot:publish(lease, "record", "Bearer newer", {
          fresh = core.now() + 60, advisory = core.now() + 60,
          expires = core.now() + 60 }))
      end)
      assert.matches('"newer"', (places(c, store):read()))
    end)
end)
