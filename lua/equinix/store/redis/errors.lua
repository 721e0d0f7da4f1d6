--- errors: why a step in Redis failed, in our own text, and what to do.
--
-- Law of this file: of a server's error only its code (the first word), a
-- command's name and the address of another node are passed on, since the rest
-- may be anything. A fault has one text, which continues "Redis at HOST:PORT
-- ", and one remedy. Whether it passes by itself (`temporary`), and whether
-- that is worth waiting for (`again`), is said here and nowhere else.

local address = require "equinix.store.redis.address"
local scripts = require "equinix.store.redis.scripts"

local M = {}

---@class equinix.store.redis.Fault
---@field name string a name below or a code of Redis
---@field text string
---@field hint string
---@field temporary boolean it may pass by itself
---@field again boolean the owner is looked for again, within the grace
---@field where? string which server it was
---@field maybe_sent? boolean the command may have been done
---@field late? boolean nothing was tried: there was no time left
---@field short? boolean there was less time than a server may take
---@field slot? integer MOVED, ASK: which one
---@field host? string MOVED, ASK: where to; "": the same host
---@field port? integer

local RETRIED, TEMPORARY, FIXED = 2, 1, 0

-- text, remedy, whether it passes.
local FAULTS = {
  -- of the connection
  refused = { "refuses connections", "check that it runs, and its port",
    RETRIED },
  unreachable = { "can't be reached", "check the address and the network",
    RETRIED },
  unresolved = { "has a name that can't be resolved",
    "check the name of the host, or use an address", TEMPORARY },
  timeout = { "timed out", "check that it is up and not busy, or raise "
    .. "`timeout`", RETRIED },
  closed = { "closed the connection", "see its log; if its port speaks TLS, "
    .. "set `tls = true` (rediss://)", RETRIED },
  plain = { "closed the connection or answered with TLS; no password was "
    .. "sent", "set `tls = true` (rediss://) if its port speaks TLS",
    FIXED },
  garbage = { "sent an invalid reply", "check that its port is that of a "
    .. "Redis, and not HTTP or TLS (for TLS set `tls = true`, rediss://)",
    FIXED },
  place = { "can't be used here", "use it where waiting is allowed", FIXED },
  memory = { "can't be used: no memory or no descriptor is left",
    "raise the limits of this process", TEMPORARY },
  ["local"] = { "can't be used", "check the options of the store", FIXED },
  -- of the login
  login = { "does not accept this login", "leave out `username` (Redis 5 has "
    .. "no users), or the password if it has none", FIXED },
  password = { "was not asked: there is no password", "check `password` or "
    .. "`password_file`", TEMPORARY },
  db = { "has no such db", "check `db`, and its setting `databases`", FIXED },
  -- of what it holds
  large = { "has a value larger than a record at this key",
    "delete it, or choose another `prefix`", FIXED },
  endless = { "has a value without an expiry at this key",
    "delete it, or choose another `prefix`", FIXED },
  -- of its role
  no_cluster = { "is not a node of a cluster", "leave out `cluster`: name it "
    .. "by `host`, or redis://", FIXED },
  no_sentinel = { "is not a sentinel", "name the sentinels (port 26379)",
    FIXED },
  no_master = { "knows no such master", "check the name of the master and "
    .. "`nodes` of `sentinel`", TEMPORARY },
  no_owner = { "serves not all slots", "see CLUSTER INFO", RETRIED },
  unconfirmed = { "was not named by its sentinels in time",
    "see SENTINEL MASTER", RETRIED },
  role = { "is not the master (yet)", "see SENTINEL MASTER", RETRIED },
  moving = { "sends us from node to node", "see CLUSTER INFO", RETRIED },
  -- Redis' own
  ASK = { "is moving this key to another node (ASK)", "name the nodes by "
    .. "`cluster`, or redis+cluster://", FIXED },
  BUSY = { "is busy with a script (BUSY)", "see SCRIPT KILL", RETRIED },
  CLUSTERDOWN = { "is part of a cluster that is down (CLUSTERDOWN)",
    "see CLUSTER INFO", RETRIED },
  DENIED = { "is in protected mode (DENIED)", "give it a password, or bind it "
    .. "to an address", FIXED },
  LOADING = { "is still reading its data (LOADING)", "wait", RETRIED },
  MASTERDOWN = { "is a replica without its master (MASTERDOWN)",
    "name the master, or its sentinels", RETRIED },
  MAXCLIENTS = { "has too many clients", "raise its maxclients", RETRIED },
  MISCONF = { "can't write to its disk and refuses writes (MISCONF)",
    "see its log", TEMPORARY },
  MOVED = { "is a node of a cluster (MOVED)", "name the nodes by `cluster`, "
    .. "or redis+cluster://", FIXED },
  NOAUTH = { "requires a login (NOAUTH)", "set `password`, and `username` "
    .. "where there are users", FIXED },
  NOPERM = { "does not allow this user a command (NOPERM)",
    "allow eval, get, set, strlen, pttl, pexpire and del for the keys under "
    .. "`prefix`", FIXED },
  NOPROTO = { "speaks neither RESP2 nor RESP3 (NOPROTO)",
    "check that it is Redis", FIXED },
  NOREPLICAS = { "refuses writes for lack of replicas (NOREPLICAS)",
    "see its min-replicas-to-write", TEMPORARY },
  OOM = { "is out of memory (OOM)", "raise its maxmemory, or set "
    .. "maxmemory-policy volatile-lru", TEMPORARY },
  READONLY = { "is a replica (READONLY)", "name the master, or its sentinels",
    RETRIED },
  TRYAGAIN = { "is moving these keys to another node (TRYAGAIN)", "wait",
    RETRIED },
  UNBLOCKED = { "is changing its role (UNBLOCKED)", "wait", RETRIED },
  WRONGPASS = { "does not accept this login (WRONGPASS)", "check `username` "
    .. "and `password`", FIXED },
  WRONGTYPE = { "has another type of value at this key (WRONGTYPE)",
    "delete it, or choose another `prefix`", FIXED },
}

