--- refresh: the service's own token, renewed for many callers.
--
-- Law of this file: a renewal that a caller asks for is made; but one within
-- 10 s of another returns the token of that one, for all that share the cache,
-- since callers behind one service don't know of each other. A refresh token
-- that a caller presents without credentials must be the service's current
-- one, or the one that was just redeemed: a token that was found somewhere is
-- never redeemed with a secret of ours.
--
-- A slot of its own in the cache says that there was a renewal; its record is
-- the fingerprint of the refresh token that was redeemed.

local await = require "equinix.transport.await"
local core = require "equinix.core"
local errors = require "equinix.base.error"

local M = {}

local SHARED_SECONDS = 10
local NONE = "none" -- there was no refresh token

local function fingerprint(refresh_token)
  return refresh_token and core.sha256(refresh_token) or NONE
end

-- The refresh token in the cache.
local function current(client)
  local found = client:peek()
  return found and found.refresh_token
end

-- Fingerprints are compared, so timing reveals nothing about the token itself.
local function is_ours(client, slot, presented)
  if not presented then
    return true
  end
  local _, _, _, redeemed = slot:read()
  local theirs = fingerprint(presented)
  return theirs == fingerprint(current(client)) or theirs == redeemed
end

-- This caller renews; the others see what it published.
local function lead(client, slot, lease, opts)
  local redeemed = fingerprint(current(client))
  local renewed, err = client:refresh(opts)
  if not renewed then
    slot:release(lease)
    return nil, err
  end
  local ends = core.now() + SHARED_SECONDS
  slot:publish(lease, redeemed, "renewed", {
    fresh = ends, advisory = ends, expires = ends,
  })
  return renewed
end

-- Whether there was a renewal just now; else a lease, if this caller is to
-- make the next one.
local function acquire(client, slot)
  local seconds = client.config.lease_seconds
  -- granted: the lease of a leader, or the renewal that a waiter waits for
  local role, granted = slot:acquire(0, false, seconds)
  if role == "wait" then
    return await.renewal(client.transport, slot, granted, seconds)
      == "published"
  end
  return role == "ready", role == "lead" and granted or nil
end

--- The slot in which a client's renewals are recorded.
---@param client equinix.Client
---@return equinix.slot|nil
---@return equinix.Error|nil
function M.slot(client)
  return client:slot_beside "renewal"
end

local function renew(client, slot, presented, opts)
  local recent, lease = acquire(client, slot)
  if not is_ours(client, slot, presented) then
    if lease then
      slot:release(lease)
    end
    return nil
  elseif lease then
    return lead(client, slot, lease, opts)
  elseif recent then
    return client:token(opts)
  end
  -- The leader's renewal failed: this returns its error.
  return client:refresh(opts)
end

--- Renews the client's own token.
---@param client equinix.Client
---@param presented string|nil a refresh token that the caller sent
---@param opts {traceparent?: string}
---@return equinix.Token|nil token nil alone: the refresh token is not ours
---@return equinix.Error|nil err
function M.run(client, presented, opts)
  if not client:renews() then
    if client:cached() then
      return errors.fail("config", "a static token can't be renewed", {
        code = "static_token",
      })
    end
    return client:refresh(opts) -- closed, as its error says
  end
  local slot, err = M.slot(client)
  if not slot then
    return nil, err
  end
  -- The caller may have a token that is only in the store.
  if presented and client.config.store and not current(client) then
    client:token(opts)
  end
  local ok, renewed, renew_err = pcall(renew, client, slot, presented, opts)
  slot:close()
  if not ok then
    error(renewed, 0)
  end
  return renewed, renew_err
end

return M
