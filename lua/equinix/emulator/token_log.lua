--- token_log: the tokens that were issued last, for the console.
--
-- Law of this file: of a token it knows the first characters, never the whole.
-- Whether a token is valid is the business of tokens.lua; here it is noted
-- when it was issued, when it ends and what ended it earlier. A ring of SIZE.

local request_log = require "equinix.emulator.request_log"

local M = {}

local SIZE = 40

--- Notes a token that was issued.
---@param world table
---@param kind "access"|"refresh"
---@param token string
---@param seconds number its life
---@param epoch integer the one that it belongs to
function M.issued(world, kind, token, seconds, epoch)
  local n = world.log:incr("issued", 1, 0)
  world.log:set("issued " .. n % SIZE, world.encode {
    n = n,
    kind = kind,
    token = request_log.short(token),
    issued = world.now(),
    seconds = math.max(0, seconds),
    epoch = epoch,
  })
end

--- Notes that a refresh token was exchanged for another one.
function M.spent(world, token, seconds)
  world.log:set("spent " .. request_log.short(token), true, seconds)
end

local function state(world, entry, epoch)
  if entry.epoch ~= epoch then
    return "revoked"
  elseif entry.kind == "refresh" and world.log:get("spent " .. entry.token)
  then
    return "spent"
  end
  return entry.issued + entry.seconds > world.now() and "valid" or "expired"
end

--- The tokens issued last, the newest first.
---@param world table
---@param epoch integer the current one
---@return table[] {kind, token, issued, seconds, state, uses}
function M.list(world, epoch)
  local last, list = world.log:get "issued" or 0, {}
  for n = last, math.max(1, last - SIZE + 1), -1 do
    local entry = world.decode(world.log:get("issued " .. n % SIZE) or "")
    if entry then
      entry.state = state(world, entry, epoch)
      entry.uses = world.log:get("use " .. entry.token) or 0
      entry.epoch = nil
      list[#list + 1] = entry
    end
  end
  return list
end

return M
