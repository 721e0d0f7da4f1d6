-- finding: what a leader finds in a store, and what that means for it.
local core = require "equinix.core"
local finding = require "equinix.tokens.finding"
local place = require "equinix.tokens.place"
local record = require "equinix.tokens.record"
local token = require "equinix.oauth.token"

local function a_place(found, seen)
  local at = place.new({ session = { store = {} } }, {}, 35)
  at.record, at.seen = found, seen
  return at
end

local function a_token(name, age)
  local wall = core.time() - (age or 0)
  return record.renewed(token.new { access_token = name, token_type = "Bearer",
    expires_in = 3600, expires_at = wall + 3600 }, wall)
end

local function failed(pause, at)
  return record.failed({}, { streak = 1, kind = "http" }, pause,
    at or core.time(), core.now())
end

local function peers(renewal)
  return { renewal = renewal or {}, unwanted = {} }
end

describe("what a leader finds", function()
  it("is nothing in an empty place", function()
    assert.is_nil(finding.judge(peers(), a_place({})))
  end)

  it("is a token, unless that is near its end or won't do", function()
    local kind, found = finding.judge(peers(), a_place(a_token "A"))
    assert.equal("token", kind)
    assert.equal("A", found.fields.access_token)
    assert.is_nil(finding.judge(peers(), a_place(a_token("A", 3580))))
    assert.equal("A", finding.token(peers(), a_place(a_token("A", 3580)))
      .fields.access_token)
    local one = peers()
    one.unwanted.A = true
    assert.is_nil(finding.judge(one, a_place(a_token "A")))
  end)

  it("is an error that holds back, unless it is forced", function()
    local at = a_place(failed(60), false)
    assert.equal("failed", (finding.judge(peers(), at)))
    at.seen = at.record.failed
    assert.equal("failed", (finding.judge(peers(), at)))
    assert.is_nil(finding.judge(peers { force = true }, at))
  end)

  it("is an error that came while it waited, though it is over", function()
    local old = core.time() - 100
    assert.equal("failed", (finding.judge(peers(), a_place(failed(1, old),
      false))))
    -- Where it did not look before, what is older than its wait is none.
    assert.is_nil(finding.judge(peers(), a_place(failed(1, old))))
    assert.equal("failed", (finding.judge(peers { force = true },
      a_place(failed(0.001, core.time() + 1)))))
  end)

  it("is rather a token near its end than an error", function()
    local at = a_place(failed(60), false)
    local old = a_token("A", 3580)
    at.record.token, at.record.issued = old.token, old.issued
    assert.equal("token", (finding.judge(peers(), at)))
  end)
end)
