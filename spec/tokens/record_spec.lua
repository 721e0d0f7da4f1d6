-- record: what rests in a store, and what clocks do to it.
local json = require "equinix.base.json"
local record = require "equinix.tokens.record"

local NOW = 2e9 -- of the wall clock
local TICK = 5000 -- the same moment on core.now()

local function token(over)
  local fields = {
    access_token = "A", token_type = "Bearer", expires_in = 3600,
    expires_at = NOW + 3600,
  }
  for name, value in pairs(over or {}) do
    fields[name] = value
  end
  return fields
end

local function left(issued, fields)
  return select(2, record.token(record.renewed(fields or token(), issued),
    NOW))
end

describe("a token at rest", function()
  it("is no text where a number in it can't be written", function()
    for _, number in ipairs { math.huge, -math.huge, 0 / 0 } do
      local last = { streak = 1, held = number }
      local text, ttl, message = record.encode(record.failed({}, last, 60,
        NOW, TICK), NOW)
      assert.is_nil(text)
      assert.equal(0, ttl)
      assert.is_string(message)
      text, ttl = record.encode(record.renewed(token { user_id = number },
        NOW), NOW)
      assert.is_nil(text)
      assert.equal(0, ttl)
    end
  end)

  it("comes back as it was, and says for how long it is of use", function()
    local text, ttl = record.encode(record.renewed(token(), NOW - 600), NOW)
    assert.equal(3000, ttl)
    local fields, seconds = record.token(record.decode(text), NOW + 100)
    assert.same(token(), fields)
    assert.matches("^equinix%.Token", tostring(fields))
    assert.equal(2900, seconds)
  end)

  it("ages by the wall clock, down to nothing", function()
    assert.equal(3600, left(NOW))
    assert.equal(1, left(NOW - 3599))
    assert.equal(0, left(NOW - 3600))
    assert.equal(0, left(NOW - 1e9))
  end)

  it("of a clock a little ahead has lived as long as that clock is ahead",
    function()
      assert.equal(3570, left(NOW + 30))
      assert.equal(3540, left(NOW + 60))
    end)

  it("of a clock that jumped is worth nothing", function()
    assert.equal(0, left(NOW + 61))
    assert.equal(0, left(NOW + 86400))
  end)

  it("never has more life than a token can have", function()
    assert.equal(24 * 3600, left(NOW, token { expires_in = 1e9 }))
    assert.equal(0, left(NOW, token { expires_in = 0 / 0 }))
    assert.equal(0, left(NOW, token { expires_in = -5 }))
  end)

  it("is kept as long as its refresh token, 60 days at most", function()
    local function ttl(fields)
      return (select(2, record.encode(record.renewed(token(fields), NOW),
        NOW)))
    end
    assert.equal(7200, ttl { refresh_token = "R",
      refresh_expires_at = NOW + 7200 })
    assert.equal(60 * 86400, ttl { refresh_token = "R" })
    assert.equal(60 * 86400, ttl { refresh_token = "R",
      refresh_expires_at = NOW + 1e9 })
    assert.equal(3600, ttl { refresh_token = "R",
      refresh_expires_at = NOW - 1 })
  end)
end)

describe("a failure at rest", function()
  local last = { kind = "http", status = 503, streak = 2, message = "m" }

  it("holds back for its pause, and leaves the token where it was", function()
    local before = record.renewed(token(), NOW - 10)
    local after = record.failed(before, last, 30, NOW, TICK)
    assert.equal(30, record.pause(after, NOW))
    assert.equal(5, record.pause(after, NOW + 25))
    assert.equal(0, record.pause(after, NOW + 30))
    assert.equal("A", record.token(after, NOW).access_token)
    assert.same(last, record.last(after, NOW, TICK))
  end)

  it("holds back for an hour at most, and not at all after a jump", function()
    local after = record.failed({}, last, 1e6, NOW, TICK)
    assert.equal(3600, record.pause(after, NOW))
    assert.equal(0, record.pause(after, NOW - 3600))
  end)

  it("tells until when a latch holds, on whatever clock it is read", function()
    local held = { kind = "auth", streak = 1, held = TICK + 600 }
    local text = record.encode(record.failed({}, held, 60, NOW, TICK), NOW)
    local back = record.last(record.decode(text), NOW + 100, 77)
    assert.equal(77 + 500, back.held)
    held.held = "for ever"
    text = record.encode(record.failed({}, held, 60, NOW, TICK), NOW)
    assert.equal("for ever", record.last(record.decode(text), NOW, 1).held)
  end)

  it("is remembered for a while after it has held back", function()
    local _, ttl = record.encode(record.failed({}, last, 30, NOW, TICK), NOW)
    assert.equal(30 + 120, ttl)
    _, ttl = record.encode({}, NOW)
    assert.equal(0, ttl)
  end)

  it("is over with the next token", function()
    local after = record.renewed(token(), NOW)
    assert.equal(0, record.pause(after, NOW))
    assert.same({ streak = 0 }, record.last(after, NOW, TICK))
  end)
end)

describe("a refresh token at rest", function()
  it("is noted as spent, and nothing else changes", function()
    local before = record.failed(record.renewed(token(), NOW),
      { kind = "http", streak = 3 }, 20, NOW, TICK)
    local after = record.spending(before, "mark")
    assert.equal("mark", after.last.spent)
    assert.equal(3, after.last.streak)
    assert.equal(20, record.pause(after, NOW))
    assert.is_nil(before.last.spent)
    after = record.spending(record.renewed(token(), NOW), "mark")
    assert.equal("mark", record.decode(record.encode(after, NOW)).last.spent)
  end)
end)

describe("what is no record", function()
  it("is none", function()
    local function text(fields)
      return assert(json.encode(fields))
    end
    for _, bad in ipairs { "", "{}", "null", "[1]", "\0", "{",
      text { format = 2 }, text { format = "1" },
      text { format = 1, token = "A" },
      text { format = 1, token = { access_token = "A" } },
      text { format = 1, token = token { access_token = "a b" } },
      text { format = 1, token = token { access_token = 7 } },
      text { format = 1, token = token { expires_in = "1" } },
      text { format = 1, last = 3 } } do
      assert.is_nil(record.decode(bad), bad)
    end
    assert.same({ format = 1 }, record.decode(text { format = 1 }))
  end)

  it("fits a store, however long the server's fields are", function()
    local text = record.encode(record.renewed(token {
      access_token = ("\\"):rep(16384), refresh_token = ("\\"):rep(16384),
      user_name = ("\1"):rep(60000) }, NOW), NOW)
    assert(#text < 60 * 1024, #text)
    assert(record.decode(text).token.access_token)
  end)
end)
