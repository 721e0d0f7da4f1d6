--- static: the token source of a bearer token that the user brought.
--
-- Law of this file: it has the methods of source.lua and never makes a
-- request.

local errors = require("equinix.base.lazy") "equinix.base.error"
local token = require "equinix.oauth.token"

local M = {}

---@class equinix.StaticSource
---@field renews false
---@field hit fun(): string|nil
---@field authorization fun(): string|nil, equinix.Error|nil
local Static = { renews = false }
Static.__index = Static

local function closed()
  return errors.fail("closed", "the client was closed meanwhile")
end

-- Whether there is a token for what a caller needs.
local function check(self, want)
  if not self.hit() then
    return closed()
  elseif want.renew then
    return errors.fail("config", "a static token can't be renewed: "
      .. "give client_id and client_secret instead")
  end
  return true
end

--- The header, always the same.
---@param want equinix.Want
---@return string|nil header
---@return equinix.Error|nil
function Static:get(want)
  local ok, err = check(self, want)
  return ok and self.hit(), err
end

--- The token, always the same.
---@param want equinix.Want
---@return equinix.Token|nil
---@return equinix.Error|nil
function Static:token(want)
  local ok, err = check(self, want)
  return ok and self.value, err
end

-- Nothing to do.
function Static.reject() end
function Static.unauthorized() end
function Static.forget() end
function Static.stats()
  return { token_requests = 0, tokens = 0, failures = 0, rejections = 0 }
end

---@param config equinix.Config
---@return equinix.StaticSource
function M.new(config)
  local access_token = config.static_token()
  local header = "Bearer " .. access_token
  return setmetatable({
    value = token.new { access_token = access_token, token_type = "Bearer" },
    hit = function()
      return header
    end,
    authorization = function()
      if header then
        return header
      end
      return closed()
    end,
    --- No more hits, for those that hold the functions either.
    close = function()
      header = nil
    end,
  }, Static)
end

return M
