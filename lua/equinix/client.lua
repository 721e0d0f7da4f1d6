--- client: the one object.
--
-- Law of this file: it holds the parts together and checks what comes in; each
-- method is a few lines over the part that does the work. Only files of
-- client/ use its parts; all others call its methods.

local lazy = require "equinix.base.lazy"

local batch = lazy "equinix.client.batch"
local call = lazy "equinix.client.call"
local check = require "equinix.base.check"
local core = require "equinix.core"
local emitter = lazy "equinix.client.emitter"
local errors = lazy "equinix.base.error"
local explain = lazy "equinix.tokens.explain"
local fast_get = lazy "equinix.client.fast_get"
local held_back = lazy "equinix.tokens.held_back"
local lists = lazy "equinix.client.lists"
local observed = lazy "equinix.client.observed"
local passthrough = lazy "equinix.oauth.passthrough"
local preload = lazy "equinix.client.preload"
local source = require "equinix.tokens.source"
local static = lazy "equinix.tokens.static"
local validate = lazy "equinix.http.validate"

local M = {}

-- Now: `new` opens no file.
local default_transport = require("equinix.transport.default").find()

-- The methods that are named after HTTP's; they are made in a loop below.
---@alias equinix.Client.method
---| fun(self: equinix.Client, path: string, opts?: equinix.RequestFields):
---  equinix.Response|nil, equinix.Error|nil

---@class equinix.Stats
---@field token_requests integer
---@field tokens integer that were received
---@field failures integer renewals that ended without one
---@field rejections integer tokens that were refused

---@class equinix.Client
---@field authorization fun(self: equinix.Client): string?, equinix.Error?
---@field get equinix.Client.method
---@field head equinix.Client.method
---@field delete equinix.Client.method
---@field post equinix.Client.method
---@field put equinix.Client.method
---@field patch equinix.Client.method
---@field package config equinix.Config
---@field package transport table the port
---@field package emit fun(name: string, fields: table)
---@field package tokens? equinix.TokenSource|equinix.StaticSource nil when
---  closed
local Client = {}
Client.__index = Client
Client.__name = "equinix.Client"

local function closed()
  return errors.fail("closed", "the client is closed")
end

local function misuse(message, level)
  error("equinix: " .. message, level + 1)
end

function Client:__tostring()
  return ("equinix.Client (%s%s)"):format(self.config.base_url,
    self.tokens and "" or ", closed")
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
  return self.tokens:token {
    deadline = core.now() + self.config.timeout,
    min_life = opts and opts.min_life,
    traceparent = opts and opts.traceparent,
  }
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
  return self.tokens:token {
    deadline = core.now() + self.config.timeout,
    renew = true,
    force = opts and opts.force,
    traceparent = opts and opts.traceparent,
  }
end

local function refuse(self, rule, authorization)
  if type(authorization) ~= "string" then
    misuse("pass the string that authorization() gave", 3)
  elseif not self.tokens then
    return closed()
  end
  return (self.tokens[rule](self.tokens, authorization)) or false
end

--- Marks that token as refused, if it is still the current one: it is served
--- to no caller any more, and the next call renews. No I/O, any nginx phase.
---@param authorization string as client:authorization() gave it
---@return boolean|nil
---@return equinix.Error|nil
function Client:invalidate(authorization)
  local refused, err = refuse(self, "reject", authorization)
  return refused, err
end

--- The same after a 401, but not for a token that is a few seconds old.
---@param authorization string as client:authorization() gave it
---@return boolean|nil
---@return equinix.Error|nil
function Client:unauthorized(authorization)
  local refused, err = refuse(self, "unauthorized", authorization)
  return refused, err
end

-- `level` says at whose line a mistake is raised. No public method calls this
-- as a tail call: that would remove its frame and shift the levels.
local function request(self, opts, level)
  validate.request(opts, level + 1)
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
  local response, err = request(self, opts, 2)
  return response, err
end

local METHODS = { get = "GET", head = "HEAD", delete = "DELETE",
  post = "POST", put = "PUT", patch = "PATCH" }

for name, method in pairs(METHODS) do
  Client[name] = function(self, path, opts)
    if method == "GET" and self.tokens and fast_get.fits(path, opts) then
      local follow = opts and opts.follow
      local header = self.tokens.hit()
      if header then
        return fast_get.get(self, path, header, follow)
      end
      return call.run(self, { path = path, follow = follow })
    end
    local all = validate.joined(method, path, opts, 2)
    local response, err = request(self, all, 2)
    return response, err
  end
end

--- Many calls at once, on this one thread.
---@param requests equinix.Request[] without `timeout`: that is one for all
---@param opts? {concurrency?: integer, connections?: integer,
---  timeout?: number, on_progress?: fun(done: integer, total: integer)} 16; 2
---  at most where HTTP/2 shares them; seconds; is called as calls end
---@return {response?: equinix.Response, err?: equinix.Error}[]|nil in order
---@return equinix.Error|nil
function Client:all(requests, opts)
  validate.all(requests, opts, 2)
  if not self.tokens then
    return closed()
  end
  return batch.run(self, requests, opts or {})
end

-- The request for the first page, and how the list is read.
local function paged(path, opts, level)
  local all = validate.joined(nil, path, opts, level + 1)
  local how = validate.take_paging(all, level + 1)
  validate.request(all, level + 1)
  return all, how
