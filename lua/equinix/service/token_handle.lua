--- token_handle: a name for a token that says nothing about it.
--
-- Law of this file: whoever holds a handle can use the token through us and
-- has nothing besides. It is random, nobody can guess or make one, and it
-- ends with its token.
--
-- RATIONALE: nothing is written down. A handle is an empty record sealed with
-- the token as the secret (AES-256-GCM, a random nonce): it opens with that
-- very token and no other, so all workers know it, and none after a renewal.

local core = require "equinix.core"

local M = {}

local PREFIX, KEY = "eqh_", "handle"

--- Makes a handle; another one each time.
---@param access_token string
---@return string handle 62 characters
function M.issue(access_token)
  local sealed = core.seal(access_token, KEY, "")
  return PREFIX .. sealed:gsub(".", function(byte)
    return ("%02x"):format(byte:byte())
  end)
end

--- Whether a text is a handle of that token.
---@param text string
---@param access_token string
---@return boolean
function M.fits(text, access_token)
  local hex = text:match("^" .. PREFIX .. "(%x+)$")
  if not hex or #hex % 2 ~= 0 then
    return false
  end
  local sealed = hex:gsub("%x%x", function(digits)
    return string.char(tonumber(digits, 16))
  end)
  return core.unseal(access_token, KEY, sealed) == ""
end

return M
