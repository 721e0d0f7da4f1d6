--- token_handle: an opaque name for a token.
--
-- Law of this file: a program that holds a token handle can use the token
-- through this service, and nothing else. A handle is random, can't be guessed
-- or forged, and expires with its token.
--
-- RATIONALE: nothing is stored. A handle is an empty record sealed with the
-- token as the secret (AES-256-GCM, a random nonce): it opens with that very
-- token and no other, so all workers accept it, and none after a renewal.

local core = require "equinix.core"

local M = {}

local PREFIX, KEY = "eqh_", "handle"

--- Makes a token handle; a different one each time.
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
