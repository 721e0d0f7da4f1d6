--- tokens: issued, checked, refreshed and revoked.
--
-- Law of this file: all workers share the dictionary, so what must happen only
-- once (the use of a refresh token) is one atomic step in it. A token is valid
-- while it is in the dictionary and its epoch is the current one; revoke_all
-- starts a new epoch.

local token_log = require "equinix.emulator.token_log"

local M = {}

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
  .. "0123456789"
-- Bytes from here on are dropped: with them, the first letters would be more
-- likely than the others.
local LIMIT = 256 - 256 % #ALPHABET

--- Letters and digits, each as likely as any other.
---@param random fun(n: integer): string random bytes
---@param length integer
---@return string
function M.text(random, length)
  local chars = {}
  while #chars < length do
    for byte in random(length):gmatch "." do
      local n = byte:byte()
      if n < LIMIT and #chars < length then
        local at = n % #ALPHABET + 1
        chars[#chars + 1] = ALPHABET:sub(at, at)
      end
    end
  end
  return table.concat(chars)
end

--- The number of times that all tokens were revoked.
---@return integer
function M.epoch(world)
  return world.dict:get "epoch" or 0
end

-- The owner of a token; nil when it is unknown, expired or revoked.
local function owner(world, key)
  local record = world.dict:get(key)
  local issued, name = (record or ""):match "^(%d+) (.*)$"
  if tonumber(issued) == M.epoch(world) then
    return name
  end
end

local function store(world, kind, token, seconds)
  local epoch = M.epoch(world)
  token_log.issued(world, kind, token, seconds, epoch)
  if seconds > 0 then -- for the dictionary 0 means for ever
    world.dict:set(kind .. " " .. token, ("%d %s"):format(epoch,
      world.accounts.client_id), seconds)
  end
end

local function timeout(knobs)
  if knobs.timeout_text ~= "" then
    return knobs.timeout_text
  end
  local seconds = knobs.lifetime
  return knobs.number_timeout and seconds or ("%d"):format(seconds)
end

-- Removes the fields that the knob `omit` lists.
local function without(body, list)
  for name in list:gmatch "[^,%s]+" do
    body[name] = nil
  end
  return body
end

--- A new access token.
---@param world table
---@param knobs table<string, any>
---@return string
function M.access(world, knobs)
  local token = M.text(world.random, knobs.token_bytes)
  store(world, "access", token, knobs.lifetime)
  return token
end

--- The body of a token response.
---@param world table
---@param knobs table<string, any>
---@param refresh_token string|nil to send with it
---@return table
function M.response(world, knobs, refresh_token)
  return without({
    access_token = M.access(world, knobs),
    token_timeout = timeout(knobs),
    token_type = knobs.token_type,
    user_name = world.accounts.user_name,
    refresh_token = refresh_token,
    refresh_token_timeout = refresh_token
      and ("%d"):format(knobs.refresh_lifetime),
  }, knobs.omit)
end

--- A new refresh token.
---@return string
function M.refresh_token(world, knobs)
  local token = M.text(world.random, knobs.token_bytes)
  store(world, "refresh", token, knobs.refresh_lifetime)
  return token
end

--- Uses a refresh token.
---@param world table
---@param knobs table<string, any>
---@param token string
---@return string|nil refresh_token that is valid from now on; nil when
---  `token` is not valid
function M.redeem(world, knobs, token)
  if not owner(world, "refresh " .. token) then
    return nil
  elseif not knobs.rotate then
    return token
  end
  -- Of two requests with the same token, `add` lets one pass.
  if not world.dict:add("spent " .. token, true, knobs.refresh_lifetime) then
    return nil
  end
  world.dict:delete("refresh " .. token)
  token_log.spent(world, token, knobs.refresh_lifetime)
  return M.refresh_token(world, knobs)
end

--- Whether an Authorization header carries a valid token.
---@param world table
---@param authorization string|nil
---@return boolean
function M.is_valid(world, authorization)
  local token = (authorization or ""):match "^[Bb][Ee][Aa][Rr][Ee][Rr] +(%S+)$"
  return token ~= nil and owner(world, "access " .. token) ~= nil
end

--- All tokens issued so far become invalid.
function M.revoke_all(world)
  world.dict:incr("epoch", 1, 0)
end

return M
