-- place: a record in a store and its lock. What real processes do is in
-- tokens/lost_leader_spec.lua and tokens/place_nginx_spec.lua.
local core = require "equinix.core"
local memory_store = require "spec.support.memory_store"
local place = require "equinix.tokens.place"
local record = require "equinix.tokens.record"
local session = require "equinix.store.session"
local token = require "equinix.oauth.token"

local function send() end

local function a_place(store, port)
  local events = {}
  local use = session.new(store, function(name, fields)
    events[#events + 1] = name ~= "store_step"
      and fields.op .. ": " .. fields.reason or nil
  end)
  return place.new(use:token("a-secret-of-16-bytes-or-more", "key"),
    port or { send = send, meanwhile = send }, 35), events
end

local function a_record(name)
  local wall = core.time()
  return record.renewed(token.new { access_token = name, token_type = "Bearer",
    expires_in = 3600, expires_at = wall + 3600 }, wall)
end

local function ends_of(store)
  local _, lock = next(store.data.locks)
  return lock.ends - core.time()
end

describe("a lock in a store", function()
  it("is taken for a short time where it can be extended", function()
    local store = memory_store.new()
    local one = a_place(store)
    assert.is_true(one:take())
    assert(ends_of(store) <= 10)
    assert(one.every < 5)
  end)

  it("is taken for as long as it may be needed elsewhere", function()
    local store = memory_store.new()
    local plain = setmetatable({ extend = false }, { __index = store })
    for i, one in ipairs {
      a_place(plain),
      a_place(store, {}),
      a_place(store, { send = send }),
      (a_place(store, { send = send, meanwhile = function() end })),
    } do
      store.data.locks = {}
      assert.is_true(one:take())
      assert(ends_of(store) > 30, i)
      assert.is_nil(one.every)
    end
  end)

  it("is extended when it is time for that, while it is ours", function()
    local store = memory_store.new()
    local one, events = a_place(store)
    one:keep()
    assert.is_true(one:take())
    store:steps()
    one:keep()
    assert.equal("", store:steps())
    one.due = core.now()
    one:keep()
    one:keep()
    assert.equal("extend", store:steps())
    store.data.locks = {} -- it is another's
    one.due = core.now()
    one:keep()
    one:keep()
    assert.equal("extend", store:steps())
    assert.same({}, events)
    one:release()
    one.due = core.now()
    one:keep()
    assert.equal("unlock", store:steps())
  end)

  it("that can't be extended now is tried again, and saved with", function()
    local store = memory_store.new()
    local one, events = a_place(store)
    assert.is_true(one:take())
    store.broken.extend = "it is electing"
    one.due = core.now()
    one:keep()
    assert(one.due > core.now())
    assert.same({ "extend: it is electing" }, events)
    assert.is_true(one:save(a_record "A"))
  end)
end)

describe("a record in a store", function()
  it("is saved with the lock only, and read by others", function()
    local store = memory_store.new()
    local one = a_place(store)
    assert.is_false(one:save(a_record "A"))
    assert.is_true(one:take())
    assert.is_true(one:save(a_record "A"))
    local other = a_place(store)
    assert.same({ nil, "busy" }, { other:take() })
    assert.is_true(other:read())
    assert.equal("A", other.record.token.access_token)
    one:release()
    assert.is_true(other:take())
  end)

  it("that was stale leaves the lock to another", function()
    local store = memory_store.new()
    local one, events = a_place(store)
    assert.is_true(one:take())
    store.data.locks = {}
    assert.is_false(one:save(a_record "A"))
    assert.is_falsy(one.lease)
    assert.equal(1, #events)
    assert.matches("save: stale", events[1])
  end)

  it("says of its error whether it came while the leader waited", function()
    local store = memory_store.new()
    local one = a_place(store)
    one:first_read()
    assert.is_false(one:is_new())
    one.record = { failed = 1 }
    assert.is_true(one:is_new())
    local other = a_place(store)
    other.record = { failed = other.began - 1 }
    assert.is_false(other:is_new())
    other.record = { failed = other.began + 1 }
    assert.is_true(other:is_new())
  end)
end)
