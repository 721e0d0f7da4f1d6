--- step: one step of a store, until the owner of the key has done it.
--
-- Law of this file: a step may be made twice with the effect of once. What
-- passes by itself (a failover, a restart, a slot that moves) is waited for,
-- within the grace and within the caller's time; what has to be repaired fails
-- at once. A Redis that stays away costs its grace once, and is then asked
-- once a second at most.

local core = require "equinix.core"
local errors = require "equinix.store.redis.errors"
local resp = require "equinix.store.redis.resp"

local M = {}

local PAUSE = 1 -- seconds in which one that stays away is left alone
local FORGET = 60 -- seconds after which an outage is a new one
local FIRST, LONGEST = 0.03, 0.4 -- pauses between two tries
local HOPS = 5 -- redirections without a pause
local SPARE = 0.02 -- seconds of the caller's time that are left to it

local ASKING = resp.command "ASKING"

---@class equinix.store.redis.Outage of a slot
---@field since number
---@field last number
---@field fault equinix.store.redis.Fault

---@class equinix.store.redis.Job
---@field words string bytes of resp.command
---@field slot integer
---@field script? string
---@field eager? boolean tried even where Redis is left alone

---@class equinix.store.redis.Steps of one store, whatever its transports
---@field settings equinix.store.redis.Settings
---@field owner table
---@field outages table<integer, equinix.store.redis.Outage>
---@field debt table|false the last lease that could not be given back

--- Makes the steps of a store.
---@param settings equinix.store.redis.Settings
---@return equinix.store.redis.Steps
function M.new(settings)
  local owner = require("equinix.store.redis." .. settings.kind)
  return { settings = settings, owner = owner.new(settings), outages = {},
    debt = false }
end

-- The outage that a step meets; nil: none that counts.
local function outage_of(self, slot, now)
  local outage = self.outages[slot]
  if outage and now > outage.last + FORGET then
    self.outages[slot], outage = nil, nil
  end
  return outage
end

-- Faults without a reply: trying again at once would cost the same time.
local COSTLY = { closed = true, garbage = true, plain = true, refused = true,
  timeout = true, tls = true, unreachable = true, unresolved = true }

-- What the server said is worth more than that it then said nothing. Returns
-- the fault that is to be reported.
local function note(self, slot, fault, now, since)
  local outage = self.outages[slot] or { since = since }
  local said = outage.fault
  if not said or not COSTLY[fault.name] or COSTLY[said.name] then
    outage.fault = fault
  end
  outage.last = now
  self.outages[slot] = outage
  return outage.fault
end

-- One try. -> reply | nil, fault, node
local function try(self, transport, job, to, deadline)
  local node, why = to and to.to
  if not node then
    node, why = self.owner:find(transport, job.slot, deadline)
    if not node then
      return nil, why
    end
  end
  local asking = to and to.asking
  local reply, fault = node:ask(transport, asking and ASKING .. job.words
    or job.words, asking and 2 or 1, deadline, job.script)
  if reply == nil then
    self.owner:failed(node, fault, job.slot)
  end
  return reply, fault
end

-- How long to pause before the next try; nil: there is none.
local function pause_after(fault, state, now)
  if not fault.again then
    return nil
  elseif (fault.now or fault.kept) and state.hops < HOPS then
    state.hops = state.hops + 1
    return now < state.deadline and 0 or nil
  end
  local left = math.min(state.deadline, state.grace_ends) - now
  local pause = state.pause * (0.75 + 0.5 * core.random())
  state.pause = math.min(LONGEST, state.pause * 2)
  return left > 0 and math.min(pause, left) or nil
end

local function state_of(self, outage, deadline, now)
  return {
    deadline = deadline,
    grace_ends = (outage and outage.since or now) + self.settings.grace,
    pause = FIRST,
    hops = 0,
  }
end

local function is_left_alone(self, outage, now)
  local fault = outage.fault
  return now < outage.last + PAUSE and COSTLY[fault.name]
    and (not fault.again or now >= outage.since + self.settings.grace)
end

--- Makes a step.
---@param self equinix.store.redis.Steps
---@param transport table the port
---@param job equinix.store.redis.Job
---@param seconds? number what is left for it; nil: as long as the grace
---@return any reply
---@return equinix.store.redis.Fault|nil
---@return boolean|nil old nothing was sent now: this is the last fault
function M.run(self, transport, job, seconds)
  local begun = core.now()
  local now = begun
  local outage = outage_of(self, job.slot, now)
  if outage and not job.eager and is_left_alone(self, outage, now) then
    return nil, outage.fault, true
  end
  local state = state_of(self, outage,
    now + (seconds and seconds - math.min(SPARE, seconds / 10) or 1e9), now)
  local limit, to, maybe_sent, last = state.deadline, nil, false, nil
  while true do
    local reply, fault = try(self, transport, job, to, limit)
    if reply ~= nil then
      self.outages[job.slot] = nil
      return reply
    end
    maybe_sent = maybe_sent or fault.maybe_sent or false
    fault = fault.late and last or fault -- what it had to wait for
    last = fault
    now = core.now()
    local pause = pause_after(fault, state, now)
    local known = fault
    if fault.again and pause ~= 0 or COSTLY[fault.name] then
      known = note(self, job.slot, fault, now, begun)
    end
    if not pause then
      known.maybe_sent = maybe_sent
      return nil, known
    elseif pause > 0 then
      transport.sleep(pause)
    end
    to = fault.to and fault
    -- Who has just timed out gets less time to connect.
    limit = fault.name == "timeout" and math.min(state.deadline,
      core.now() + self.settings.timeout) or state.deadline
  end
end

--- The reply that a node gives now, for what looks at one of them.
---@param self equinix.store.redis.Steps
---@param transport table
---@param node equinix.store.redis.Node
---@param deadline number on core.now()
---@return any reply
---@return equinix.store.redis.Fault|nil
function M.ask(self, transport, node, deadline, ...)
  local words = resp.command(...)
  local reply, fault = node:ask(transport, words, 1, deadline)
  if reply == nil and fault.again then
    self.owner:failed(node, fault)
    if core.now() < deadline and (fault.kept or fault.now) then
      return node:ask(transport, words, 1, deadline)
    end
  end
  return reply, fault
end

--- What a store returns for a fault.
---@param fault equinix.store.redis.Fault
---@param old boolean|nil
---@return nil
---@return string reason
---@return {temporary: boolean, hint: string}
function M.fail(fault, old)
  local reason, more = errors.say(fault)
  if old then
    reason = reason .. " (a moment ago; not tried again for a second)"
  end
  return nil, reason, more
end

return M
