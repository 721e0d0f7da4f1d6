--- shelf: the place of one record in a store, and its lock.
--
-- Law of this file: a token rests sealed under the client secret, by a name
-- that only the secret leads to: whoever has the store but not the secret has
-- nothing. A latch rests readable, by a name that its account leads to, since
-- whoever holds another secret of that account has to find it; it holds
-- nothing that is worth hiding. A secret that is short could be guessed from
-- what it sealed, so nothing of its account is kept.

local core = require "equinix.core"

local M = {}

local MIN_SECRET, MAX_SECRET = 16, 16 * 1024 -- bytes

---@class equinix.Shelf
---@field visit equinix.Visit
---@field name string
---@field wrap fun(text: string): string
---@field unwrap fun(bytes: string): string|nil
local Shelf = {}
Shelf.__index = Shelf

--- What is there; nil where there is nothing, or nothing that can be used.
---@return string|nil text
---@return number|nil ttl seconds that the store gives it
function Shelf:read()
  local bytes, ttl = self.visit:step("load", self.name)
  if not bytes then
    return nil
  end
  local text = type(bytes) == "string" and self.unwrap(bytes) or nil
  if not text and not self.told then
    self.told = true
    self.visit:tell("load", "a record can't be opened; it counts as missing")
  end
  return text, ttl
end

--- Puts it there.
---@param text string
---@param ttl number seconds
---@param lease any of lock
---@return boolean whether it rests there now
function Shelf:write(text, ttl, lease)
  return self.visit:step("save", self.name, self.wrap(text), ttl, lease)
    and true or false
end

--- Does not wait.
---@param ttl number seconds after which it ends by itself
---@return any lease nil: "busy", or the store failed
---@return "busy"|nil
function Shelf:lock(ttl)
  return self.visit:step("lock", self.name, ttl)
end

function Shelf:unlock(lease)
  self.visit:step("unlock", lease)
end

--- Takes the record away.
function Shelf:drop()
  self.visit:step("delete", self.name)
end

--- Why nothing of this client may rest in a store; nil: it may.
---@param secret string the client secret
---@return string|nil
function M.forbids(secret)
  if #secret < MIN_SECRET then
    return ("the client secret has less than %d bytes, so nothing is stored")
      :format(MIN_SECRET)
  elseif #secret > MAX_SECRET then
    return ("the client secret has more than %d bytes, so nothing is stored")
      :format(MAX_SECRET)
  end
end

--- The shelf of a token.
---@param visit equinix.Visit
---@param secret string the client secret
---@param key string of grant.key
function M.token(visit, secret, key)
  return setmetatable({
    visit = visit,
    name = "token." .. core.record_name(secret, key),
    wrap = function(text)
      return core.seal(secret, key, text)
    end,
    unwrap = function(bytes)
      return core.unseal(secret, key, bytes)
    end,
  }, Shelf)
end

local function as_it_is(text)
  return text
end

--- The shelf of an account's latch.
---@param visit equinix.Visit
---@param identity string of grant.identity
function M.latch(visit, identity)
  return setmetatable({
    visit = visit,
    name = "latch." .. core.sha256(identity),
    wrap = as_it_is,
    unwrap = as_it_is,
  }, Shelf)
end

return M
