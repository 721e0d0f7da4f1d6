--- static: a bearer token that the user brought. It stands where a flight
-- stands for every other grant, and never makes a request.

local lazy = require "equinix.base.lazy"

local err = lazy "equinix.base.error"
local token = require "equinix.oauth.token"

local M = {}

local Static = { renews = false }
Static.__index = Static

--- Always the same token.
---@return string|nil header
---@return equinix.Token|equinix.Error
function Static:get(want)
  if not self.hit() then
    return err.fail("closed", "the client was closed meanwhile")
  elseif want.renew then
    return err.fail("config", "a static token can't be renewed: "
      .. "give client_id and client_secret instead")
  end
  return self.hit(), self.token
end

-- The contract of a flight, with nothing to do.
function Static.reject() end
function Static.forget() end
function Static.stats()
  return { token_requests = 0, tokens = 0, failures = 0, rejections = 0 }
end

--- No more hits, for those who hold the function either.
function Static:close()
  self.hit = function()
    return nil
  end
end

--- The function behind client:authorization().
function Static:bind(slow)
  return function()
    local header = self.hit()
    if header then
      return header
    end
    return slow()
  end
end

---@param config table of equinix.client.options
function M.new(config)
  local access_token = config.static_token()
  local header = "Bearer " .. access_token
  return setmetatable({
    hit = function()
      return header
    end,
    token = token.new {
      access_token = access_token,
      token_type = "Bearer",
    },
  }, Static)
end

return M
