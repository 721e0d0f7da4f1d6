--- node: one server, and what is said to it.
--
-- Law of this file: one exchange on one connection. A connection is shared
-- only between equal logins. A new one is logged in with the password of this
-- moment, and never before it is certain to what: over TLS the transport has
-- verified the server; a port without TLS must have answered a PING in Redis'
-- words before.

local address = require "equinix.store.redis.address"
local core = require "equinix.core"
local errors = require "equinix.store.redis.errors"
local memory = require("equinix.base.lazy") "equinix.base.memory"
local resp = require "equinix.store.redis.resp"

local M = {}

local MAX_REPLY = 1024 * 1024 -- bytes, unless more is asked for

---@class equinix.store.redis.Node
---@field at {host?: string, port?: integer, path?: string}
---@field where string as it is named in messages
---@field settings equinix.store.redis.Settings
---@field tls table
---@field login table username, db, secret
---@field resp3? boolean it refuses RESP2
---@field answered? boolean it has answered without TLS, in Redis' words
---@field turn integer another one makes new connections
---@field turned number when it was changed
---@field confirm? fun(): boolean whether a new connection may be made to it
local Node = {}
Node.__index = Node

-- What is common to all exchanges; `who` tells logins apart.
local function options_of(self, who, words, replies)
  local at, tls = self.at, self.tls
  return {
    host = at.host, port = at.port, path = at.path,
    tls = tls.tls, server_name = tls.server_name, ca_file = tls.ca_file,
    client_cert = tls.client_cert, client_key = tls.client_key,
    client_key_password_file = tls.client_key_password_file,
    connect_timeout = self.settings.connect_timeout,
    max_reply = MAX_REPLY,
    identity = core.sha256(who),
    send = words, replies = replies,
  }
end

local function identity(self)
  local login = self.login
  return ("%s\0%s\0%d\0%s\0%d"):format(login.username or "",
    login.secret and login.secret.name or "", login.db or 0,
    self.resp3 and "3" or "2", self.turn)
end

-- Sends it, within the deadline. -> response | nil, fault
local function send(self, transport, options, seconds, deadline)
  local left = math.min(seconds, deadline - core.now())
  if left <= 0 then
    local fault = errors.fault "timeout"
    fault.maybe_sent, fault.late = false, true
    return nil, fault
  end
  -- Where nothing may wait, some hosts raise.
  local ok, response, err = memory.pcall(transport.send,
    core.exchange(options), left)
  if not ok then
    return nil, errors.of_raised(response)
  elseif response then
    return response
  elseif err.code == "no_connection" then
    return nil, nil
  end
  self.answered = nil -- it may be another server the next time
  local fault = errors.of_transport(err, self.where, self.tls.tls)
  fault.short = fault.name == "timeout" and left < self.settings.timeout
    or nil
  return nil, fault
end

-- Logging in -----------------------------------------------------------------

-- Asks a port without TLS for an answer, with nothing secret.
-- -> true | nil, fault
local function probe(self, transport, deadline)
  local settings = self.settings
  local options = options_of(self, "probe " .. self.turn,
    resp.command "PING", 1)
  options.login, options.login_replies = "", 0
  options.max_idle = 0 -- it would be of no further use
  local response, fault = send(self, transport, options,
    settings.connect_timeout + settings.timeout, deadline)
  if not response then
    if fault.name == "closed" or fault.name == "garbage" then
      fault = errors.fault "plain"
      fault.maybe_sent = false
    end
    return nil, fault
  end
  local text = resp.error_of(resp.parse(response.body))
  local code = text and errors.code(text)
  if code == "DENIED" or code == "MAXCLIENTS" then
    return nil, errors.of_reply(text)
  end
  self.resp3 = self.resp3 or code == "NOPROTO" or nil
  self.answered = true
  return true
end

