-- lockout_starved: credentials are refused while the memory runs out, at every
-- point in turn. The lock of the account's page is free at once, and a refusal
-- that came is counted.
if jit then
  jit.off() -- code that LuaJIT has compiled may crash without memory
end

local core = require "equinix.core"
local errors = require "equinix.base.error"
local lockout = require "equinix.oauth.lockout"
local transport = require "equinix.transport.curl"

local function attempt_of()
  return { identity = "starved account", transport = transport, force = true,
    seconds = 30, deadline = core.now() + 2, proof = function()
      return "a secret"
    end }
end

local function refuse(n)
  local attempt, sent = attempt_of(), false
  local result = { err = errors.make("auth", "refused") }
  local function call()
    return lockout.guarded(attempt, function()
      sent = true
      return "refused", result
    end)
  end
  local ok, verdict = host.starve(n, call) -- luacheck: globals host
  return ok, verdict, sent
end

lockout.guarded(attempt_of(), function() -- loads what it needs
  return "refused", { err = errors.make("auth", "refused") }
end)

local n, ok, verdict, sent = 0
repeat
  n = n + 1
  ok, verdict, sent = refuse(n)
  assert(ok and verdict == "refused"
    or tostring(verdict):find "not enough memory", tostring(verdict))
  local started = core.now()
  local pause = lockout.held_back(attempt_of())
  assert(core.now() - started < 5, "the page is locked: " .. n)
  assert(pause > 0 or not sent, "the refusal is forgotten: " .. n)
  assert("accepted" == lockout.guarded(attempt_of(), function()
    return "accepted", {} -- which clears the account
  end))
until ok
assert(n > 10, "it never ran out of memory")
