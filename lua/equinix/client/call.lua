--- call: one API call, from its options to its response.
--
-- Law of this file: one deadline over everything (token, waits, retries); a
-- 401 costs one shared renewal and one retry, unless the token stays in use
-- (tokens/rejection.lua says when); a second one is final; redirects
-- only for GET and HEAD, five at most, to the same origin, and nothing is sent
-- to a target that the caller does not allow.

local lazy = require "equinix.base.lazy"

local build = require "equinix.http.build"
local core = require "equinix.core"
local error_body = lazy "equinix.http.error_body"
local errors = lazy "equinix.base.error"
local http_response = require "equinix.http.response"
local json = require "equinix.base.json"
local media_type = require "equinix.http.media_type"
local retry = require "equinix.http.retry"
local sink_error = lazy "equinix.http.sink_error"
local target = require "equinix.http.target"

local M = {}

local MAX_REDIRECTS = 5
local MAX_RETRY_AFTER = 24 * 3600

local REDIRECTS = {
  [301] = true, [302] = true, [303] = true, [307] = true, [308] = true,
}

---@class equinix.Call the state of one call
---@field told? number seconds for which the server, in its last response,
---  asked not to be asked again: a 429 or a Retry-After
local Call = {}
Call.__index = Call

local NONE = {}

local function set(list)
  local members = {}
  for _, value in ipairs(list) do
    members[value] = true
  end
  return members
end

-- The name of the call in errors and events.
function Call:op()
  return target.op(self.request.method, self.request.url)
end

-- A token, waiting out a back-off where that helps, and the deadline and the
-- caller allow it.
function Call:authorize()
  local fresh = self.tokens.hit()
  if fresh then
    return fresh
  end
  while true do
    local header, err = self.tokens:get { deadline = self.deadline }
    if header then
      return header
    end
    local pause = err.retry_after
    if self.policy.off or not err.retryable or not pause
      or core.now() + pause >= self.deadline then
      return nil, err
    end
    self.transport.sleep(pause)
  end
end

-- Seconds before another attempt, when one is allowed and the deadline leaves
-- room for it; else nil.
function Call:pause(status, transport_err, headers)
  local asked = headers and retry.after(headers["retry-after"], os.time(),
    MAX_RETRY_AFTER)
  self.told = asked or status == 429 and 0 or nil
  if self.has_chunks or self.attempt >= self.policy.attempts
    or not retry.allowed(self.request.method, self.idempotent, status,
      transport_err, asked and not media_type.is_html(
        headers["content-type"])) then
    return nil
  end
  local pause = asked or retry.delay(self.policy, self.attempt)
  if core.now() + pause >= self.deadline then
    return nil
  end
  self.emit("retry", {
    op = self:op(),
    attempt = self.attempt,
    delay = pause,
    status = status,
    kind = transport_err and transport_err.kind,
  })
  self.attempt = self.attempt + 1
  self.told = self.told and pause
  return pause
end

-- Whether the caller lets a redirect lead there.
function Call:follows(url)
  local follow = self.follow
  if type(follow) == "function" then
    return follow(url)
  end
  return follow ~= false
end

-- A redirect of a GET or HEAD: true when the request now points there.
function Call:redirect(response)
  local method = self.request.method
  local function no(reason)
    return errors.fail("protocol", ("%s: %d: a redirect was not followed: %s")
      :format(self:op(), response.status, reason), { code = "redirect" })
  end
  local url, err
  if method ~= "GET" and method ~= "HEAD" then
    url, err = no("only GET and HEAD may be redirected")
  elseif self.redirects >= MAX_REDIRECTS then
    url, err = no("there were " .. MAX_REDIRECTS .. " already")
  else
    url, err = target.redirect(self.request.url, response.headers.location,
      self:op())
    if url and not self:follows(url) then
      url, err = no("field follow does not allow it")
    end
  end
  if not url then
    err.status, err.response, err.op = response.status, response, self:op()
    return nil, err
  end
  self.redirects = self.redirects + 1
  self.request.url = url
  return true
end

local STATIC_401 = "the token was not accepted, and a static one can't be "
  .. "renewed; give a new one (option token or EQUINIX_API_TOKEN)"

local KEPT_401 = "this path does not accept the newest token, which goes on "
  .. "serving other calls; check that this account may use it (if all tokens "
  .. "were revoked just now, try again in some seconds)"

-- What to do about a 401; nil: as the error says by itself.
local function advice_401(self)
  if not self.tokens.renews then
    return STATIC_401
  end
  return self.kept and KEPT_401 or nil
end

local function failed(self, response)
  local status = response.status
  return nil, error_body.error(response, self:op(), {
    kind = status == 401 and "auth" or "http",
    secrets = { (self.header:gsub("^%S+ ", "")) },
    advice = status == 401 and advice_401(self) or nil,
    attempts = self.attempt,
    retry_after = retry.after(response.headers["retry-after"], os.time(),
      MAX_RETRY_AFTER),
  })
