-- Rounds of N callers who start at once: exactly one leads, all the others
-- get what it brought. argv: "token", "stillborn" or "failure", and rounds.
-- luacheck: read globals host workers
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
  local life = how == "stillborn" and -1 or 1000
  assert(slot:publish(lease, "record " .. round, "Bearer " .. round, {
    fresh = now + life,
    advisory = now + life,
    expires = now + life,
  }))
  return "Bearer " .. round
end

local function follow(flight)
  while not slot:wait(10, flight) do
    error "the flight never ended"
  end
  local outcome, a, b = slot:result(flight)
  assert(outcome == (how == "failure" and "failed" or "published"), outcome)
  return outcome == "failed" and a or b
end

local seen = 0
for round = 1, tonumber(rounds) do
  host.barrier()
  local turn, flight = slot:acquire(seen)
  local got
  if turn == "lead" then
    -- Late-comers must find the flight, not lead one of their own: the
    -- leader ends it when all have asked.
    host.tally(2, 1)
    while host.tally(2) < workers * round do
      host.nap()
    end
    got = lead(flight, round)
  else
    assert(turn == "wait", turn)
    host.tally(2, 1)
    got = follow(flight)
  end
  local want = (how == "failure" and "failure " or "Bearer ") .. round
  assert(got == want, got)
  host.barrier()
  assert(host.tally(LEADS) == round, host.tally(LEADS) .. " led")
  seen = select(2, slot:read())
end
