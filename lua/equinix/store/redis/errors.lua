--- errors: what went wrong with Redis, in words of ours.
--
-- Law of this file: of what a server writes only its code word is passed on,
-- for it may write anything. A failure is either such a word, in capitals, or
-- one of the names below. Each text goes on from "Redis at HOST:PORT ".

local WORDS = {
  -- what a driver found
  refused = "refuses connections: is it running, is the port right?",
  unreachable = "can't be reached: is the address right?",
  unresolved = "has a name that can't be resolved: name an address",
  timeout = "timed out: is it busy or away, is `timeout` too short?",
  closed = "closed the connection",
  garbage = "sent what is no answer: is it Redis?",
  phase = "can't be asked here: nginx may not wait in this place",
  -- what a command brought
  large = "holds more than a record at this key: delete it",
  endless = "holds something without an end at this key: delete it",
  login = "knows no such login: has it a password, and users (Redis 6)?",
  db = "has no such db: see its setting `databases`",
  -- Redis' own
  BUSY = "is busy with somebody's script (BUSY)",
  CLUSTERDOWN = "is part of a cluster that is down (CLUSTERDOWN)",
  DENIED = "is in protected mode (DENIED): give it a password",
  LOADING = "is still reading its data (LOADING)",
  MASTERDOWN = "is a replica without its master (MASTERDOWN)",
  MAXCLIENTS = "has too many clients: raise its maxclients",
  MISCONF = "can't write to its disk and takes nothing (MISCONF): see its log",
  MOVED = "is one of a cluster (MOVED): name one that holds every key",
  NOAUTH = "wants a login (NOAUTH): give `password`, and perhaps `username`",
  NOPERM = "forbids its user the command (NOPERM): allow eval, get, set, "
    .. "strlen, pttl, pexpire and del for the keys under `prefix`",
  NOREPLICAS = "takes nothing for want of replicas (NOREPLICAS)",
  OOM = "is out of memory (OOM): raise its maxmemory",
  READONLY = "is a replica (READONLY): name the master",
  WRONGPASS = "knows no such login (WRONGPASS): look at `username` and "
    .. "`password`",
  WRONGTYPE = "holds something else at this key (WRONGTYPE): delete it, or "
    .. "choose another `prefix`",
}

local M = {}

-- Errors without a code word of their own that we can say more about.
local CODES = {
  ["^ERR The user executing the script can't"] = "NOPERM",
  ["^ERR max number of clients"] = "MAXCLIENTS",
}

--- The code word that an error of Redis begins with.
---@param text string what the server wrote
---@return string word "ERR" where there is none
function M.code(text)
  for pattern, code in pairs(CODES) do
    if text:find(pattern) then
      return code
    end
  end
  local word = text:match "^%u+"
  return word and #word <= 16 and word or "ERR"
end

--- A failure in words.
---@param failure string a name above or Redis' code word
---@return string
function M.of(failure)
  return WORDS[failure] or ("refused with the error %s"):format(failure)
end

return M