end

-- After a 401: true when the next round obtains another token. The one that
-- was sent is refused for all, unless it stays in use: then this answer is
-- this path's own.
function Call:renewable()
  if self.renewed or not self.tokens.renews then
    return false
  end
  local _, stays = self.tokens:unauthorized(self.header)
  self.renewed, self.kept = true, stays
  return not stays
end

-- Whether a body that may have been broken off is asked for again, by
-- HTTP/1.1, where its end is certain. JSON that can be read is whole.
function Call:doubts(response)
  if not response.open_ended or self.request.http1
    or self.request.method ~= "GET" then
    return false
  elseif media_type.is_json(response.headers["content-type"])
    and json.decode(response.body) ~= nil then
    return false
  end
  self.request.http1, self.doubted = true, true
  return true
end

-- What a response means: "again" and after how many seconds, or what the
-- caller gets.
function Call:judge(response)
  local status = response.status
  if http_response.SUCCESS[status] or self.accept[status] then
    if self:doubts(response) then
      return "again", 0
    end
    return response
  elseif status == 401 and self:renewable() then
    return "again", 0
  elseif REDIRECTS[status] then
    local ok, err = self:redirect(response)
    if ok then
      return "again", 0
    end
    return nil, err
  end
  local pause = self:pause(status, nil, response.headers)
  if pause then
    return "again", pause
  end
  return failed(self, response)
end

--- The request to be sent now, with a token.
---@return table|nil request of the transport's port
---@return number|equinix.Error seconds it may take, or why it can't be sent
function Call:ready()
  local header, err = self:authorize()
  if not header then
    return nil, err
  end
  local seconds = self.deadline - core.now()
  if seconds <= 0 then
    return errors.fail("timeout", self:op() .. ": the deadline passed"
      .. errors.after_attempts(self.attempt - 1), { op = self:op() })
  end
  build.authorize(self.request, header)
  self.header = header
  return self.request, seconds
end

--- What came of it.
---@param response table|nil as the transport gave it
---@param transport_err table|nil
---@return equinix.Response|"again"|nil
---@return equinix.Error|number|nil error, or seconds before the next round
function Call:settle(response, transport_err)
  if response then
    return self:judge(http_response.new(response, self.request.url))
  end
  local pause = self:pause(nil, transport_err)
  if pause then
    return "again", pause
  end
  local err = self.request.sink
    and sink_error.of(transport_err, self.request, self:op())
    or errors.from_transport(transport_err, self:op(), self.attempt)
  if self.doubted then
    return errors.fail("protocol", ("%s; a body over HTTP/2 that may have "
      .. "been broken off was asked for by HTTP/1.1"):format(err.message), {
      op = err.op,
      code = "body_end_unknown",
    })
  end
  return nil, err
end

--- Begins a call; nothing is sent yet.
---@param client table config, tokens, transport, emit
---@param opts equinix.Request checked by equinix.http.validate
---@return equinix.Call|nil
---@return equinix.Error|nil
function M.new(client, opts)
  local config = client.config
  if not client.tokens then
    return errors.fail("closed", "the client was closed meanwhile")
  end
  local request, err = build.request(config, opts)
  if not request then
    return nil, err
  end
  local policy, message = config.retry, nil
  if opts.retry ~= nil then
    policy, message = retry.policy(opts.retry, config.retry)
  end
  if not policy then
    return errors.fail("config", message, { code = "bad_request_field" })
  end
  local self = setmetatable({
    tokens = client.tokens,
    transport = client.transport,
    emit = client.emit,
    request = request,
    deadline = core.now() + (opts.timeout or config.timeout),
    policy = policy,
    idempotent = opts.idempotent,
    accept = opts.accept and set(opts.accept) or NONE,
    follow = opts.follow,
    attempt = 1,
    redirects = 0,
  }, Call)
  if type(opts.sink) == "function" then
    -- What was given away can't be taken back: no retry after that.
    self.on_chunk = function(chunk)
      self.has_chunks = true
      opts.sink(chunk)
    end
  end
  return self
end

--- Makes one call.
---@param client table config, tokens, transport, emit
---@param opts equinix.Request checked by equinix.http.validate
---@param first? {header: string, started: number, response: table?,
---  transport_err: table?} what came of it already, when it was sent once
---@return equinix.Response|nil
---@return equinix.Error|nil
function M.run(client, opts, first)
  local self, err = M.new(client, opts)
  if not self then
    return nil, err
  end
  local result, extra = "again", 0
  if first then
    self.header = first.header
    self.deadline = first.started + client.config.timeout
    result, extra = self:settle(first.response, first.transport_err)
  end
  while result == "again" do
    if extra > 0 then
      self.transport.sleep(extra)
    end
    local request, seconds = self:ready()
    if not request then
      return nil, seconds
    end
    result, extra = self:settle(self.transport.send(request, seconds,
      self.on_chunk))
  end
  return result, extra
end

return M
