-- shelf: how a record rests in a store, and under what name.
local memory_store = require "spec.support.memory_store"
local shelf = require "equinix.store.shelf"
local visit = require "equinix.store.session"

local SECRET = "a-secret-of-16-bytes-or-more"

local function open(store)
  local events = {}
  return visit.new(store, function(_, fields)
    events[#events + 1] = fields.op .. ": " .. fields.reason
  end), events
end

local function put(one, text)
  local lease = assert(one:lock(10))
  assert.is_true(one:write(text, 10, lease))
  one:unlock(lease)
end

describe("the shelf of a token", function()
  it("gives back what was put there", function()
    local use, events = open(memory_store.new())
    local one = shelf.token(use, SECRET, "key")
    assert.is_nil(one:read())
    put(one, "a token")
    assert.equal("a token", one:read())
    one:drop()
    assert.is_nil(one:read())
    assert.same({}, events)
  end)

  it("shows neither token nor key nor secret to whoever has the store",
    function()
      local store = memory_store.new()
      put(shelf.token(open(store), SECRET, "the key"), "the token")
      local name = store:names("token.")[1]
      local bytes = store.data.records[name].bytes
      for _, text in ipairs { "the token", "the key", SECRET } do
        assert.is_nil(bytes:find(text, 1, true))
        assert.is_nil(name:find(text, 1, true))
      end
    end)

  it("is another one for another key or secret", function()
    local store = memory_store.new()
    local use = open(store)
    put(shelf.token(use, SECRET, "key"), "a token")
    assert.is_nil(shelf.token(use, SECRET, "key 2"):read())
    assert.is_nil(shelf.token(use, SECRET .. "2", "key"):read())
  end)

  it("counts what somebody meddled with as missing, with an event", function()
    local store = memory_store.new()
    local use, events = open(store)
    local one = shelf.token(use, SECRET, "key")
    put(one, "a token")
    local kept = store.data.records[one.name]
    for _, bad in ipairs { kept.bytes:sub(1, -2), "", "garbage",
      kept.bytes:sub(1, -2) .. string.char((kept.bytes:byte(-1) + 1) % 256)
      } do
      kept.bytes = bad
      local reader = shelf.token(use, SECRET, "key")
      assert.is_nil(reader:read())
      assert.is_nil(reader:read()) -- and tells it once
    end
    assert.equal(4, #events)
    assert.matches("^load: .*missing", events[1])
    assert.is_false(use.failed)
  end)

  it("takes a record that was moved from another name for none", function()
    local store = memory_store.new()
    local use = open(store)
    local a = shelf.token(use, SECRET, "a")
    local b = shelf.token(use, SECRET, "b")
    put(a, "a token")
    store.data.records[b.name] = store.data.records[a.name]
    assert.is_nil(b:read())
  end)
end)

describe("the shelf of a latch", function()
  it("is found whatever the secret, and is readable", function()
    local store = memory_store.new()
    local use = open(store)
    put(shelf.latch(use, "an identity"), "{}")
    assert.equal("{}", shelf.latch(use, "an identity"):read())
    assert.is_nil(shelf.latch(use, "another"):read())
    assert.equal("{}", store.data.records[store:names("latch.")[1]].bytes)
  end)
end)

describe("a secret that could be guessed", function()
  it("seals nothing", function()
    assert.matches("16 bytes", shelf.forbids(("x"):rep(15)))
    assert.is_nil(shelf.forbids(("x"):rep(16)))
  end)
end)
