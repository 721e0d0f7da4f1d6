-- explain: the state of a token, in every part of its life, without the token.
local core = require "equinix.core"
local equinix = require "equinix"
local memory_store = require "spec.support.memory_store"
local scripted = require "spec.support.scripted"

local function near(expected, value)
  assert.is_true(math.abs(expected - value) < 60, tostring(value))
end

describe("client:explain", function()
  it("says that there is no token yet, and asks for none", function()
    local c, transport = scripted.client {}
    assert.same({ state = "empty", renewing = false, renews_in = 0 },
      c:explain())
    assert.equal(0, #transport.sent)
  end)

  it("says how old a token is, where it came from and how long it is good",
    function()
      local c = scripted.client { scripted.token("one",
        { refresh_token = "r" }), scripted.token "two" }
      assert(c:token())
      local found = c:explain()
      assert.equal("fresh", found.state)
      assert.equal("request", found.source)
      assert.equal(3600, found.life)
      near(0, found.age)
      near(3600, found.left)
      near(3300, found.renews_in)
      assert.is_nil(found.latch)
      assert.is_nil(found.backoff)
      assert(c:refresh())
      assert.equal("refresh", c:explain().source)
      assert.is_nil(c:token().obtained)
      c:invalidate(c:authorization())
      assert.equal("rejected", c:explain().state)
    end)

  it("says that it came from the store", function()
    local store = memory_store.new()
    local id = scripted.unique()
    local function new(steps)
      return assert(equinix.new { client_id = id, store = store,
        client_secret = "a-secret-of-enough-bytes",
        transport = scripted.transport(steps) })
    end
    local one = new { scripted.token "one" }
    assert(one:token())
    one.tokens:slot():forget() -- of this process, not of the store
    local other = new {}
    assert(other:token())
    assert.equal("store", other:explain().source)
  end)

  it("says for how long a failure holds others back, and which", function()
    local c = scripted.client { { status = 503, body = "" } }
    assert.is_nil((c:token()))
    local found = c:explain()
    assert.equal("empty", found.state)
    assert.equal("http", found.backoff.kind)
    assert.equal(503, found.backoff.status)
    assert.is_true(found.backoff.seconds > 0 and found.backoff.seconds < 3)
    assert.equal(found.backoff.seconds, found.renews_in)
  end)

  it("says that the credentials are latched", function()
    local c = scripted.client { scripted.refused() }
    assert.is_nil((c:token()))
    local latch = c:explain().latch
    assert.equal(1, latch.refusals)
    near(600, latch.seconds)
  end)

  it("says that a renewal is under way", function()
    local c = scripted.client {}
    local slot = c.tokens:slot()
    local _, lease = slot:acquire()
    assert.is_true(c:explain().renewing)
    slot:release(lease)
    assert.is_false(c:explain().renewing)
  end)

  it("says what it can of a static token, and nothing once closed",
    function()
      local c = assert(equinix.new { token = "t" })
      assert.same({ state = "static", source = "option", renewing = false },
        c:explain())
      c:close()
      local found, err = c:explain()
      assert.is_nil(found)
      assert.equal("closed", err.kind)
    end)

  it("says why the secret file can't be read", function()
    local c = assert(equinix.new { client_id = "i",
      client_secret_file = "/nonexistent/secret" })
    local found, err = c:explain()
    assert.is_nil(found)
    assert.equal("config", err.kind)
  end)

  it("asks nothing that supplies the credentials, and says why there are none",
    function()
      local calls, seconds = 0, 1
      local c = assert(equinix.new {
        transport = scripted.transport { scripted.token "one" },
        credentials = function()
          calls = calls + 1
          if calls == 1 then
            return nil, "the vault is sealed"
          end
          return { client_id = scripted.unique(),
            client_secret = "a-secret-of-enough-bytes", expires_in = seconds }
        end,
      })
      local empty = { state = "empty", renewing = false, renews_in = 0 }
      assert.same(empty, c:explain())
      assert.equal(0, calls)
      assert.is_nil((c:token()))
      local found = c:explain()
      assert.same({ "config", "no_credentials" },
        { found.backoff.kind, found.backoff.code })
      assert.equal(1, calls)
      c.config.supplied.retry_at = 0 -- the pause is over
      seconds = 1e-9
      assert(c:token())
      local asked = calls
      assert.equal("fresh", c:explain().state) -- their time is over
      assert.equal(asked, calls)
    end)

  it("has no secret in it", function()
    local c = scripted.client { scripted.token "one-token" }
    assert(c:token())
    for _, value in pairs(c:explain()) do
      assert.is_nil(tostring(value):find "one%-token")
    end
    assert.is_number(core.now())
  end)
end)
