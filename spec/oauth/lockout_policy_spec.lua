-- lockout_policy: Equinix locks an account after five bad attempts; four may
-- go out.
local policy = require "equinix.oauth.lockout_policy"

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
    policy.accepted(state, "b", 0)
    assert.equal(0, state.count)
    assert.equal(0, policy.wait_seconds(state, "b", 0))
    assert.equal(3600, policy.wait_seconds(state, "a", 0))
    assert.is_false(policy.is_clear(state))
    -- The latch goes on where it was; the count starts anew.
    assert.equal(math.huge, policy.refused(state, "a", 3600))
    assert.equal(1, state.count)
    policy.accepted(state, "a", 0) -- forced, and good again
    assert.is_true(policy.is_clear(state))
  end)

  it("keeps a bounded number of latches, the latest ones", function()
    for i = 1, 40 do
      refuse(state, "s" .. i, i, 3)
      policy.accepted(state, "another", i)
    end
    local kept = 0
    for _ in pairs(state.secrets) do
      kept = kept + 1
    end
    assert.equal(16, kept)
    for i = 25, 40 do
      assert.equal(math.huge, policy.wait_seconds(state, "s" .. i, 1e9))
    end
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

describe("attempts in flight", function()
  local state
  before_each(function()
    state = policy.new()
  end)

  local function begin(id, at, more)
    local attempt = { at = at or 0, seconds = 35 }
    for name, value in pairs(more or {}) do
      attempt[name] = value
    end
    policy.begin(state, id, attempt)
  end

  local function judge(secret, now, caller)
    local kind, seconds = policy.judge(state, secret, caller, now or 0)
    return kind .. (seconds and " " .. seconds or "")
  end

  it("count like refusals until their result is known", function()
    policy.refused(state, "x", 0)
    for i = 1, 3 do
      assert.equal("go", judge "a")
      begin("id" .. i)
    end
    assert.equal("wait", judge "a")
    policy.over(state, "id1")
    assert.equal("go", judge "a")
  end)

  it("count for an hour where no result comes", function()
    for i = 1, 4 do
      begin("id" .. i, i)
    end
    assert.equal("wait", judge("a", 35.5))
    assert.equal("wait", judge("a", 38.5)) -- one is in flight
    assert.equal("held 3596", judge("a", 40))
    assert.equal("go", judge("a", 36 + 3600))
    policy.accepted(state, "a", 3700) -- known to be later than all of them
    assert.is_true(policy.is_clear(state))
  end)

  it("are cleared by no success that may have come before them", function()
    begin("right", 0)
    begin("wrong", 0)
    policy.refused(state, "w", 1, "wrong")
    policy.accepted(state, "r", 2, "right")
    assert.equal(1, state.count)
    begin("right", 3)
    policy.accepted(state, "r", 4, "right")
    assert.equal(0, state.count)
  end)

  it("are cleared by no success of an attempt that is unknown", function()
    policy.refused(state, "w", 1)
    policy.accepted(state, "r", 2, "lost and dropped")
    assert.equal(1, state.count)
  end)

  it("with a refused secret go out one at a time", function()
    policy.refused(state, "a", 0)
    assert.equal("held 100", judge("a", 500))
    assert.equal("go", judge("a", 600))
    begin("id", 600, { secret = "a" })
    assert.equal("wait", judge("a", 600))
    assert.equal("go", judge("b", 600))
  end)

  it("of callers leave two for the service itself", function()
    state.own = true
    begin("one", 0, { caller = true })
    begin("two", 0, { caller = true })
    assert.equal("wait", judge("a", 0, true))
    assert.equal("go", judge("a", 0))
    policy.refused(state, "x", 0, "one")
    policy.refused(state, "y", 0, "two")
    assert.equal("held " .. math.huge, judge("a", 0, true))
    assert.equal("go", judge("a", 0))
    policy.accepted(state, "a", 0)
    assert.equal("go", judge("b", 0, true))
  end)

  it("always leave one for the secret that was accepted last", function()
    state.own = true
    policy.accepted(state, "right", 0)
    for i = 1, 3 do
      assert.equal("go", judge("w" .. i))
      policy.refused(state, "w" .. i, 0)
    end
    assert.equal("held " .. math.huge, judge "w4")
    assert.equal("go", judge "right")
    policy.refused(state, "right", 0)
    assert.equal("held " .. math.huge, judge "right")
  end)
end)

describe("an attempt that was lost", function()
  it("is lost from the first time on that it is said", function()
    local state = policy.new()
    policy.begin(state, "id", { at = 0, seconds = 60 })
    policy.lost(state, "id", 10)
    policy.lost(state, "id", 3000)
    assert.equal(10, state.attempts.id.seconds)
  end)
end)

describe("states of two places", function()
  it("are the stored one and what was not saved", function()
    local stored, known = policy.new(), policy.new()
    policy.refused(stored, "a", 0)
    stored.unsaved = nil
    policy.refused(known, "b", 0)
    policy.begin(known, "id", { at = 0, seconds = 1 })
    local both = policy.joined(stored, known)
    assert.equal(2, both.count)
    assert.equal(1, both.unsaved)
    assert.is_truthy(both.secrets.a and both.secrets.b and both.attempts.id)
    -- What came from elsewhere may be later than what is in flight here.
    assert.equal(1, both.attempts.id.beside)
  end)
end)
