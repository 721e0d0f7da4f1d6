-- lockout_policy: Equinix locks an account after five bad attempts; four may
-- go out.
local policy = require "equinix.oauth.lockout_policy"
local json = require "equinix.base.json"

local function refuse(state, secret, now, times)
  for _ = 1, times or 1 do
    policy.refused(state, secret, now)
  end
end

describe("the lock-out guard", function()
  local state
  before_each(function()
    state = policy.new()
  end)

  it("lets credentials pass that were never refused", function()
    assert.equal(0, policy.wait_seconds(state, "a", 0))
    assert.is_true(policy.is_clear(state))
  end)

  it("tries a refused secret after 10 and 60 minutes, then never", function()
    assert.equal(600, policy.refused(state, "a", 1000))
    assert.equal(1, policy.wait_seconds(state, "a", 1599))
    assert.equal(0, policy.wait_seconds(state, "a", 1600))
    assert.equal(3600, policy.refused(state, "a", 1600))
    assert.equal(1, policy.wait_seconds(state, "a", 5199))
    assert.equal(0, policy.wait_seconds(state, "a", 5200))
    assert.equal(math.huge, policy.refused(state, "a", 5200))
    assert.equal(math.huge, policy.wait_seconds(state, "a", 1e9))
  end)

  it("lets a changed secret try at once, and once", function()
    refuse(state, "a", 0, 3)
    assert.equal(0, policy.wait_seconds(state, "b", 0))
    assert.equal(math.huge, policy.refused(state, "b", 0)) -- the fourth
    assert.equal(math.huge, policy.wait_seconds(state, "b", 1e9))
  end)

  it("lets nothing pass by itself after four, whatever the secret", function()
    for i, secret in ipairs { "a", "b", "c", "d" } do
      assert.equal(0, policy.wait_seconds(state, secret, 0))
      assert.equal(i < 4 and 600 or math.huge,
        policy.refused(state, secret, 0))
    end
    for _, secret in ipairs { "a", "d", "new" } do
      assert.equal(math.huge, policy.wait_seconds(state, secret, 1e9))
    end
  end)

  it("forgets the count at a success, not another secret's latch", function()
    refuse(state, "a", 0, 2)
    refuse(state, "b", 0)
    policy.accepted(state, "b")
    assert.equal(0, state.count)
    assert.equal(0, policy.wait_seconds(state, "b", 0))
    assert.equal(3600, policy.wait_seconds(state, "a", 0))
    assert.is_false(policy.is_clear(state))
    -- The latch goes on where it was; the count starts anew.
    assert.equal(math.huge, policy.refused(state, "a", 3600))
    assert.equal(1, state.count)
    policy.accepted(state, "a") -- forced, and good again
    assert.is_true(policy.is_clear(state))
  end)

  it("keeps a bounded number of latches, the latest ones", function()
    for i = 1, 40 do
      refuse(state, "s" .. i, i, 3)
      policy.accepted(state, "another")
    end
    local kept = 0
    for _ in pairs(state.secrets) do
      kept = kept + 1
    end
    assert.equal(16, kept)
    for i = 25, 40 do
      assert.equal(math.huge, policy.wait_seconds(state, "s" .. i, 1e9))
    end
    -- All of it fits where the cache keeps it.
    assert(#json.encode(state) < 4096)
  end)

  it("survives the way through the cache", function()
    local a = policy.fingerprint("id", "secret one")
    refuse(state, a, 1234.5678, 2)
    local copy = json.decode(json.encode(state))
    assert.same(state, copy)
    assert.equal(policy.wait_seconds(state, a, 2000),
      policy.wait_seconds(copy, a, 2000))
    assert.is_true(policy.is_clear(json.decode(json.encode(policy.new()))))
  end)

  it("tells secrets and accounts apart without holding either", function()
    local mark = policy.fingerprint("id", "hunter2")
    assert.matches("^%x+$", mark)
    assert.equal(8, #mark)
    assert.equal(mark, policy.fingerprint("id", "hunter2"))
    assert.not_equal(mark, policy.fingerprint("id", "hunter3"))
    assert.not_equal(mark, policy.fingerprint("other", "hunter2"))
  end)
end)