--- A fault by its name.
---@param name string
---@param text? string in place of the usual one
---@param hint? string
---@return equinix.store.redis.Fault
function M.fault(name, text, hint)
  local known = FAULTS[name]
  local passes = known and known[3] or FIXED
  return {
    name = name,
    text = text or known and known[1]
      or ("refused with the error %s"):format(name),
    hint = hint or known and known[2] or "see the log of Redis",
    temporary = passes ~= FIXED,
    again = passes == RETRIED,
  }
end

-- Errors of Redis ------------------------------------------------------------

-- Errors without a code that we can say more about.
local CODES = {
  { "^ERR The user executing the script can't", "NOPERM" },
  { "^ERR max number of clients", "MAXCLIENTS" },
  { "^ERR Protocol error", "garbage" },
  { "^ERR HELLO", "NOPROTO" },
  { "^ERR unsupported protocol", "NOPROTO" },
  { "^ERR invalid password", "WRONGPASS" },
  { "^ERR .*AUTH", "login" },
  { "^ERR .*DB index", "db" },
  { "^ERR This instance has cluster support disabled", "no_cluster" },
}

--- The code that an error of Redis begins with.
---@param text string what the server wrote
---@return string code "ERR" where there is none
function M.code(text)
  for _, known in ipairs(CODES) do
    if text:find(known[1]) then
      return known[2]
    end
  end
  local code = text:match "^[A-Z]+"
  return code and #code <= 16 and code or "ERR"
end

-- The command that a user is not allowed: named by the error, or by the line
-- of our script that it was on.
local function forbidden(text, script)
  local line = tonumber(text:match "@user_script: ?(%d+)")
  local command = text:match "run the '([a-z|-]+)' command"
    or line and scripts.command_at(script, line)
  if command and #command <= 32 then
    return M.fault("NOPERM", ("does not allow this user the command %s "
      .. "(NOPERM)"):format(command), ("allow it: ACL SETUSER ... +%s")
      :format(command))
  elseif text:find "key" then
    return M.fault("NOPERM", "does not allow this user the keys under "
      .. "`prefix` (NOPERM)", "allow them: ACL SETUSER ... ~equinix:*, or as "
      .. "`prefix` is set")
  end
  return M.fault "NOPERM"
