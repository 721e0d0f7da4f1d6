--- refreshing: the refresh token of a renewal, which is presented once.
--
-- Law of this file: a refresh token is noted as spent before it is sent, where
-- every other leader finds that: in the slot and, with a store, there. The
-- note is taken back only when certainly nothing was sent.

local core = require "equinix.core"
local shared_error = require "equinix.tokens.shared_error"
local token = require "equinix.oauth.token"

local M = {}

--- The refresh token that may still be presented: with a store only the one
--- that is stored there.
---@param self equinix.Renewal
---@return equinix.Token|nil old
---@return string|nil fingerprint
function M.find(self)
  if self.source.config.grant == "token_exchange" then
    return nil
  end
  local old, spent
  if self.peers then
    old, spent = self.peers:token()
  elseif self.record then
    old, spent = token.decode(self.record), self.last.spent
  end
  if not old or not old.refresh_token
    or (old.refresh_expires_at and old.refresh_expires_at <= os.time()) then
    return nil
  end
  local fingerprint = core.sha256(old.refresh_token):sub(1, 16)
  if fingerprint ~= spent then
    return old, fingerprint
  end
end

--- Notes it where the next leader finds it, should this one never come back.
---@param self equinix.Renewal
---@param fingerprint string
---@return boolean whether it may be sent
function M.spend(self, fingerprint)
  self.spent = fingerprint
  self.slot:note(self.lease, shared_error.note(self.last, fingerprint))
  return not self.peers or self.peers:spend(fingerprint)
end

--- Takes that back: it was not sent after all.
---@param self equinix.Renewal
function M.unspend(self)
  self.spent = nil
  self.slot:note(self.lease, shared_error.note(self.last, self.last.spent))
  if self.peers then
    self.peers:unspend()
  end
end

--- Keeps it where it came with no successor: then it stays good.
---@param fields equinix.Token the new one
---@param old equinix.Token
function M.keep(fields, old)
  if not fields.refresh_token then
    fields.refresh_token = old.refresh_token
    fields.refresh_expires_at = old.refresh_expires_at
  end
end

return M
