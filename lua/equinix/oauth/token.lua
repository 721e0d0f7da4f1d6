--- token: one access token, as callers see it and as the cache keeps it.
--
-- Law of this file: what callers get has all members of Equinix's response;
-- where it has a field of ours under the same name, ours is in the table.

local answer = require("equinix.base.lazy") "equinix.oauth.answer"
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
---@field token_timeout? string seconds that are left, when it is read
---@field answer? string where it is a record: oauth/answer's members, and
---@field obtained? "request"|"refresh"|"store" where it came from
local Token = { __name = "equinix.Token" }

--- Fields of ours: a member of the same name is only among the texts.
M.OURS = { access_token = true, token_type = true, user_name = true,
  expires_in = true, expires_at = true, refresh_token = true,
  refresh_expires_at = true }

-- What callers' tables were made of: the members as texts.
local answers = setmetatable({}, { __mode = "k" })

--- Whole seconds that are left of a token. If the clock was set back, it must
--- not seem to last longer than it does.
---@param token equinix.Token
---@param now number Unix time
---@return integer|nil seconds nil: it has no end
function M.left(token, now)
  local ends, life = token.expires_at, token.expires_in
  return ends and math.max(0, math.floor(math.min(life, ends - now)))
end

-- A number in the table would soon be wrong.
function Token:__index(name)
  local left = name == "token_timeout" and M.left(self, os.time())
  return left and ("%d"):format(left) or nil
end

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

-- With as much of the answer as there is room for.
local function trim_answer(token)
  local fields = tables.copy(token)
  fields.answer = nil
  local room = MAX_RECORD - #assert(json.encode(fields)) - #',"answer":""'
  local dropped
  fields.answer, dropped = answer.fit(token.answer, room)
  return fields, assert(json.encode(fields)), dropped
end

--- The fields that are kept. The longest that a server may send don't fit
--- together once they are quoted: the token itself always does, so the others
--- go first.
---@param token table
---@return table|nil fields nil: there is a number that JSON can't write
---@return string record the same as JSON, for the cache; or why there is none
---@return integer dropped members of the answer that were left out
function M.trim(token)
  local fields, dropped = token, 0
  local text, message = json.encode(token)
  if not text then
    return nil, message, 0
  end
  if #text > MAX_RECORD and token.answer then
    fields, text, dropped = trim_answer(token)
  end
  for _, name in ipairs { "user_name", "refresh_token" } do
    if #text > MAX_RECORD then
      fields = tables.copy(fields)
      fields[name] = nil
      text = assert(json.encode(fields))
    end
  end
  return fields, text, dropped
end

--- A token as callers get it.
---@param fields table|nil of a record
---@return equinix.Token|nil
function M.public(fields)
  local text = fields and fields.answer
  if fields then
    fields.obtained = nil -- the record's alone
  end
  if type(text) ~= "string" then
    return fields and M.new(fields)
  end
  local token = tables.copy(fields)
  token.answer = nil
  for name, value in pairs(answer.values(text)) do
    if not M.OURS[name] then
      token[name] = value
    end
  end
  answers[token] = text
  return M.new(token)
end

--- The members of Equinix's response that a caller's token was made of, but
--- for those that are its fields.
---@param token equinix.Token as `public` returned it
---@return table<string, string> name -> JSON
function M.members(token)
  return answer.members(answers[token])
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