end

--- The fault that a reply stands for.
---@param text string what the server wrote
---@param script? string ours, that ran
---@return equinix.store.redis.Fault
function M.of_reply(text, script)
  local code = M.code(text)
  if code == "NOPERM" then
    return forbidden(text, script)
  end
  local fault = M.fault(code)
  if code == "MOVED" or code == "ASK" then
    local slot, place = text:match "^[A-Z]+ (%d+) (%S+)"
    fault.slot = tonumber(slot)
    fault.host, fault.port = address.of_redis(place or "")
  end
  return fault
end

-- Errors of the transport ----------------------------------------------------

local AFTER_TLS = "closed the connection after the TLS handshake"
local NO_CERT = "if it requires a client certificate, set `client_cert` and "
  .. "`client_key`; else see its log"
local SOCKET = "check that it runs, the path (its `unixsocket`), and whether "
  .. "this user may open it (`unixsocketperm`)"
local SOCKET_FAULTS = { refused = true, unreachable = true }
local NO_TLS = "if its port speaks no TLS, leave out `tls` (redis://)"

-- What to do about a certificate, by words of the transport's message.
local TLS_HINTS = {
  { "wrong version number", NO_TLS },
  { "record layer", NO_TLS },
  { "client certificate", "set `client_cert` and `client_key`" },
  { "certificate required", "set `client_cert` and `client_key`" },
  { "name", "set `server_name` to a name that is in its certificate" },
  { "host", "set `server_name` to a name that is in its certificate" },
  { "expired", "renew its certificate, and check the clock here" },
}
local TLS_HINT = "set `ca_file` to the authority that verifies its "
  .. "certificate"

-- The transport's words, without the address, which stands before them.
local function words_of(err, where)
  local text = tostring(err.message)
  if text:sub(1, #where) == where then
    text = text:sub(#where + 1):gsub("^:? ", "")
  end
  return text
end

local function of_tls(message)
  local hint = TLS_HINT
  for _, known in ipairs(TLS_HINTS) do
    if message:find(known[1]) then
      hint = known[2]
      break
    end
  end
  return M.fault("tls", "fails at TLS: " .. message, hint)
end

--- The fault of an exchange that had no reply.
---@param err equinix.transport.err
---@param where string the server's address
---@param tls boolean over TLS
---@return equinix.store.redis.Fault
function M.of_transport(err, where, tls)
  local words = words_of(err, where)
  local fault
  if err.kind == "tls" then
    fault = of_tls(words)
  elseif err.kind == "memory" then
    fault = M.fault "memory"
  elseif err.kind == "config" then
    fault = M.fault("local", "can't be used: " .. words)
  elseif err.code == "garbage" and words:find "speaks TLS" then
    fault = M.fault "plain"
  else
    fault = M.fault(FAULTS[err.code] and err.code
      or err.kind == "timeout" and "timeout" or "closed")
    if words:find "TLS handshake" then
      fault.text, fault.hint = words:match "^[^:]*", NO_TLS
    elseif tls and fault.name == "closed" and not err.kept then
      fault.text, fault.hint = AFTER_TLS, NO_CERT
    end
  end
  if where:find "^/" and (SOCKET_FAULTS[fault.name]
    or words:find "^may not be opened") then
    fault.hint = SOCKET
  end
  fault.maybe_sent = err.maybe_sent ~= false
  fault.kept = err.kept
  return fault
end

--- The fault of a transport that raised.
---@param message any
---@return equinix.store.redis.Fault
function M.of_raised(message)
  local text = tostring(message)
  if text:find "attempt to yield" then
    return M.fault "place"
  end
  return M.fault("local", "can't be used: " .. text)
end

--- What a store returns for it.
---@param fault equinix.store.redis.Fault
---@return string reason
---@return {temporary: boolean, hint: string}
function M.say(fault)
  return ("Redis at %s %s"):format(fault.where or "?", fault.text),
    { temporary = fault.temporary, hint = fault.hint }
end

return M
