--- check: what is wrong with a Redis, for a person to read.
--
-- Law of this file: every question is asked, and each answer is one finding.
-- What the user of the store may not ask is no fault: the finding says that it
-- is not known. All steps of a store are tried on a key of their own, which is
-- deleted; nothing else is written.

local core = require "equinix.core"
local step = require "equinix.store.redis.step"
local text = require "equinix.base.text"

local M = {}

--- Pages of latches; the records of all accounts begin with their names.
M.PAGES = 16

---@class equinix.StoreFinding
---@field ok boolean|nil nil: it could not be found out
---@field what "connection"|"role"|"rights"|"policy"|"clock"
---@field message string
---@field remedy? string

local CLOCK = 2 -- seconds that a clock may be wrong
local TTL = 10 -- seconds

---@class equinix.StoreCheck
---@field store equinix.store.Redis
---@field transport table
---@field deadline number
---@field findings equinix.StoreFinding[]
---@field replica? boolean its role says so
---@field alone boolean neither a cluster nor behind sentinels
---@field node? equinix.store.redis.Node that is asked
local Check = {}
Check.__index = Check

function Check:add(ok, what, message, remedy)
  self.findings[#self.findings + 1] = { ok = ok, what = what,
    message = message, remedy = remedy }
  return ok
end

function Check:left()
  return math.max(0, self.deadline - core.now())
end

function Check:ask(...)
  return step.ask(self.store.steps, self.transport, self.node, self.deadline,
    ...)
end

-- TLS, name, login: all of a connection. -------------------------------------

function Check:connection()
  local steps = self.store.steps
  local masters, fault = steps.owner:masters(self.transport, self.deadline)
  local reply
  for i = 1, masters and #masters or 0 do
    self.node = masters[i]
    reply, fault = self:ask "PING"
    if reply == nil and fault.name ~= "NOPERM" then
      break
    end
    fault = nil
  end
  if fault then
    local _, reason, more = step.fail(fault)
    return self:add(false, "connection", reason, more.hint)
  end
  local settings = steps.settings
  return self:add(true, "connection", ("%s answers%s%s"):format(
    self.store.name, settings.tls.tls and " over TLS" or "",
    settings.login.secret and ", and accepts the login" or ""))
end

-- A lone server; of the others only masters are here. ------------------------

function Check:role()
  local reply, fault = self:ask "ROLE"
  local role = type(reply) == "table" and reply[1]
  if not role then
    return self:add(nil, "role", ("its role is not known (%s)"):format(
      fault and fault.name or "garbage"), "allow the command role: +role")
  elseif role ~= "master" then
    self.replica = role == "slave"
    return self:add(false, "role", ("Redis at %s is a %s"):format(
      self.node.where, role == "slave" and "replica" or "server of another "
      .. "kind"), "name the master, or its sentinels")
  end
  return self:add(true, "role", ("Redis at %s is a master")
    :format(self.node.where))
end

-- Rights ---------------------------------------------------------------------

local COMMANDS = { "strlen", "get", "set", "pttl", "pexpire", "del" }
local RIGHTS = "+eval +get +set +strlen +pttl +pexpire +del +select"
local ARGUMENTS = { set = { "x" }, pexpire = { "1" } }

