-- account: the guard that whoever sends credentials holds meanwhile.
local account = require "equinix.account"
local core = require "equinix.core"
local scripted = require "spec.support.scripted"

local function enter(identity, proof, transport, seconds)
  return account.enter(identity, proof, transport or scripted.transport {},
    35, core.now() + (seconds or 5))
end

describe("the guard of an account", function()
  it("lets one in at a time, and the next one after him", function()
    local identity = scripted.unique()
    local held = assert(enter(identity, "proof"))
    local other = scripted.transport {}
    other.blocks = false
    other.sleep = core.sleep
    local nobody, problem = enter(identity, "another", other, 0.05)
    assert.is_nil(nobody)
    assert.equal("token_wait", problem.code)
    held:leave()
    local next_one = assert(enter(identity, "another", other))
    next_one:leave()
  end)

  it("never waits for itself in one thread", function()
    local identity = scripted.unique()
    local held = assert(enter(identity, "proof"))
    assert.equal("token_wait", select(2, enter(identity, "proof")).code)
    held:leave()
  end)

  it("keeps who was refused, for whoever enters next", function()
    local identity = scripted.unique()
    local held = assert(enter(identity, "wrong"))
    assert.equal(0, held:pause())
    local pause, refusals = held:refused()
    assert.is_true(pause > 599)
    assert.equal(1, refusals)
    held:leave()

    held = assert(enter(identity, "wrong"))
    assert.is_true(held:pause() > 590)
    local problem = held:latched()
    assert.equal("auth", problem.kind)
    assert.equal("latched", problem.code)
    assert.is_true(problem.retry_after > 590)
    held:leave()

    held = assert(enter(identity, "right"))
    assert.equal(0, held:pause())
    held:accepted()
    held:leave()
    held = assert(enter(identity, "wrong"))
    assert.is_true(held:pause() > 590)
    held:leave()
  end)

  it("forgets a count that a success has cleared", function()
    local identity = scripted.unique()
    for _ = 1, 3 do
      local held = assert(enter(identity, "x"))
      held:refused()
      held:accepted()
      held:leave()
    end
    local held = assert(enter(identity, "x"))
    assert.equal(0, held:pause())
    assert.equal(0, held.state.count)
    held:leave()
  end)
end)
