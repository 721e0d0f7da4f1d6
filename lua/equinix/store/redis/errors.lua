--- errors: the reason why a step in Redis failed, in our own text.
--
-- Law of this file: of a server's error only the code (its first word) is
-- passed on, since the rest may be anything. A failure is either such a code,
-- in capitals, or one of the names below. Each text continues "Redis at
-- HOST:PORT ".

local REASONS = {
  -- found by a driver
  refused = "refuses connections: is it running, is the port right?",
  unreachable = "can't be reached: is the address right?",
  unresolved = "has a name that can't be resolved: name an address",
  timeout = "timed out: is it busy or down, is `timeout` too short?",
  closed = "closed the connection",
  garbage = "sent an invalid reply: is it Redis?",
  phase = "can't be used here: this phase of nginx can't wait",
  -- found in a reply
  large = "has a value larger than a record at this key: delete it",
  endless = "has a value without an expiry at this key: delete it",
  login = "does not accept this login: does it have a password, and users "
    .. "(Redis 6)?",
  db = "has no such db: see its setting `databases`",
  -- Redis' own
  BUSY = "is busy with a script (BUSY)",
  CLUSTERDOWN = "is part of a cluster that is down (CLUSTERDOWN)",
  DENIED = "is in protected mode (DENIED): give it a password",
  LOADING = "is still reading its data (LOADING)",
  MASTERDOWN = "is a replica without its master (MASTERDOWN)",
  MAXCLIENTS = "has too many clients: raise its maxclients",
  MISCONF = "can't write to its disk and refuses writes (MISCONF): see its "
    .. "log",
  MOVED = "is a node of a cluster (MOVED): name one that has every key",
  NOAUTH = "requires a login (NOAUTH): set `password`, and `username` where "
    .. "there are users",
  NOPERM = "does not allow this user the command (NOPERM): allow eval, get, "
    .. "set, strlen, pttl, pexpire and del for the keys under `prefix`",
  NOREPLICAS = "refuses writes for lack of replicas (NOREPLICAS)",
  OOM = "is out of memory (OOM): raise its maxmemory",
  READONLY = "is a replica (READONLY): name the master",
  WRONGPASS = "does not accept this login (WRONGPASS): check `username` and "
    .. "`password`",
  WRONGTYPE = "has another type of value at this key (WRONGTYPE): delete it, "
    .. "or choose another `prefix`",
}

local M = {}

-- Errors without a code that we can say more about.
local CODES = {
  ["^ERR The user executing the script can't"] = "NOPERM",
  ["^ERR max number of clients"] = "MAXCLIENTS",
}

--- The code that an error of Redis begins with.
---@param text string what the server wrote
---@return string code "ERR" where there is none
function M.code(text)
  for pattern, code in pairs(CODES) do
    if text:find(pattern) then
      return code
    end
  end
  local code = text:match "^[A-Z]+"
  return code and #code <= 16 and code or "ERR"
end

--- The reason for a failure.
---@param failure string a name above or a code of Redis
---@return string
function M.of(failure)
  return REASONS[failure] or ("refused with the error %s"):format(failure)
end

return M
