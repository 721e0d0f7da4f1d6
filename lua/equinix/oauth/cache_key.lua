--- cache_key: the names of tokens and accounts.
--
-- Law of this file: two clients share a token only where everything that
-- shapes the token request is the same, the secret as read included; and bad
-- attempts count together only where they count against one account. Parts
-- are joined so that no two lists of them give the same string (netstrings).
-- The results contain secrets and never leave the process: the cache keeps a
-- digest.

local core = require "equinix.core"
local lower = require("equinix.base.text").lower
local session = require("equinix.base.lazy") "equinix.store.session"

local M = {}

local function netstrings(...)
  local parts = {}
  for i = 1, select("#", ...) do
    local value = tostring((select(i, ...)) or "")
    parts[i] = #value .. ":" .. value
  end
  return table.concat(parts)
end

--- The name of the token in the cache.
---@param config equinix.Config
---@param secret string
---@return string
function M.key(config, secret)
  return netstrings("token", config.base_url, config.grant, config.encoding,
    config.sts_url, config.scope, config.client_id, secret, config.user_name,
    config.user_password and config.user_password(), config.cache_key,
    config.proxy, config.ca_file, config.client_cert, config.client_key,
    -- A client with a store presents no refresh token without its lock.
    config.store and "store")
end

--- A name as accounts are distinguished by: whether case and spaces matter to
--- Equinix is unknown, so names that differ in nothing else count as one.
---@param name string|nil
---@return string|nil
function M.folded(name)
  return name and (lower(name):gsub("%s+", ""))
end

--- The account that a bad attempt counts against: the user's where a user
--- signs in, the scope's where a token is exchanged, else the app's.
---@param config equinix.Config
---@return string
function M.identity(config)
  if config.grant == "token_exchange" then
    return netstrings("identity", config.sts_origin, config.scope)
  end
  return netstrings("identity", config.origin, M.folded(config.client_id),
    config.grant == "password" and M.folded(config.user_name))
end

-- What a secret that may not be stored is mixed with, so that what the guard
-- stores of it is no help in guessing it.
local salt

--- Makes what all processes have to share that are forked from this one.
function M.prepare()
  salt = salt or core.sha256(("%.17g %.17g %.17g %.17g"):format(core.random(),
    core.random(), core.random(), core.random()))
end

--- All that proves who asks: a change of any part makes it another attempt.
---@param config equinix.Config
---@param secret string
---@return string
function M.proof(config, secret)
  M.prepare()
  return netstrings(secret, config.user_password and config.user_password(),
    session.forbids(secret) and salt)
end

return M
