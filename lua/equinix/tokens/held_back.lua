--- held_back: whether a client's own credentials may be sent, by what is known
--- now.
--
-- Law of this file: it asks and sends nothing. A token that is in the cache
-- says that the credentials were accepted once, not that they still are.

local cache_key = require "equinix.oauth.cache_key"
local core = require "equinix.core"
local lockout = require "equinix.oauth.lockout"
local lockout_page = require "equinix.oauth.lockout_page"
local session = require "equinix.store.session"

local M = {}

local SHARE = 1 / 3 -- of what is left, that one step of the store may take

-- Where bad attempts are counted for all that share the client's store.
local function stored_latches(source, secret, deadline)
  local config = source.config
  if not config.store or session.forbids(secret) then
    return nil
  end
  local use = session.new(config.store, source.emit,
    { transport = source.transport })
  use:within(deadline, SHARE)
  return use:latches(lockout_page.number(config.identity))
end

--- Why they are held back; nil: they may be sent.
---@param source equinix.TokenSource
---@return equinix.Error|nil
function M.why(source)
  local config = source.config
  -- A subject token is called for when it is sent, not before.
  local secret = config.grant == "token_exchange" and "" or source.secret()
  local deadline = core.now() + config.timeout
  local _, err = lockout.held_back {
    identity = config.identity,
    proof = function()
      return cache_key.proof(config, secret)
    end,
    transport = source.transport,
    deadline = deadline,
    stored = stored_latches(source, secret, deadline),
  }
  return err
end

--- A client's header, unless the credentials are held back: then there will be
--- no other one when its token is over.
---@param client equinix.Client
---@return string|nil
---@return equinix.Error|nil
function M.header(client)
  local header, err = client:authorization()
  if header and client:renews() then
    err = M.why(client.tokens)
  end
  return not err and header or nil, err
end

return M
