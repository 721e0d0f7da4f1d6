--- call: one API call, from its options to its answer.
--
-- Law of this file: one deadline over everything (token, waits, repetitions);
-- a 401 costs one shared renewal and one repetition, a second one is final;
-- redirects only for GET and HEAD, five at most, to the same origin, and
-- nothing is sent to where the caller doesn't want one to lead.

local compose = require "equinix.http.build"
local core = require "equinix.core"
local err = require "equinix.base.error"
local response = require "equinix.http.response"
local retry = require "equinix.http.retry"
local target = require "equinix.http.target"

local M = {}

local MAX_REDIRECTS = 5
local MAX_RETRY_AFTER = 24 * 3600

local REDIRECTS = {
  [301] = true, [302] = true, [303] = true, [307] = true, [308] = true,
}

---@class equinix.Call the state of one call
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

-- What it is called, in errors and events.
function Call:op()
  return target.op(self.request.method, self.request.url)
end

-- What no waiting mends.
local HOPELESS = { auth = true, config = true, tls = true }

-- A token, waiting out a back-off where the deadline and the caller allow.
function Call:authorize()
  local fresh = self.tokens.hit()
  if fresh then
    return fresh
  end
  while true do
    local header, problem = self.tokens:get { deadline = self.deadline }
    if header then
      return header
    end
    local pause = problem.retry_after
    if self.policy.off or HOPELESS[problem.kind] or not pause
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
    op = self:op(),
    attempt = self.attempt,
    delay = pause,
    status = status,
    kind = problem and problem.kind,
  })
  self.attempt = self.attempt + 1
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
function Call:redirect(answer)
  local method = self.request.method
  local function no(reason)
    return err.fail("protocol", ("%s: %d: a redirect was not followed: %s")
      :format(self:op(), answer.status, reason), { code = "redirect" })
  end
  local url, problem
  if method ~= "GET" and method ~= "HEAD" then
    url, problem = no("only GET and HEAD may be redirected")
  elseif self.redirects >= MAX_REDIRECTS then
    url, problem = no("there were " .. MAX_REDIRECTS .. " already")
  else
    url, problem = target.redirect(self.request.url,
      answer.headers.location, self:op())
    if url and not self:follows(url) then
      url, problem = no("field follow does not allow it")
    end
  end
  if not url then
    problem.status, problem.response, problem.op = answer.status, answer,
      self:op()
    return nil, problem
  end
  self.redirects = self.redirects + 1
  self.request.url = url
  return true
end

local STATIC_401 = "the token was not accepted, and a static one can't be "
  .. "renewed; give a new one (option token or EQUINIX_API_TOKEN)"

local function failed(self, answer)
  local status = answer.status
  return nil, err.from_response(answer, self:op(), {
    kind = status == 401 and "auth" or "http",
    secrets = { (self.header:gsub("^%S+ ", "")) },
    advice = status == 401 and not self.tokens.renews and STATIC_401 or nil,
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
  elseif status == 401 and not self.renewed and self.tokens.renews then
    -- That token is refused for all; the next round obtains another one.
    self.renewed = true
    self.tokens:reject(self.header)
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
    return err.fail("timeout", self:op() .. ": the deadline passed", {
      op = self:op(),
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
  return nil, err.from_transport(trouble, self:op())
end

--- Begins a call; nothing is sent yet.
---@param client table config, flight, transport, emit
---@param opts equinix.Request checked by equinix.http.validate
---@return equinix.Call|nil
---@return equinix.Error|nil
function M.new(client, opts)
  local config = client.config
  if not client.tokens then
    return err.fail("closed", "the client was closed meanwhile")
  end
  local built, problem = compose.request(config, opts)
  if not built then
    return nil, problem
  end
  local policy, message = retry.policy(opts.retry, config.retry)
  if not policy then
    return err.fail("config", message, { code = "bad_request_field" })
  end
  local self = setmetatable({
    tokens = client.tokens,
    transport = client.transport,
    emit = client.emit,
    request = built,
    deadline = core.now() + (opts.timeout or config.timeout),
    policy = policy,
    idempotent = opts.idempotent,
    accept = opts.accept and set(opts.accept) or NONE,
    follow = opts.follow,
    attempt = 1,
    redirects = 0,
  }, Call)
  if type(opts.sink) == "function" then
    -- What was given away can't be taken back: no repetition after that.
    self.on_chunk = function(chunk)
      self.drained = true
      opts.sink(chunk)
    end
  end
  return self
end

--- Makes one call.
---@param client table config, flight, transport, emit
---@param opts equinix.Request checked by equinix.http.validate
---@param first? {header: string, started: number, answer: table?,
---  trouble: table?} what came of it already, when it was sent once
---@return equinix.Response|nil
---@return equinix.Error|nil
function M.run(client, opts, first)
  local self, problem = M.new(client, opts)
  if not self then
    return nil, problem
  end
  local result, extra = "again", 0
  if first then
    self.header = first.header
    self.deadline = first.started + client.config.timeout
    result, extra = self:settle(first.answer, first.trouble)
  end
  while result == "again" do
    if extra > 0 then
      self.transport.sleep(extra)
    end
    local sent, seconds = self:ready()
    if not sent then
      return nil, seconds
    end
    result, extra = self:settle(self.transport.send(sent, seconds,
      self.on_chunk))
  end
  return result, extra
end

return M