-- The commands that log in. -> bytes, names of the commands | nil, fault
local function login_of(self)
  local login, parts, names = self.login, {}, {}
  local password, message
  if login.secret then
    password, message = login.secret.read()
    if not password then
      return nil, errors.fault("password", "was not asked: " .. message)
    end
  end
  local function add(name, ...)
    parts[#parts + 1], names[#names + 1] = resp.command(...), name
  end
  if self.resp3 and password then
    add("AUTH", "HELLO", 3, "AUTH", login.username or "default", password)
  elseif self.resp3 then
    add("HELLO", "HELLO", 3)
  elseif password and login.username then
    add("AUTH", "AUTH", login.username, password)
  elseif password then
    add("AUTH", "AUTH", password)
  end
  if (login.db or 0) ~= 0 then
    add("SELECT", "SELECT", login.db)
  end
  return table.concat(parts), names
end

-- What the server did not accept.
local function refused_login(body, names)
  local at = 1
  for _, name in ipairs(names) do
    local reply
    reply, at = resp.parse(body, at)
    local text = resp.error_of(reply)
    if text then
      local fault = errors.of_reply(text)
      if fault.name == "ERR" then
        fault = errors.fault(name == "SELECT" and "db" or "login")
      end
      return fault
    elseif not at then
      break
    end
  end
  return errors.fault "garbage"
end

-- On a new connection, or one that another task has left meanwhile.
local function send_anew(self, transport, options, deadline)
  local settings = self.settings
  local guarded = self.login.secret and not self.tls.tls and not self.at.path
  if guarded and not self.answered then
    local answered, fault = probe(self, transport, deadline)
    if not answered then
      return nil, fault
    end
  end
  local login, names = login_of(self)
  if not login then
    return nil, names
  end
  options.identity = core.sha256(identity(self))
  options.login, options.login_replies = login, #names
  local response, fault = send(self, transport, options,
    settings.connect_timeout + settings.timeout, deadline)
  if response and response.login_failed then
    return nil, refused_login(response.body, names), true
  end
  return response, fault or errors.fault "closed"
end

-- A password that rotates may have been changed while it was read.
local function send_with_login(self, transport, options, deadline)
  if self.confirm and not self.confirm() then
    local fault = errors.fault "unconfirmed"
    fault.now = true
    return nil, fault
  end
  local response, fault, at_login = send_anew(self, transport, options,
    deadline)
  local code = fault and at_login and fault.name
  if not response and (code == "NOPROTO" and not self.resp3
    or code == "WRONGPASS" and self.login.secret
    and self.login.secret.rotates) then
    self.resp3 = self.resp3 or code == "NOPROTO" or nil
    response, fault = send_anew(self, transport, options, deadline)
  end
  return response, fault
end

-- Exchanges ------------------------------------------------------------------

--- Sends commands and waits for their replies.
---@param transport table the port
---@param words string bytes of resp.command
---@param n integer how many commands they are
---@param deadline number on core.now()
---@param max? integer bytes of the replies, 1 MiB
---@return any[]|nil replies errors of Redis are among them
---@return equinix.store.redis.Fault|nil
function Node:exchange(transport, words, n, deadline, max)
  local options = options_of(self, identity(self), words, n)
  options.max_reply = max or MAX_REPLY
  local response, fault = send(self, transport, options,
    self.settings.timeout, deadline)
  if not response and not fault then
    response, fault = send_with_login(self, transport, options, deadline)
  end
  local replies = response and resp.replies(response.body, n)
  if not replies then
    fault = response and errors.fault "garbage" or fault
    fault.where = self.where
    return nil, fault
  end
  local text = resp.error_of(replies[1])
  if text and not self.resp3 and errors.code(text) == "NOPROTO" then
    self.resp3 = true
    return self:exchange(transport, words, n, deadline, max)
  end
  return replies
end

--- Sends commands; the last one's reply counts.
---@param transport table
---@param words string
---@param n integer
---@param deadline number
---@param script? string that runs
---@param max? integer bytes of the replies, 1 MiB
---@return any reply
---@return equinix.store.redis.Fault|nil
function Node:ask(transport, words, n, deadline, script, max)
  local replies, fault = self:exchange(transport, words, n, deadline, max)
  if not replies then
    return nil, fault
  end
  -- Where the first one (ASKING) failed, the others mean nothing.
  local text = resp.error_of(replies[1]) or resp.error_of(replies[n])
  if text then
    fault = errors.of_reply(text, script)
    fault.where = self.where
    return nil, fault
  end
  return replies[n]
end

--- Uses new connections from now on: those that are kept lead to a server
--- that has lost its role, and the name may lead to another one by now.
--- Once a second is enough.
function Node:reconnect()
  local now = core.now()
  if now >= self.turned + 1 then
    self.turn, self.turned = self.turn + 1, now
  end
end

--- Makes one; connects to nothing.
---@param at {host?: string, port?: integer, path?: string}
---@param settings equinix.store.redis.Settings
---@param role? {tls: table, login: table} that of the settings
---@return equinix.store.redis.Node
function M.new(at, settings, role)
  role = role or settings
  return setmetatable({
    at = at,
    where = address.text(at),
    settings = settings,
    tls = role.tls,
    login = role.login,
    turn = 0,
    turned = 0,
  }, Node)
end

return M
