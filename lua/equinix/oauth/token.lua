--- token: one access token, as callers see it and as the cache keeps it.

local json = require "equinix.base.json"
local tables = require "equinix.base.table"

local M = {}

local MAX_RECORD = 48 * 1024 -- what a slot holds

---@class equinix.Token
---@field access_token string
---@field token_type "Bearer"
---@field user_name? string
---@field expires_in number seconds, at issue
---@field expires_at number Unix time
---@field refresh_token? string
---@field refresh_expires_at? number Unix time
local Token = { __name = "equinix.Token" }

-- A token in a log line or an assertion shows that it is one, not which.
function Token:__tostring()
  local left = self.expires_at and math.max(0, self.expires_at - os.time())
  return left and ("equinix.Token (Bearer, %.0f s left)"):format(left)
    or "equinix.Token (Bearer)"
end

--- Makes a token of its fields.
---@return equinix.Token
function M.new(fields)
  return setmetatable(fields, Token)
end

--- The fields that are kept. The longest that a server may send don't fit
--- together once they are quoted: the token itself always does, so the others
--- go first.
---@param token table
---@return table fields
---@return string record the same as JSON, for the cache
function M.trim(token)
  local fields, text = token, assert(json.encode(token))
  for _, name in ipairs { "user_name", "refresh_token" } do
    if #text > MAX_RECORD then
      fields = tables.copy(fields)
      fields[name] = nil
      text = assert(json.encode(fields))
    end
  end
  return fields, text
end

--- The token in a record of the cache; nil when it is none.
---@return equinix.Token|nil
function M.decode(record)
  local fields = record and json.decode(record)
  return type(fields) == "table" and M.new(fields) or nil
end

--- How long ago a token was requested.
---@param record string of the cache
---@param left number seconds to its end
---@return number seconds
function M.age(record, left)
  local fields = M.decode(record)
  return fields and fields.expires_in - left or 0
end

--- When a token of this life is served, renewed at the side, and renewed
--- before anything else. The jitter keeps a fleet from renewing at once.
---@param start number when its request began, on core.now()
---@param life number seconds
---@param random number 0 to 1
---@return {fresh: number, advisory: number, expires: number}
function M.times(start, life, random)
  local early = math.min(300, 0.2 * life) * (0.9 + 0.2 * random)
  return {
    fresh = start + life - early,
    advisory = start + life - math.min(60, 0.1 * life),
    expires = start + life,
  }
end

return M
