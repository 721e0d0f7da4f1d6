-- entries: what rests in a store, by name, without a word of it.
local new = require("equinix").store.redis
local rawserver = require "spec.support.rawserver"
local redis = require "spec.support.redis"
local resp = require "spec.support.resp"

local missing = redis.missing()
local LONG, PATIENT = 60, 30

describe("the list of what rests in a Redis", function()
  if missing then
    pending(missing)
    return
  end
  local server

  setup(function()
    server = redis.start()
  end)
  teardown(function()
    server:stop()
  end)
  before_each(function()
    server:ask "FLUSHALL"
  end)

  local function open(opts)
    opts = opts or {}
    opts.port, opts.timeout = opts.port or server.port, PATIENT
    return assert(new(opts))
  end

  it("is empty where nothing rests", function()
    assert.same({}, open():entries(PATIENT))
  end)

  it("has the keys, their times, sizes and locks, and no record", function()
    local store = open()
    for key, record in pairs { ["latch.1"] = "page", ["latch.1.token.a"] =
      "sealed", k = "x" } do
      local lease = assert(store:lock(key, LONG))
      assert.is_true(store:save(key, record, LONG, lease))
      if key ~= "k" then
        assert.is_true(store:unlock(lease))
      end
    end
    local list = assert(store:entries(PATIENT))
    local seen = {}
    for i, entry in ipairs(list) do
      assert.is_true(entry.ttl > 0 and entry.ttl <= LONG)
      seen[i] = ("%s %d %s"):format(entry.key, entry.bytes,
        tostring(entry.locked))
      for _, value in pairs(entry) do
        assert.is_true(value ~= "sealed" and value ~= "page")
      end
    end
    assert.same({ "k 1 true", "latch.1 4 false", "latch.1.token.a 6 false" },
      seen)
  end)

  it("has nothing of others, nor what never ends", function()
    server:ask("SET", "equinix:{k}", "x")
    server:ask("SET", "other:{k}", "x", "EX", LONG)
    server:ask("SET", "equinix:k", "x", "EX", LONG)
    server:ask("LPUSH", "equinix:{l}", "x")
    assert.same({}, open():entries(PATIENT))
    assert.equal("k", open({ prefix = "other:" }):entries(PATIENT)[1].key)
  end)

  -- As SCAN does while Redis grows or shrinks its table of keys.
  it("has a key once, however often SCAN names it", function()
    local raw = rawserver.start(resp.SERVER .. [[
      for words in command do
        local cursor = words:match "^SCAN (%S+)"
        if cursor then
          local name = "$11\r\nequinix:{k}\r\n"
          c:send(("*2\r\n$1\r\n%s\r\n*2\r\n"):format(cursor == "0" and "7"
            or "0") .. name .. name)
        else
          c:send(":5000\r\n")
        end
      end
    ]])
    local list = open({ port = raw.port }):entries(PATIENT)
    raw:stop()
    assert.same({ { key = "k", ttl = 5, bytes = 5000, locked = false } }, list)
  end)

  it("has all of a thousand", function()
    local store = open()
    for i = 1, 1000 do
      server:ask("SET", ("equinix:{k%d}"):format(i), "x", "EX", LONG)
    end
    assert.equal(1000, #store:entries(PATIENT))
  end)

  it("says what the user may not do", function()
    server:ask("ACL", "SETUSER", "app", "on", ">pw", "~equinix:*", "+eval")
    local list, reason, fault = open({ username = "app", password = "pw" })
      :entries(PATIENT)
    assert.is_nil(list)
    assert.matches("the command scan %(NOPERM", reason)
    assert.matches("%+scan", fault.hint)
  end)
end)