end

--- Iterates over the pages of a list: `for page, response in client:pages
--- "/fabric/v4/ports"`. A search has `{method = "POST", json = {...}}`.
--- Raises an equinix.Error, inside nginx its text; with `raise = false` the
--- loop runs once more with `false, err` instead. `ahead` pages are asked for
--- ahead, where the list says how many there are.
---@param path string
---@param opts? equinix.PagedRequest
---@return fun(): any, equinix.Response|equinix.Error|nil next the page, or
---  false; nil after the last one
---@return nil, nil, equinix.ReadAhead reader its `close` ends what is under
---  way; the loop of Lua 5.4 calls it
function Client:pages(path, opts)
  local first, how = paged(path, opts, 2)
  return lists.pages(self, first, how)
end

--- Iterates over the items of all pages; an error comes as from `pages`.
---@param path string
---@param opts? equinix.PagedRequest
---@return fun(): any, equinix.Error|nil next an item, or false; nil after the
---  last one
---@return nil, nil, equinix.ReadAhead reader
function Client:items(path, opts)
  local first, how = paged(path, opts, 2)
  return lists.items(self, first, how)
end

--- One of the two published operations with a body of your own: nothing is
--- added, cached or retried, and every status comes back as it is.
---@param name "getoauth2accesstoken"|"refreshoauth2accesstoken"
---@param body table|string
---@param opts? {traceparent?: string} the trace (W3C) that it belongs to
---@return equinix.Response|nil
---@return equinix.Error|nil no answer, or credentials that are latched
function Client:operation(name, body, opts)
  check.names(opts or {}, OPERATION, "option", 2)
  local found = passthrough.find(name)
  if not found then
    misuse(("unknown operation '%s' (there are %s)"):format(tostring(name),
      table.concat(passthrough.names, ", ")), 2)
  elseif type(body) ~= "table" and type(body) ~= "string" then
    misuse("the body must be a table or a string", 2)
  end
  if not self.tokens then
    return closed()
  end
  return passthrough.run(self, found, body, opts and opts.traceparent)
end

--- Counters, shared by all that share the token: token_requests, tokens,
--- failures, rejections.
---@return equinix.Stats|nil
---@return equinix.Error|nil
function Client:stats()
  if not self.tokens then
    return closed()
  end
  return self.tokens:stats()
end

--- The state of the token, without the token. Asks for none.
---@return equinix.Explanation|nil
---@return equinix.Error|nil
function Client:explain()
  if not self.tokens then
    return closed()
  end
  return explain.of(self.tokens)
end

--- Drops and wipes the token, for all that share it. Back-off and lock-out
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

--- Before a change of the root or the user: loads every module and reads every
--- file that may be needed afterwards. No network.
---@return true|nil
---@return equinix.Error|nil a file that can't be read
function Client:preload()
  return preload.run(self)
end

--- Ends the client; the token stays with the others that share it. Calls on
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

-- For the service, the command and nginx, which are not users ----------------

--- Whether its tokens can be renewed: not a static one.
---@package
---@return boolean
function Client:renews()
  return self.tokens ~= nil and self.tokens.renews
end

--- Before a service forks its processes: reads what finding the token takes
--- (a secret file), so that from now on a cached one is served without, and
--- they count bad attempts in one place. No network.
---@package
---@return true|nil
---@return equinix.Error|nil
function Client:prepare()
  return preload.prepare(self)
end

--- The header, unless the next token can't be requested.
---@package
---@return string|nil
---@return equinix.Error|nil
function Client:ready()
  return held_back.header(self)
end

--- The header while the token is fresh, else nil; asks for none.
---@package
---@return string|nil
function Client:cached()
  return self.tokens and self.tokens.hit()
end

--- The token in the cache, whatever its state; asks for none.
---@package
---@return equinix.Token|nil
---@return number|nil left seconds until its end, where it may be served
function Client:peek()
  if self:renews() then
    return self.tokens:peek()
  end
end

--- A slot of the cache beside the token's own, for notes that go with it.
---@package
---@param name string
---@return equinix.slot|nil
---@return equinix.Error|nil
function Client:slot_beside(name)
  local slot, err = self.tokens:slot()
  return slot and core.tokens.open(name .. "\0" .. self.tokens.key(), "note"),
    err
end

local function silent() end

--- Makes a client of a checked configuration.
---@param config equinix.Config
---@return equinix.Client
function M.new(config)
  local transport = config.transport or default_transport
  local listen = config.on_event
  local emit = listen and emitter.new(listen) or silent
  if config.log or listen and emitter.is_for_requests(listen) then
    transport, emit = observed.new(config, transport)
  end
  local self = setmetatable({
    config = config,
    transport = transport,
    memo = { count = 0, entries = {} }, -- of fast_get
    emit = emit,
  }, Client)
  self.tokens = config.grant == "static" and static.new(config)
    or source.new(config, self.transport, self.emit)
  if config.log and self.tokens.renews then
    observed.look_ups(self.tokens, self.emit)
  end
  -- The hot path is in the object itself, one look-up away.
  self.authorization = self.tokens.authorization
  if config.grant == "password" then
    self.emit("grant_deprecated", { grant = "password" })
  end
  return self
end

return M
