--- call: one API call, from its options to its answer.
--
-- Law of this file: one deadline over everything (token, waits, repetitions);
-- a 401 costs one shared renewal and one repetition, a second one is final;
-- redirects only for GET and HEAD, five at most, to the same origin.

local core = require "equinix.core"
local err = require "equinix.error"
local form = require "equinix.form"
local json = require "equinix.json"
local response = require "equinix.response"
local retry = require "equinix.retry"
local target = require "equinix.target"

local M = {}

local MAX_REDIRECTS = 5
local MAX_RETRY_AFTER = 24 * 3600

local REDIRECTS = {
  [301] = true, [302] = true, [303] = true, [307] = true, [308] = true,
}

local function bad(what)
  return err.fail("config", what, { code = "bad_request_field" })
end

-- RFC 9110, section 5.6.2: what a method or a field name may be made of.
local function is_name(text)
  return type(text) == "string" and text:find "^[%w!#$%%&'*+%-.^_`|~]+$"
end

local function is_value(text)
  return not text:find "[%z\r\n]"
end

local function add_header(list, seen, name, value)
  if not is_name(name) then
    return bad "a header's name holds characters that none may have"
  end
  local kind = type(value)
  if kind ~= "string" and kind ~= "number" then
    return bad("header " .. name .. " must be a string or a number")
  elseif not is_value(form.text(value)) then
    return bad("header " .. name .. " holds a NUL, CR or LF")
  end
  list[#list + 1] = { name, form.text(value) }
  seen[name:lower()] = true
  return true
end

-- The caller's headers, then ours where he has none.
local function headers_of(config, opts, content_type)
  local list, seen = {}, {}
  for name, value in pairs(opts.headers or {}) do
    local ok, problem = add_header(list, seen, name, value)
    if not ok then
      return nil, problem
    end
  end
  local function default(name, value)
    if value and not seen[name:lower()] then
      list[#list + 1] = { name, value }
    end
  end
  default("Accept", "application/json")
  default("Content-Type", content_type)
  default("User-Agent", config.user_agent)
  return list
end

local function body_of(opts)
  if opts.json ~= nil then
    local text, message = json.encode(opts.json)
    if not text then
      return nil, "field json can't be encoded: " .. message
    end
    return text, "application/json"
  elseif opts.form then
    return form.encode(opts.form), "application/x-www-form-urlencoded"
  end
  return opts.body
end

-- The port's request table; the last header is the Authorization.
local function build(config, opts)
  local method = opts.method or "GET"
  if not is_name(method) then
    return bad "method holds characters that no method may have"
  end
  local url, problem = target.url(config, opts.path, opts.query)
  if not url then
    return nil, problem
  end
  local body, content_type = body_of(opts)
  if body == nil and content_type then
    return bad(content_type)
  end
  local headers, trouble = headers_of(config, opts, content_type)
  if not headers then
    return nil, trouble
  end
  headers[#headers + 1] = { "Authorization", "" }
  return {
    method = method,
    url = url,
    headers = headers,
    body = body,
    replay = retry.idempotent(method, opts.idempotent),
    max_body = config.max_body,
    raw_head = true,
    sink = type(opts.sink) == "string" and opts.sink or nil,
    connect_timeout = config.connect_timeout,
    ca_file = config.ca_file,
    client_cert = config.client_cert,
    client_key = config.client_key,
    proxy = config.proxy,
  }
end

---@class equinix.Call the state of one call
local Call = {}
Call.__index = Call

-- A token, waiting out a back-off where the deadline and the caller allow.
function Call:authorize()
  while true do
    local header, problem = self.flight:obtain { deadline = self.deadline }
    if header then
      return header
    end
    local pause = problem.retry_after
    if self.policy.off or problem.kind == "auth" or not pause
      or core.now() + pause >= self.deadline then
      return nil, problem
    end
    self.transport.sleep(pause)
  end
end

-- Seconds before another attempt, when one is allowed and the deadline leaves
-- room for it; else nil.
function Call:pause(status, problem, headers)
  if self.drained or self.attempt >= self.policy.attempts
    or not retry.allowed(self.request.method, self.idempotent, status,
      problem) then
    return nil
  end
  local asked = headers and retry.after(headers["retry-after"], os.time(),
    MAX_RETRY_AFTER)
  local pause = asked or retry.delay(self.policy, self.attempt)
  if core.now() + pause >= self.deadline then
    return nil
  end
  self.emit("retry", {
    op = self.op,
    attempt = self.attempt,
    delay = pause,
    status = status,
    kind = problem and problem.kind,
  })
  self.attempt = self.attempt + 1
  return pause
end

-- A redirect of a GET or HEAD: true when the request now points there.
function Call:redirect(answer)
  local method = self.request.method
  local function no(reason)
    return err.fail("protocol", ("%s: %d: a redirect was not followed: %s")
      :format(self.op, answer.status, reason), { code = "redirect" })
  end
  local url, problem
  if method ~= "GET" and method ~= "HEAD" then
    url, problem = no("only GET and HEAD may be redirected")
  elseif self.redirects >= MAX_REDIRECTS then
    url, problem = no("there were " .. MAX_REDIRECTS .. " already")
  else
    url, problem = target.redirect(self.request.url,
      answer.headers.location, self.op)
  end
  if not url then
    problem.status, problem.response, problem.op = answer.status, answer,
      self.op
    return nil, problem
  end
  self.redirects = self.redirects + 1
  self.request.url = url
  return true
end

local function failed(self, answer)
  local status = answer.status
  return nil, err.from_response(answer, self.op, {
    kind = status == 401 and "auth" or "http",
    retry_after = retry.after(answer.headers["retry-after"], os.time(),
      MAX_RETRY_AFTER),
  })
end

-- What an answer means: "again" and after how many seconds, or what the
-- caller gets.
function Call:judge(answer)
  local status = answer.status
  if (status >= 200 and status < 300) or self.accept[status] then
    return answer
  elseif status == 401 and not self.renewed and self.flight.renews then
    -- That token is refused for all; the next round obtains another one.
    self.renewed = true
    self.flight:reject(self.header)
    return "again", 0
  elseif REDIRECTS[status] then
    local ok, problem = self:redirect(answer)
    if ok then
      return "again", 0
    end
    return nil, problem
  end
  local pause = self:pause(status, nil, answer.headers)
  if pause then
    return "again", pause
  end
  return failed(self, answer)
end

--- The request to be sent now, with a token.
---@return table|nil request of the transport's port
---@return number|equinix.Error seconds it may take, or why it can't be sent
function Call:ready()
  local header, problem = self:authorize()
  if not header then
    return nil, problem
  end
  local seconds = self.deadline - core.now()
  if seconds <= 0 then
    return err.fail("timeout", self.op .. ": the deadline passed", {
      op = self.op,
    })
  end
  local headers = self.request.headers
  headers[#headers][2] = header
  self.header = header
  return self.request, seconds
end

--- What came of it.
---@param answer table|nil as the transport gave it
---@param trouble table|nil
---@return equinix.Response|"again"|nil
---@return equinix.Error|number|nil error, or seconds before the next round
function Call:settle(answer, trouble)
  if answer then
    return self:judge(response.new(answer, self.request.url))
  end
  local pause = self:pause(nil, trouble)
  if pause then
    return "again", pause
  end
  return nil, err.from_transport(trouble, self.op)
end

--- Begins a call; nothing is sent yet.
---@param client table config, flight, transport, emit
---@param opts equinix.Request checked by equinix.fields
---@return equinix.Call|nil
---@return equinix.Error|nil
function M.new(client, opts)
  local config = client.config
  local request, problem = build(config, opts)
  if not request then
    return nil, problem
  end
  local policy, message = retry.policy(opts.retry, config.retry)
  if not policy then
    return bad(message)
  end
  local self = setmetatable({
    flight = client.flight,
    transport = client.transport,
    emit = client.emit,
    request = request,
    op = target.op(request.method, request.url),
    deadline = core.now() + (opts.timeout or config.timeout),
    policy = policy,
    idempotent = opts.idempotent,
    accept = {},
    attempt = 1,
    redirects = 0,
  }, Call)
  for _, status in ipairs(opts.accept or {}) do
    self.accept[status] = true
  end
  if type(opts.sink) == "function" then
    -- What was given away can't be taken back: no repetition after that.
    self.drain = function(chunk)
      self.drained = true
      opts.sink(chunk)
    end
  end
  return self
end

--- Makes one call.
---@param client table config, flight, transport, emit
---@param opts equinix.Request checked by equinix.fields
---@return equinix.Response|nil
---@return equinix.Error|nil
function M.run(client, opts)
  local self, problem = M.new(client, opts)
  if not self then
    return nil, problem
  end
  while true do
    local request, seconds = self:ready()
    if not request then
      return nil, seconds
    end
    local result, extra = self:settle(self.transport.send(request, seconds,
      self.drain))
    if result ~= "again" then
      return result, extra
    elseif extra > 0 then
      self.transport.sleep(extra)
    end
  end
end

return M
