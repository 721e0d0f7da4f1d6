--- client: the one object. It holds the parts together and checks what comes
-- in; each method is a few lines over the part that does the work.

local lazy = require "equinix.base.lazy"

local call = lazy "equinix.client.call"
local check = require "equinix.base.check"
local core = require "equinix.core"
local err = lazy "equinix.base.error"
local fields = lazy "equinix.http.validate"
local flight = require "equinix.tokens.source"
local many = lazy "equinix.client.batch"
local operation = lazy "equinix.oauth.passthrough"
local pages = lazy "equinix.http.pagination"
local quick = lazy "equinix.client.fast_get"
local static = require "equinix.tokens.static"

local M = {}

local CONCURRENCY = 16 -- calls at once, unless told

-- Inside ngx_lua nothing may block the worker. Read now: `new` opens no file.
local ngx = rawget(_G, "ngx")
local default_transport = require("equinix.transport."
  .. (ngx and ngx.get_phase and "nginx" or "curl"))

-- What the methods named after HTTP's are; they are made in a loop below.
---@alias equinix.Client.method
---| fun(self: equinix.Client, path: string, opts?: equinix.RequestFields):
---  equinix.Response|nil, equinix.Error|nil

---@class equinix.Stats
---@field token_requests integer
---@field tokens integer that were received
---@field failures integer flights that ended without one
---@field rejections integer tokens that were refused

---@class equinix.Client
---@field authorization fun(self: equinix.Client): string?, equinix.Error?
---@field get equinix.Client.method
---@field head equinix.Client.method
---@field delete equinix.Client.method
---@field post equinix.Client.method
---@field put equinix.Client.method
---@field patch equinix.Client.method
---@field package config table of equinix.client.options
---@field package transport table the port
---@field package emit fun(name: string, fields: table)
---@field package flight? equinix.Flight nil when closed
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
    self.tokens and "" or ", closed")
end

-- The hot path sits in the object itself, one look-up away, and has its place
-- in the cache bound to it; anew when that place changes.
local function bind(self)
  self.authorization = self.tokens:bind(function()
    if not self.tokens then
      return closed()
    end
    local header, problem = self.tokens:get {
      deadline = core.now() + self.config.timeout,
    }
    if not header then
      return nil, problem
    end
    return header
  end)
end

local TOKEN = { min_life = "number", traceparent = "string" }
local REFRESH = { force = "boolean", traceparent = "string" }
local OPERATION = { traceparent = "string" }

--- A token that is good now.
---@param opts? {min_life?: number, traceparent?: string} seconds that must be
---  left; the trace (W3C) that a token request belongs to
---@return equinix.Token|nil
---@return equinix.Error|nil
function Client:token(opts)
  check.names(opts or {}, TOKEN, "option", 2)
  if not self.tokens then
    return closed()
  end
  local header, token = self.tokens:get {
    deadline = core.now() + self.config.timeout,
    min_life = opts and opts.min_life,
    traceparent = opts and opts.traceparent,
  }
  if not header then
    return nil, token
  end
  return token
end

