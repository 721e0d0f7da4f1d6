--- observed: what a client sends and waits for, as events.
--
-- Law of this file: it stands around the transport and the token source of a
-- client whose requests are listened to or logged; any other client goes
-- without, and pays nothing. It changes nothing about what is sent, and a
-- mistake in it ends no call. A listener gets names and numbers. For the log
-- each secret that goes past is learned, so that no line shows a part of it;
-- bodies are shown of the API's calls only.

local core = require "equinix.core"
local emitter = require "equinix.client.emitter"
local explain = require "equinix.tokens.explain"
local json = require "equinix.base.json"
local log = require "equinix.client.log"
local lower = require("equinix.base.text").lower
local secret_parts = require "equinix.http.secret_parts"
local tables = require "equinix.base.table"
local target = require "equinix.http.target"
local trace = require "equinix.client.trace"
local visible = require "equinix.http.visible"

local M = {}

-- What the log must not show, of all clients: a server may repeat to one of
-- them what another one sent.
local known = secret_parts.new()

-- Requests of all clients: in one log each has a number of its own.
local count = 0

---@class equinix.Observed
---@field emit equinix.Listener
---@field transport table the port that is observed
---@field level integer 0: no log; 1; 2: with headers and bodies
---@field parts? equinix.http.SecretParts what the log must not show
local Observed = {}
Observed.__index = Observed

-- What is secret in a message of a token endpoint.
local SECRETS = { "client_id", "client_secret", "user_password", "password",
  "subject_token", "refresh_token", "access_token", "id_token" }

local function unescaped(text)
  return (text:gsub("%%(%x%x)", function(digits)
    return string.char(tonumber(digits, 16))
  end))
end

local function learn_body(parts, body)
  local fields = type(body) == "string" and json.decode(body)
  if type(fields) ~= "table" then
    fields = {}
    for pair in (body or ""):gmatch "[^&]+" do
      local name, value = pair:match "^([^=]+)=(.*)$"
      fields[name or ""] = value and unescaped(value)
    end
  end
  for _, name in ipairs(SECRETS) do
    parts.learn(fields[name])
  end
end

-- What is known to be secret before anything is sent.
local function learn_settings(parts, config)
  local password = (config.proxy or ""):match "//[^/]*:([^/@]*)@"
  parts.learn(password)
  parts.learn(password and unescaped(password))
  parts.learn(config.client_id)
  for _, name in ipairs { "static_token", "user_password",
    not config.secret_rotates and config.grant ~= "token_exchange"
      and "secret" or nil } do
    parts.learn(config[name] and config[name]() or nil)
  end
end

local function header_of(request, wanted)
  for _, header in ipairs(request.headers or {}) do
    if lower(header[1]) == wanted then
      return header[2]
    end
  end
end

-- An API call has a bearer token, and its path is none of those that give
-- tokens out.
local function is_api_call(request)
  local path = lower(unescaped(
    request.url:match "^[A-Za-z]+://[^/?]*([^?]*)" or "%"))
  return header_of(request, "authorization") ~= nil
    and not path:find("%", 1, true) and not path:find("oauth", 1, true)
    and not path:find("token", 1, true)
end

-- For the log: more about a request, and the secrets in it.
local function describe_request(self, fields, request)
  local parts = self.parts
  local bearer = header_of(request, "authorization")
  parts.learn(bearer and bearer:gsub("^%S+%s+", "") or nil)
  if not is_api_call(request) then
    learn_body(parts, request.body)
  end
  fields.method = request.method
  fields.url = visible.url(request.url, parts.sees)
  fields.op = target.op(request.method, fields.url)
  if self.level > 1 then
    fields.headers = visible.headers(request.headers or {}, parts.sees)
    if request.body and is_api_call(request) then
      fields.body = visible.body(request.body, parts.sees)
    end
  end
end

local function describe_response(self, fields, request, response)
  local parts, is_api = self.parts, is_api_call(request)
  if not is_api then
    learn_body(parts, response.body)
  end
  if self.level > 1 then
    fields.headers = visible.headers(response.headers or {}, parts.sees)
    if is_api and (response.body or "") ~= "" then
      fields.body = visible.body(response.body, parts.sees)
    end
  end
end

