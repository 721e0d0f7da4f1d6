-- lockout_page: many accounts in one text of a limited size.
local core = require "equinix.core"
local lockout_page = require "equinix.oauth.lockout_page"
local policy = require "equinix.oauth.lockout_policy"

-- Through the text, as each use goes.
local function again(page, now)
  local text = assert(page:encode(now))
  assert(#text <= 4096, #text)
  local copy, readable = lockout_page.decode(text)
  assert.is_true(readable)
  return copy, text
end

local function refuse(page, identity, secret, now, id)
  policy.refused(page:account(identity, now), policy.fingerprint(identity,
    secret), now, id)
end

local NOW = 1000 -- on core.now(), which is never 0

describe("a page of accounts", function()
  it("survives its text", function()
    local page = lockout_page.new()
    refuse(page, "one", "secret", 1234.567)
    local state = page:account("one", 0)
    state.own, state.accepted = true, "0123abcd"
    policy.begin(state, "0a0b0c0d", { at = 12.345, seconds = 35,
      caller = true, secret = "00000001" })
    page.kept = true
    local copy = again(page, 0)
    assert.same(state, copy:account("one", 0))
    assert.is_true(copy.kept)
  end)

  it("has the account on the same page each time, of few", function()
    local seen = {}
    for i = 1, 2000 do
      local number = lockout_page.number("account " .. i)
      assert.equal(number, lockout_page.number("account " .. i))
      seen[number] = true
    end
    for number = 0, lockout_page.COUNT - 1 do
      assert.is_true(seen[number])
    end
    assert.is_nil(seen[lockout_page.COUNT])
  end)

  it("forgets what is no more than is known of any account", function()
    local page = lockout_page.new()
    page:account("one", 0)
    page:tidy("one", 0)
    assert.is_true(page:is_clear(0))
    assert.equal('{"accounts":{}}', page:encode(0))
  end)

  it("is an empty one where the text is no page", function()
    for _, bad in ipairs { "", "[]", "1", '{"accounts":1}',
      '{"accounts":{"0123456789abcdeg":{"c":1}}}',
      '{"accounts":{"0123456789abcdef":{"c":-1}}}',
      '{"accounts":{"0123456789abcdef":{"c":1.5}}}',
      '{"accounts":{"0123456789abcdef":{"s":{"0000000g":[1,1]}}}}',
      '{"accounts":{"0123456789abcdef":{"f":{"00000000":[1,1]}}}}',
      '{"accounts":{"0123456789abcdef":{"f":{"00000000":[1e300,1,1]}}}}',
    } do
      local page, readable = lockout_page.decode(bad)
      if readable then
        assert.is_true(page:is_clear(0), bad)
      end
      assert.equal(0, page:account("a", 0).count)
    end
  end)

  -- Beside a table that forgets nothing: the page may say more, never less.
  it("knows at least as much as was refused, of any number of accounts",
    function()
      local page, exact, now = lockout_page.new(), {}, 1000
      local ids = { "w1", "w2", "w3", "w4" }
      for i = 1, 2000 do
        now = now + 1
        local identity = "account " .. math.floor(core.random() * 700)
        local secret = ids[1 + math.floor(core.random() * 4)]
        if core.random() < 0.1 then
          policy.accepted(page:account(identity, now),
            policy.fingerprint(identity, "right"), now)
          exact[identity] = 0
        else
          refuse(page, identity, secret, now)
          exact[identity] = (exact[identity] or 0) + 1
        end
        page:tidy(identity, now)
        if i % 5 == 0 then
          page = again(page, now)
          local other = "account " .. math.floor(core.random() * 700)
          assert(page:account(other, now).count >= (exact[other] or 0))
          page:tidy(other, now)
        end
      end
      for identity, count in pairs(exact) do
        assert(page:account(identity, now).count >= count, identity)
      end
    end)

  it("keeps what is in flight and what is its own, and says when it is full",
    function()
      local page = lockout_page.new()
      page:account("ours", NOW).own = true
      refuse(page, "theirs", "x", NOW)
      local count = 0
      repeat
        count = count + 1
        policy.begin(page:account("flying " .. count, NOW),
          ("%08x"):format(count), { at = NOW, seconds = 35 })
      until not page:fits()
      assert(count > 40, count)
      policy.over(page:account("flying " .. count, NOW),
        ("%08x"):format(count))
      page:tidy("flying " .. count, NOW)
      local copy = again(page, NOW)
      assert.is_true(copy:account("ours", NOW).own)
      for i = 1, count - 1 do
        assert.is_truthy(next(copy:account("flying " .. i, NOW).attempts))
      end
      -- The one that had to leave counts against all that are not there.
      assert.equal(1, copy:account("theirs", NOW).count)
      assert.equal(1, copy:account("unknown", NOW).count)
      assert.equal(0, copy:account("unknown too", NOW + 25 * 3600).count)
    end)
end)
