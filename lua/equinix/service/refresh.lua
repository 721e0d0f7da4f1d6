--- refresh: the service's own token, renewed for many callers.
--
-- Law of this file: a renewal that was asked for is made; but one within 10 s
-- of another gets what that one brought, for all who share the cache, since
-- callers behind one service don't know of each other. A refresh token that a
-- caller presents without credentials must be the service's current one, or
-- the one that was traded in just now: nobody redeems a token that he found
-- with a secret that is ours.
--
-- When the last renewal was rests in a place of the cache of its own, as the
-- fingerprint of the refresh token that it traded in.

local await = require "equinix.transport.await"
local core = require "equinix.core"
local err = require "equinix.base.error"
local token = require "equinix.oauth.token"

local M = {}

local SHARED_SECONDS = 10
local LEASE_MARGIN = 5 -- seconds beyond the renewal's own deadline
local NONE = "none" -- no refresh token was there

local function fingerprint(refresh_token)
  return refresh_token and core.sha256(refresh_token) or NONE
end

-- The refresh token that the cache holds now.
local function current(client)
  local _, _, _, record = client.tokens:slot():read()
  local found = token.decode(record)
  return found and found.refresh_token
end

-- Fingerprints are compared, so time tells nothing about the token itself.
local function is_ours(client, place, presented)
  if not presented then
    return true
  end
  local _, _, _, traded_in = place:read()
  local mark = fingerprint(presented)
  return mark == fingerprint(current(client)) or mark == traded_in
end

-- This caller renews; the others look for what it brought.
local function lead(client, place, lease, opts)
  local before = fingerprint(current(client))
  local renewed, problem = client:refresh(opts)
  if not renewed then
    place:fail(lease, "", 0)
    return nil, problem
  end
  local ends = core.now() + SHARED_SECONDS
  place:publish(lease, before, "renewed", {
    fresh = ends, advisory = ends, expires = ends,
  })
  return renewed
end

-- Whether the last renewal is fresh; else a lease where this caller is to make
-- the next one.
local function enter(client, place)
  local seconds = client.config.timeout + LEASE_MARGIN
  local what, flight = place:acquire(0, false, seconds)
  if what == "wait" then
    what = await(client.transport, place, flight, seconds)
    return what == "published"
  end
  return what == "ready", what == "lead" and flight or nil
end

--- The place where a client's renewals are noted.
---@param client equinix.Client whose place in the cache is known
function M.place(client)
  return core.tokens.open("renewal\0" .. client.tokens.key())
end

-- Under a lease, or with somebody else's renewal at hand.
local function renew(client, place, presented, opts)
  local recent, lease = enter(client, place)
  if not is_ours(client, place, presented) then
    if lease then
      place:fail(lease, "", 0)
    end
    return nil
  elseif lease then
    return lead(client, place, lease, opts)
  elseif recent then
    return client:token(opts)
  end
  return client:refresh(opts) -- the other's renewal failed: hear why
end

--- Renews the client's own token.
---@param client equinix.Client
---@param presented string|nil a refresh token that the caller sent
---@param opts {traceparent?: string}
---@return equinix.Token|nil token nil alone: the refresh token is not ours
---@return equinix.Error|nil
function M.run(client, presented, opts)
  if not client.tokens then
    return client:refresh(opts) -- closed: it says so
  elseif not client.tokens.renews then
    return err.fail("config", "a static token can't be renewed", {
      code = "static_token",
    })
  end
  local slot, problem = client.tokens:slot()
  if not slot then
    return nil, problem
  end
  -- A token that rests in a store may be what the caller has.
  if presented and client.config.store and not current(client) then
    client:token(opts)
  end
  local place = M.place(client)
  local ok, renewed, reason = pcall(renew, client, place, presented, opts)
  place:close()
  if not ok then
    error(renewed, 0)
  end
  return renewed, reason
end

return M