-- -> number, op, when it began
local function begin(self, request)
  count = count + 1
  local fields = { number = count,
    bytes = request.body and #request.body or nil }
  if not self.parts then
    fields.op = target.op(request.method, request.url)
  elseif not pcall(describe_request, self, fields, request) then
    fields = { number = fields.number, op = request.method }
  end
  self.emit("request", fields)
  return fields.number, fields.op, core.now()
end

local function finish(self, request, number, op, began, response,
    transport_err)
  local fields = { number = number, op = op, seconds = core.now() - began }
  if response then
    fields.status, fields.bytes = response.status, #(response.body or "")
    fields.http_version = response.http_version
    fields.connects = response.connects
    if self.parts
      and not pcall(describe_response, self, fields, request, response) then
      fields.headers, fields.body = nil, nil
    end
  elseif transport_err then
    fields.kind, fields.code = transport_err.kind, transport_err.code
  end
  self.emit("response", fields)
end

-- The functions of the port --------------------------------------------------

-- The same request; of its response more is known.
local function open_of(request)
  local open = tables.copy(request)
  open.raw_headers = nil
  return open
end

local function send(self, request, ...)
  if core.is_exchange(request) then -- a store's: it has steps of its own
    return self.transport.send(request, ...)
  end
  local number, op, began = begin(self, request)
  local response, transport_err = self.transport.send(open_of(request), ...)
  finish(self, request, number, op, began, response, transport_err)
  return response, transport_err
end

local function send_many(self, requests, ...)
  local begun, open = {}, {}
  for i, request in ipairs(requests) do
    begun[i], open[i] = { begin(self, request) }, open_of(request)
  end
  local results = self.transport.send_many(open, ...)
  for i, request in ipairs(requests) do
    local number, op, began = begun[i][1], begun[i][2], begun[i][3]
    local response = results[i].response
    finish(self, request, number, op, response and core.now()
      - (response.elapsed or 0) or began, response, results[i].err)
  end
  return results
end

-- Calls that one caller has under way side by side.
local function transfers_of(self)
  local inner, begun = self.transport.transfers.new(), {}
  local outer = setmetatable({}, { __index = function(_, name)
    return function(_, ...)
      return inner[name](inner, ...)
    end
  end })
  function outer.start(_, request, seconds)
    local number, op, began = begin(self, request)
    local id, transport_err = inner:start(open_of(request), seconds)
    if id then
      begun[id] = { request, number, op, began }
    else
      finish(self, request, number, op, began, nil, transport_err)
    end
    return id, transport_err
  end
  function outer.wait(_, seconds)
    local results = inner:wait(seconds)
    for _, result in ipairs(results) do
      local one = begun[result.number]
      begun[result.number] = nil
      if one and not result.moved then
        finish(self, one[1], one[2], one[3], one[4], result.response,
          result.err)
      end
    end
    return results
  end
  function outer.cancel(_, id)
    begun[id] = nil
    return inner:cancel(id)
  end
  return outer
end

-- The port around another one. A request is never prepared: it could not be
-- read any more.
local function port(self)
  local inner = self.transport
  local outer = setmetatable({ prepare = false }, { __index = inner })
  function outer.send(...)
    return send(self, ...)
  end
  function outer.send_many(...)
    return send_many(self, ...)
  end
  function outer.sleep(seconds)
    self.emit("wait", { seconds = seconds })
    return inner.sleep(seconds)
  end
  -- What waits by many short pauses says it once.
  function outer.quietly(reason, seconds)
    self.emit("wait", { reason = reason, seconds = seconds })
    return inner
  end
  if inner.meanwhile then
    outer.meanwhile = inner.meanwhile == inner.send and outer.send or false
  end
  if inner.transfers then
    outer.transfers = inner.transfers.send == inner.send and {
      send = outer.send,
      new = function()
        return transfers_of(self)
      end,
    } or false
  end
  return outer
end

--- Observes a client that is about to be made.
---@param config equinix.Config
---@param transport table the port
---@return table transport the port around it
---@return equinix.Listener emit
function M.new(config, transport)
  local self = setmetatable({ transport = transport,
    level = config.log or 0 }, Observed)
  local write
  if config.log then
    local parts = known
    learn_settings(parts, config)
    self.parts = parts
    write = function(name, fields)
      for _, line in ipairs(trace.lines(name, fields, parts.sees)) do
        log.write(line)
      end
    end
  end
  self.emit = emitter.new(config.on_event, write)
  return port(self), self.emit
end

--- For the log: says of each look into the cache what is there.
---@param source equinix.TokenSource
---@param emit equinix.Listener
function M.look_ups(source, emit)
  local function say()
    local state, left = explain.state(source)
    emit("token_cache", { state = state, left = left })
  end
  local hit = source.hit
  function source.hit()
    local header = hit()
    if header then
      say()
    end
    return header
  end
  for _, name in ipairs { "get", "token" } do
    local method = source[name]
    source[name] = function(...)
      say()
      return method(...)
    end
  end
  function source.authorization()
    local header = source.hit()
    if header then
      return header
    end
    return source:get { deadline = core.now() + source.config.timeout }
  end
end

return M
