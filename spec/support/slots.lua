-- slots: what the specs of the token cache often do.
local core = require "equinix.core"

local M = {}

--- Lifetimes: seconds from now to the end of fresh, of advisory, of the token.
M.FRESH = { 100, 200, 300 }
M.ADVISORY = { -1, 200, 300 }
M.MANDATORY = { -2, -1, 300 }
M.EXPIRED = { -3, -2, -1 }

--- The `times` of slot:publish, from seconds from now.
---@param fresh number
---@param advisory number
---@param expires number
---@return {fresh: number, advisory: number, expires: number}
function M.times(fresh, advisory, expires)
  local now = core.now()
  return {
    fresh = now + fresh,
    advisory = now + advisory,
    expires = now + expires,
  }
end

-- Each spec file loads this module again, in the same process.
local mark, keys = core.random(), 0

--- A key that no other test has.
---@return string
function M.new_key()
  keys = keys + 1
  return ("a key of a spec %s %d"):format(mark, keys)
end

--- A slot for a new key.
function M.open()
  return core.tokens.open(M.new_key())
end

--- Becomes the leader by force, and publishes a token.
---@param header string
---@param life? number[] default FRESH
---@param record? string
---@return integer serial
function M.fill(slot, header, life, record)
  local role, lease = slot:acquire(nil, true)
  assert(role == "lead", role)
  life = life or M.FRESH
  local times = M.times(life[1], life[2], life[3])
  return assert(slot:publish(lease, record or "record", header, times))
end

--- Calls the condition until it returns a true value, for a minute at most.
---@param condition fun(): any
---@return any
function M.eventually(condition)
  local give_up = core.now() + 60
  repeat
    local value = condition()
    if value then
      return value
    end
    core.sleep(0.001)
  until core.now() > give_up
  return nil
end

return M