-- All commands that this user may not use, and whether it is the keys that it
-- may not use; nil: it may not ask.
function Check:forbidden()
  local user = self:ask("ACL", "WHOAMI")
  if type(user) ~= "string" then
    return nil
  end
  local key, missing, keys = self.store.prefix .. "{latch.check}", {}, false
  local function try(name, ...)
    local reply, fault = self:ask("ACL", "DRYRUN", user, name, ...)
    if reply == nil then
      return nil, fault
    elseif reply ~= "OK" and tostring(reply):find "access.*key" then
      keys = true
    elseif reply ~= "OK" then
      missing[#missing + 1] = "+" .. name
    end
    return true
  end
  if not try("eval", "return 1", "1", key)
    or self.store.steps.settings.kind == "cluster" and not try "asking" then
    return nil
  end
  for _, name in ipairs(COMMANDS) do
    if not try(name, key, (table.unpack or unpack)(ARGUMENTS[name] or {})) then
      return nil
    end
  end
  return missing, keys
end

-- Every step, on a key of its own. -> nil | what failed, reason, more
function Check:try_steps()
  local store = self.store:over(self.transport)
  local key = "latch.check.trial" .. core.sha256(tostring(core.random()))
    :sub(1, 16)
  local lease, reason, more = store:lock(key, TTL, self:left())
  if not lease then
    return "lock", reason, more
  end
  for _, trial in ipairs {
    { "save", key, "trial", TTL, lease }, { "load", key },
    { "extend", lease, TTL }, { "unlock", lease }, { "delete", key },
  } do
    local arguments = { (table.unpack or unpack)(trial, 2) }
    arguments[#arguments + 1] = self:left()
    local done
    done, reason, more = store[trial[1]](store,
      (table.unpack or unpack)(arguments))
    if not done then
      return trial[1], reason or "the store has lost what was just written",
        more
    end
  end
end

-- Redis names one that is missing; all of them at once spare its user a round
-- for each.
function Check:all_rights()
  return ("allow it, with all that a store needs: ACL SETUSER ... %s%s ~%s*")
    :format(RIGHTS, self.alone and "" or " +cluster|slots +asking +role",
      self.store.prefix)
end

-- A lone server has the records of all accounts; a node of a cluster says of
-- some that they are elsewhere. -> nil | reason, more
function Check:elsewhere()
  for page = 0, self.alone and M.PAGES - 1 or -1 do
    local reply, fault = self:ask("GET",
      ("%s{latch.%d}"):format(self.store.prefix, page))
    if reply == nil and fault and fault.name == "MOVED" then
      local _, reason, more = step.fail(fault)
      return reason, more
    end
  end
end

function Check:rights()
  local missing, keys = self:forbidden()
  if missing and (missing[1] or keys) then
    missing[#missing + 1] = keys and "~" .. self.store.prefix .. "*" or nil
    local all = table.concat(missing, " ")
    return self:add(false, "rights", "Redis does not allow this user: "
      .. all, "ACL SETUSER ... " .. all .. (keys and "" or " ~"
      .. self.store.prefix .. "*"))
  end
  local op, reason, more = self:try_steps()
  if op then
    return self:add(false, "rights", ("%s: %s"):format(op, reason),
      reason:find("NOPERM", 1, true) and self:all_rights()
      or more and more.hint)
  end
  reason, more = self:elsewhere()
  if reason then
    return self:add(false, "rights", reason, more.hint)
  end
  return self:add(true, "rights", "every step of a store works")
end

-- Policy and clock -----------------------------------------------------------

-- -> name, limit in bytes | nil
local function policy_of(self)
  local reply = self:ask("CONFIG", "GET", "maxmemory*")
  local found = {}
  for i = 1, type(reply) == "table" and #reply or 0, 2 do
    found[tostring(reply[i])] = tostring(reply[i + 1])
  end
  if found["maxmemory-policy"] then
    return found["maxmemory-policy"], tonumber(found.maxmemory)
  end
  reply = self:ask("INFO", "memory")
  if type(reply) == "string" then
    return reply:match "maxmemory_policy:([a-z-]+)",
      tonumber(reply:match "maxmemory:(%d+)")
  end
end

local GOOD = { noeviction = true, ["volatile-lru"] = true }
local POLICY_REMEDY = "set maxmemory-policy to volatile-lru or noeviction"

function Check:policy()
  local name, limit = policy_of(self)
  if not name or not name:find "^[a-z-]+$" then
    return self:add(nil, "policy", "maxmemory-policy is not known: this user "
      .. "may use neither CONFIG GET nor INFO", "allow +config|get or +info, "
      .. "or look yourself: it should be volatile-lru or noeviction")
  elseif GOOD[name] then
    return self:add(true, "policy", "maxmemory-policy is " .. name)
  end
  return self:add(limit == 0, "policy", ("maxmemory-policy is %s%s"):format(
    name, limit == 0 and ", and without maxmemory nothing is thrown away"
      or ": a full Redis may throw away locks and tokens that are in use"),
    POLICY_REMEDY)
end

function Check:clock()
  local before = core.time()
  local reply = self:ask "TIME"
  local seconds = type(reply) == "table" and tonumber(reply[1])
  local after = core.time()
  if not seconds then
    return self:add(nil, "clock", "its clock is not known",
      "allow the command time: +time")
  end
  seconds = seconds + (tonumber(reply[2]) or 0) / 1e6
  local ahead = seconds < before and seconds - before
    or seconds > after and seconds - after or 0
  if math.abs(ahead) <= CLOCK then
    return self:add(true, "clock", "its clock agrees with the one here")
  end
  return self:add(false, "clock", ("its clock is %s s %s the one here"):format(
    text.of_number(math.floor(math.abs(ahead) + 0.5)),
    ahead > 0 and "ahead of" or "behind"),
    "set both clocks (NTP): processes of a fleet compare times")
end

--- Asks all of it.
---@param store equinix.store.Redis
---@param transport table the port
---@param seconds number for all of it
---@return equinix.StoreFinding[]
function M.run(store, transport, seconds)
  local self = setmetatable({ store = store, transport = transport,
    deadline = core.now() + seconds, findings = {},
    alone = store.steps.settings.kind == "alone" }, Check)
  if self:connection() then
    self:role()
    if not self.replica then -- it would say the same again, of each step
      self:rights()
    end
    self:policy()
    self:clock()
  end
  return self.findings
end

return M
