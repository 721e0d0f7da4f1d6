-- single_flight: rounds of N callers that start at once. Exactly one leads,
-- all others get its result. argv: "token", "expired_on_arrival" or "failure",
-- and the number of rounds. luacheck: read globals host workers
local how, rounds = ...
local core = require "equinix.core"
local slot = core.tokens.open("single flight " .. how)

local LEADS = 1 -- the tally of token requests

local function lead(lease, round)
  host.tally(LEADS, 1)
  host.nap() -- the request; the others arrive meanwhile
  local now = core.now()
  if how == "failure" then
    assert(slot:fail(lease, "failure " .. round, 0))
    return "failure " .. round
  end
  local life = how == "expired_on_arrival" and -1 or 1000
  assert(slot:publish(lease, "record " .. round, "Bearer " .. round, {
    fresh = now + life,
    advisory = now + life,
    expires = now + life,
  }))
  return "Bearer " .. round
end

local function follow(renewal)
  while not slot:wait(60, renewal) do
    error "the renewal never ended"
  end
  local outcome, a, b = slot:result(renewal)
  assert(outcome == (how == "failure" and "failed" or "published"), outcome)
  return outcome == "failed" and a or b
end

local seen = 0
for round = 1, tonumber(rounds) do
  host.barrier()
  local result, renewal = slot:acquire(seen)
  local got
  if result == "lead" then
    -- Late workers must find the renewal and not lead one of their own: the
    -- leader ends it when all have asked.
    host.tally(2, 1)
    while host.tally(2) < workers * round do
      host.nap()
    end
    got = lead(renewal, round)
  else
    assert(result == "wait", result)
    host.tally(2, 1)
    got = follow(renewal)
  end
  local want = (how == "failure" and "failure " or "Bearer ") .. round
  assert(got == want, got)
  host.barrier()
  assert(host.tally(LEADS) == round, host.tally(LEADS) .. " led")
  seen = select(2, slot:read())
end