--- Renews now, whatever is cached: by the refresh token where there is one,
--- else by the grant; joins a renewal that is under way.
---@param opts? {force?: boolean, traceparent?: string} in spite of back-off
---  and latch; the trace (W3C) that the token request belongs to
---@return equinix.Token|nil
---@return equinix.Error|nil
function Client:refresh(opts)
  check.names(opts or {}, REFRESH, "option", 2)
  if not self.tokens then
    return closed()
  end
  local header, token = self.tokens:get {
    deadline = core.now() + self.config.timeout,
    renew = true,
    force = opts and opts.force,
    traceparent = opts and opts.traceparent,
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
  if not self.tokens then
    return closed()
  end
  return self.tokens:reject(authorization) or false
end

-- `level` is whose line a mistake is raised at. No public method calls this as
-- a tail call: that would take its frame away and the levels with it.
local function request(self, opts, level)
  fields.request(opts, level + 1)
  if not self.tokens then
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

-- All fields of a call in one table.
local function joined(method, path, opts, level)
  if opts ~= nil and type(opts) ~= "table" then
    misuse("the second argument must be a table of request fields", level + 1)
  end
  local all = { method = method, path = path }
  for name, value in pairs(opts or {}) do
    if all[name] ~= nil then
      misuse("field '" .. name .. "' is given twice", level + 1)
    end
    all[name] = value
  end
  return all
end

for _, method in ipairs { "GET", "HEAD", "DELETE", "POST", "PUT", "PATCH" } do
  Client[method:lower()] = function(self, path, opts)
    if opts == nil and method == "GET" and self.tokens
      and type(path) == "string" then
      return quick.get(self, path)
    end
    local all = joined(method, path, opts, 2)
    local response, problem = request(self, all, 2)
    return response, problem
  end
end

--- Many calls at once, on this one thread.
---@param requests equinix.Request[] without `timeout`: that is one for all
---@param opts? {concurrency?: integer, timeout?: number} 16; seconds
---@return {response?: equinix.Response, err?: equinix.Error}[]|nil in order
---@return equinix.Error|nil
function Client:all(requests, opts)
  fields.all(requests, opts, 2)
  if not self.tokens then
    return closed()
  end
  opts = opts or {}
  return many.run(self, requests, opts.concurrency or CONCURRENCY,
    opts.timeout or self.config.timeout)
end

-- The iterators raise: a loop has no place for `nil, err`.
local function fetcher(self)
  return function(opts)
    if not self.tokens then
      local _, problem = closed()
      error(problem, 0)
    end
    local response, problem = call.run(self, opts)
    if not response then
      error(problem, 0)
    end
    return response
  end
end

local function paged(path, opts, level)
  local all = joined(nil, path, opts, level + 1)
  fields.request(all, level + 1)
  return all
end

--- Iterates over the pages of a list: `for page, response in client:pages
--- "/fabric/v4/ports"`. A search has `{method = "POST", json = {...}}`.
--- Raises an equinix.Error.
---@param path string
---@param opts? equinix.PagedRequest
---@return fun(): any, equinix.Response next the page, nil after the last one
function Client:pages(path, opts)
  local first = paged(path, opts, 2)
  return pages.each(fetcher(self), first)
end

--- Iterates over the items of all pages. Raises an equinix.Error.
---@param path string
---@param opts? equinix.PagedRequest
---@return fun(): any next an item, nil after the last one
function Client:items(path, opts)
  local first = paged(path, opts, 2)
  local each, list, i = pages.each(fetcher(self), first), {}, 0
  return function()
    i = i + 1
    while list[i] == nil do
      local page = each()
      if page == nil then
        return nil
      end
      list, i = pages.items(page), 1
    end
    return list[i]
  end
end

--- One of the capability's operations with a body of your own: nothing is
--- added, cached or repeated, and every status comes back as it is.
---@param name "getoauth2accesstoken"|"refreshoauth2accesstoken"
---@param body table|string
---@param opts? {traceparent?: string} the trace (W3C) that it belongs to
---@return equinix.Response|nil
---@return equinix.Error|nil no answer, or credentials that are latched
function Client:operation(name, body, opts)
  check.names(opts or {}, OPERATION, "option", 2)
  local found = operation.find(name)
  if not found then
    misuse(("unknown operation '%s' (there are %s)"):format(tostring(name),
      table.concat(operation.names, ", ")), 2)
  elseif type(body) ~= "table" and type(body) ~= "string" then
    misuse("the body must be a table or a string", 2)
  end
  if not self.tokens then
    return closed()
  end
  return operation.run(self, found, body, opts and opts.traceparent)
end

--- Counters, shared by all who share the token: token_requests, tokens,
--- failures, rejections.
---@return equinix.Stats|nil
---@return equinix.Error|nil
function Client:stats()
  if not self.tokens then
    return closed()
  end
  return self.tokens:stats()
end

--- Drops and wipes the token, for all who share it. Back-off and lock-out
--- guard stay.
---@return boolean|nil
---@return equinix.Error|nil
function Client:forget()
  if not self.tokens then
    return closed()
  end
  self.tokens:forget()
  return true
end

--- Ends the client; the token stays with the others who share it. Calls on
--- a closed client return an error of kind "closed".
---@return true
function Client:close()
  if self.tokens then
    self.tokens:close()
    self.tokens = nil
    self.authorization = closed
  end
  return true
end

Client.__close = Client.close

local function emitter(config)
  local listen = config.on_event
  return function(name, details)
    if listen then
      -- A listener's mistake must not break a renewal.
      pcall(listen, name, details)
    end
  end
end

--- Makes a client of a checked configuration.
---@param config table of equinix.client.options
---@return equinix.Client
function M.new(config)
  local self = setmetatable({
    config = config,
    transport = config.transport or default_transport,
    memo = { count = 0, entries = {} }, -- quick's
    emit = emitter(config),
  }, Client)
  local function moved()
    if self.tokens then
      bind(self)
    end
  end
  if config.grant == "static" then
    self.tokens = static.new(config)
  else
    self.tokens = flight.new(config, self.transport, self.emit, moved)
  end
  bind(self)
  if config.grant == "password" then
    self.emit("grant_deprecated", { grant = "password" })
  end
  return self
end

return M
