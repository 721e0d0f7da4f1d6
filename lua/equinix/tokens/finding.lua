--- finding: what a leader finds in a store, and what that means for it.
--
-- Law of this file: a token that is good ends the search, and so does an error
-- that holds all callers back. What was there before the leader began, and
-- made it begin, counts for nothing. What a successor left counts as long as
-- no newer token is at the first place: an older one may have been refused
-- since, and its refresh token presented. `judge` and `token` are pure, but
-- for the time.

local core = require "equinix.core"
local record = require "equinix.tokens.record"
local tables = require "equinix.base.table"
local token = require "equinix.oauth.token"

local M = {}

--- The access token that made this leader renew: it won't do.
---@param renewal equinix.Renewal
---@return table<string, true> access tokens
function M.unwanted(renewal)
  local old = token.decode(renewal.record)
  return { [old and old.access_token or ""] = true }
end

--- A token that another process left in a place, and how old it is.
---@param peers equinix.Peers
---@param at equinix.Place
---@return {fields: equinix.Token, age: number}|nil
function M.token(peers, at)
  local fields, left = record.token(at.record, core.time())
  left = math.min(left, at.ttl)
  if fields and not peers.unwanted[fields.access_token]
    and left > (peers.renewal.min_life or 0) then
    return { fields = fields, age = fields.expires_in - left }
  end
end

--- One that is not near its end: a leader is here to renew.
---@param peers equinix.Peers
---@param at equinix.Place
---@return {fields: equinix.Token, age: number}|nil
function M.fresh(peers, at)
  local found = M.token(peers, at)
  return found and token.times(-found.age, found.fields.expires_in, 0.5)
    .advisory > 0 and found or nil
end

-- An error that another process left: while it holds all callers back, or
-- when it came while this leader waited.
local function error_in(peers, at)
  local wall, now = core.time(), core.now()
  local pause = record.pause(at.record, wall)
  if at:is_new() or (pause > 0 and not peers.renewal.force) then
    local last = record.last(at.record, wall, now)
    return last.kind and { last = last, pause = pause } or nil
  end
end

--- What a record means for the leader; nil: nothing yet. A token that is near
--- its end is better than an error.
---@param peers equinix.Peers
---@param at equinix.Place
---@return "token"|"failed"|nil kind
---@return table|nil result
function M.judge(peers, at)
  local found, failed = M.fresh(peers, at), error_in(peers, at)
  if not found and failed then
    found = M.token(peers, at)
  end
  if found then
    return "token", found
  elseif failed then
    return "failed", failed
  end
end

-- What of a successor's record is newer than a token at the first place.
local function since(left, main)
  local issued = main.token and tonumber(main.issued)
  if not issued then
    return left
  end
  local kept = tables.copy(left)
  if (tonumber(left.issued) or 0) <= issued then
    kept.token, kept.issued = nil, nil
  end
  if (tonumber(left.failed) or 0) <= issued then
    kept.last, kept.failed, kept.pause = nil, nil, nil
  end
  return kept
end

--- Reads what a successor left; the first place has been read before.
---@param peers equinix.Peers
function M.read_successor(peers)
  peers.successor:read()
  peers.successor.record = since(peers.successor.record, peers.main.record)
end

--- Reads a place, and judges it. Beside an error at the first place there may
--- be a successor's token.
---@param peers equinix.Peers
---@param at equinix.Place
---@return "token"|"failed"|nil kind
---@return table|nil result
function M.look(peers, at)
  if at == peers.successor then
    M.read_successor(peers)
    return M.judge(peers, at)
  end
  at:read()
  local kind, result = M.judge(peers, at)
  return M.or_left(peers, kind, result)
end

--- What a judge said of the first place, or a successor's token instead of an
--- error.
---@param peers equinix.Peers
---@param kind "token"|"failed"|nil
---@param result table|nil
---@return "token"|"failed"|nil kind
---@return table|nil result
function M.or_left(peers, kind, result)
  if kind == "failed" then
    M.read_successor(peers)
    local found = M.token(peers, peers.successor)
    if found then
      return "token", found
    end
  end
  return kind, result
end

return M
