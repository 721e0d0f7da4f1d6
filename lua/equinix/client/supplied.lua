--- supplied: credentials that a command or a function supplies.
--
-- Law of this file: it is asked for them when a token is requested, and again
-- only when the time that it gave them is over, or when they were refused:
-- then at once, and once a minute at most as long as they stay refused. It is
-- asked once for all callers of this Lua state. A command runs beside them: it
-- holds up the callers that need it, and no other. No message repeats what it
-- printed.

local await = require "equinix.transport.await"
local cache_key = require "equinix.oauth.cache_key"
local characters = require "equinix.client.characters"
local core = require "equinix.core"
local curl = require("equinix.base.lazy") "equinix.transport.curl"
local errors = require "equinix.base.error"
local json = require "equinix.base.json"
local no_token = require "equinix.tokens.no_token"

local M = {}

local SECONDS = 30 -- that it may take
local DOUBT = 60 -- seconds between two questions because of refusals
local MAX_BACKOFF = 60 -- seconds, after a failure
local MAX_SECRET = 16 * 1024
local PACE = { first = 0.002, longest = 0.1 }

-- What supplies them: look(now, blocking) -> nil: not yet | table
-- | false, why there is nothing; stop() ends what is under way.

local function failed(reason)
  return false, reason
end

-- How a command ended that ended without success.
local function ending(code, signal)
  if signal then
    return "it was ended by signal " .. signal
  end
  return ("it ended with exit code %d%s"):format(code, code == 127
    and ": there is no such program" or "")
end

local NO_OBJECT = "it gave no JSON object with client_id and client_secret"

--- A command of the user's, for /bin/sh.
---@param command string
function M.by_command(command)
  local child, ends, owner
  local it = {}
  function it.stop()
    if child then
      child:stop()
    end
    child = nil
  end
  function it.look(now)
    if owner ~= core.pid() then -- after a fork it is the parent's
      child, owner = nil, core.pid()
    end
    if not child then
      local reason
      child, reason = core.start_command(command)
      if not child then
        return failed("it can't be started: " .. reason)
      end
      ends = now + SECONDS
    end
    local output, code, signal = child:look()
    if output == nil and now < ends then
      return nil
    end
    it.stop()
    if output == nil then
      return failed(("it took longer than %d s, and was ended with all that "
        .. "it started"):format(SECONDS))
    elseif not output then
      return failed "it printed more than 64 KiB"
    elseif signal or (code or 0) ~= 0 then
      return failed(ending(code, signal))
    end
    return json.decode(output) or false -- no table: problem() says so
  end
  return it
end

--- A function of the program's.
---@param give fun(): table|nil, string|nil
function M.by_function(give)
  local busy = 0 -- until then: its caller's task may be gone for good
  local it = { stop = function() end }
  function it.look(now, blocking)
    if now < busy and not blocking then
      return nil
    elseif now < busy then
      return failed "it waits for itself"
    end
    busy = now + SECONDS
    local ok, value, message = pcall(give)
    busy = 0
    if not ok then
      return failed "it raised an error"
    elseif value then
      return value
    end
    return failed(type(message) == "string" and message
      or "it returned nothing")
  end
  return it
end

-- What is wrong with what was given.
local function problem(value)
  if type(value) ~= "table" then
    return NO_OBJECT
  end
  for _, name in ipairs { "client_id", "client_secret" } do
    local text = value[name]
    if type(text) ~= "string" or #text > MAX_SECRET then
      return NO_OBJECT
    elseif characters.visible(text) then
      return name .. " " .. characters.visible(text)
    end
  end
  local seconds = value.expires_in
  if seconds ~= nil and seconds ~= json.null
    and not (type(seconds) == "number" and seconds > 0) then
    return "expires_in must be a number above 0"
  end
end

---@class equinix.Supplied
---@field client_id? string
---@field secret? fun(): string
---@field package label string what supplies them, for messages
---@field package source table
---@field package ends number on core.now(): they have to be asked for anew
---@field package doubt_after number on core.now(), for refusals
---@field package failure? string of the last time
---@field package failures integer in a row
---@field package retry_at number on core.now()
local Supplied = {}
Supplied.__index = Supplied

local function take(self, value, now)
  local secret, seconds = value.client_secret, value.expires_in
  self.client_id = value.client_id
  self.secret = function()
    return secret
  end
  self.ends = type(seconds) == "number" and now + seconds or math.huge
  self.failure, self.failures = nil, 0
end

local function fail(self, reason, now)
  self.failures = self.failures + 1
  self.failure = reason
  self.retry_at = now + math.min(MAX_BACKOFF, 2 ^ (self.failures - 1))
end

-- One step. -> "there" | "failed" | nil: not yet
local function step(self, blocking)
  local now = core.now()
  if self.secret and now < self.ends then
    return "there"
  elseif self.failure and now < self.retry_at then
    return "failed"
  end
  local value, reason = self.source.look(now, blocking)
  if value == nil then
    return nil
  end
  reason = reason or problem(value)
  if reason then
    fail(self, reason, core.now())
    return "failed"
  end
  take(self, value, core.now())
  return "there"
end

local function failure(self)
  return errors.make("config", ("no credentials from %s: %s"):format(
    self.label, self.failure), { code = "no_credentials",
    retry_after = errors.rounded(math.max(0, self.retry_at - core.now())) })
end

local function late(self)
  return errors.make("timeout", ("the deadline passed while %s was asked for "
    .. "the credentials; allow a longer timeout"):format(self.label),
    { code = "token_wait" })
end

--- The secret; the id and the account that go with it are in the
--- configuration then.
---@param config equinix.Config
---@param transport? table the port; nil: this thread may be stopped
---@param deadline? number on core.now()
---@return string|nil
---@return equinix.Error|nil
function Supplied:read(config, transport, deadline)
  transport = transport or curl
  if not (self.secret and core.now() < self.ends)
    and not transport.can_wait() then
    return nil, no_token.cannot_wait()
  end
  local ends = deadline or core.now() + SECONDS + 1
  local function try()
    return step(self, transport.blocking)
  end
  local kind = try()
  if not kind then
    local quiet = transport.quietly -- one line of a log, not one for each look
    kind = await.poll(quiet and quiet("credentials", ends - core.now())
      or transport, PACE, ends, try)
  end
  if kind ~= "there" then
    if not kind and transport.blocking then
      self.source.stop() -- nothing looks after it meanwhile
    end
    return nil, kind and failure(self) or late(self)
  elseif config.client_id ~= self.client_id then
    config.client_id = self.client_id
    config.identity = cache_key.identity(config)
  end
  return self.secret()
end

--- Seconds until it is asked again after a failure; 0: there was none.
---@return number
function Supplied:pause()
  return self.failure and math.max(0, self.retry_at - core.now()) or 0
end

--- After a failure: whether its caller is to look once more, since they are
--- asked for anew, or others are there.
---@param want table of the caller: it looks once more at most
---@param err equinix.Error
---@param changed boolean there are others since it looked
---@return boolean
function Supplied:asks_anew(want, err, changed)
  local now = core.now()
  if err.kind ~= "auth" or want.asked then
    return false
  end
  want.asked = true
  if not changed and self.ends > now and now >= self.doubt_after then
    self.doubt_after, self.ends = now + DOUBT, now
  end
  return changed or self.ends <= now
end

--- Credentials that a command or a function supplies.
---@param source table of by_command or by_function
---@param label string
---@return equinix.Supplied
function M.new(source, label)
  return setmetatable({ source = source, label = label, ends = 0,
    doubt_after = 0, failures = 0, retry_at = 0 }, Supplied)
end

return M
