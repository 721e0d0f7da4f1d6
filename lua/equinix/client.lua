--- client: the one object. It holds the parts together and checks what comes
-- in; each method is a few lines over the part that does the work.

local call = require "equinix.call"
local core = require "equinix.core"
local curl = require "equinix.transport.curl"
local err = require "equinix.error"
local flight = require "equinix.flight"
local options = require "equinix.options"
local static = require "equinix.static"

local M = {}

---@class equinix.Client
---@field authorization fun(self: equinix.Client): string|nil, equinix.Error
local Client = {}
Client.__index = Client
Client.__name = "equinix.Client"

local function closed()
  return err.fail("closed", "the client is closed")
end

local function misuse(message, level)
  error("equinix: " .. message, level + 1)
end

function Client:__tostring()
  return ("equinix.Client (%s%s)"):format(self.config.base_url,
    self.flight and "" or ", closed")
end

-- The hot path sits in the object itself, one look-up away, and has its place
-- in the cache bound to it; anew when that place changes.
local function bind(self)
  self.authorization = self.flight:bind(function()
    if not self.flight then
      return closed()
    end
    local header, problem = self.flight:obtain {
      deadline = core.now() + self.config.timeout,
    }
    if not header then
      return nil, problem
    end
    return header
  end)
end

--- A token that is good now.
---@param opts? {min_life?: number} seconds that must be left
---@return equinix.Token|nil
---@return equinix.Error|nil
function Client:token(opts)
  local min_life = opts and opts.min_life
  if min_life ~= nil and type(min_life) ~= "number" then
    misuse("option 'min_life' must be a number of seconds", 2)
  end
  if not self.flight then
    return closed()
  end
  local header, token = self.flight:obtain {
    deadline = core.now() + self.config.timeout,
    min_life = min_life,
  }
  if not header then
    return nil, token
  end
  return token
end

--- Renews now, whatever is cached: by the refresh token where there is one,
--- else by the grant; joins a renewal that is under way.
---@param opts? {force?: boolean} in spite of back-off and latch
---@return equinix.Token|nil
---@return equinix.Error|nil
function Client:refresh(opts)
  if not self.flight then
    return closed()
  end
  local header, token = self.flight:obtain {
    deadline = core.now() + self.config.timeout,
    renew = true,
    force = opts and opts.force and true or false,
  }
  if not header then
    return nil, token
  end
  return token
end

--- Refuses that token, if it is still the current one: nobody is given it any
--- more and the next call renews. No I/O, any nginx phase.
---@param authorization string as client:authorization() gave it
---@return boolean|nil
---@return equinix.Error|nil
function Client:invalidate(authorization)
  if type(authorization) ~= "string" then
    misuse("invalidate takes the string that authorization() gave", 2)
  end
  if not self.flight then
    return closed()
  end
  return self.flight:reject(authorization) or false
end

-- `level` is whose line a mistake is raised at. No public method calls this as
-- a tail call: that would take its frame away and the levels with it.
local function request(self, opts, level)
  options.request(opts, level + 1)
  if not self.flight then
    return closed()
  end
  return call.run(self, opts)
end

--- One authenticated call.
---@param opts equinix.Request
---@return equinix.Response|nil
---@return equinix.Error|nil
function Client:request(opts)
  local response, problem = request(self, opts, 2)
  return response, problem
end

for _, method in ipairs { "GET", "HEAD", "DELETE", "POST", "PUT", "PATCH" } do
  Client[method:lower()] = function(self, path, opts)
    if opts ~= nil and type(opts) ~= "table" then
      misuse("the second argument must be a table of request fields", 2)
    end
    local fields = { method = method, path = path }
    for name, value in pairs(opts or {}) do
      if name == "method" or name == "path" then
        misuse("field '" .. name .. "' is given twice", 2)
      end
      fields[name] = value
    end
    local response, problem = request(self, fields, 2)
    return response, problem
  end
end

--- Drops and wipes the token, for all who share it. Back-off and lock-out
--- guard stay.
---@return boolean|nil
---@return equinix.Error|nil
function Client:forget()
  if not self.flight then
    return closed()
  end
  self.flight:forget()
  return true
end

--- Ends the client; the token stays with the others who share it.
function Client:close()
  if self.flight then
    self.flight:close()
    self.flight = nil
    self.authorization = closed
  end
  return true
end

Client.__close = Client.close

local function emitter(config)
  local listen = config.on_event
  return function(name, fields)
    if listen then
      -- A listener's mistake must not break a renewal.
      pcall(listen, name, fields)
    end
  end
end

--- Makes a client of a checked configuration.
---@param config table of equinix.options
---@return equinix.Client
function M.new(config)
  local self = setmetatable({
    config = config,
    transport = config.transport or curl,
    emit = emitter(config),
  }, Client)
  local function moved()
    if self.flight then
      bind(self)
    end
  end
  if config.grant == "static" then
    self.flight = static.new(config)
  else
    self.flight = flight.new(config, self.transport, self.emit, moved)
  end
  bind(self)
  if config.grant == "password" then
    self.emit("grant_deprecated", { grant = "password" })
  end
  return self
end

return M
