--- network: how far a request gets, as the doctor sees it.
--
-- Law of this file: one request tells it all, without a token, on a
-- connection of its own; it gets as far as any other would, since it is sent
-- as any other. Its failure belongs to one step: those before it are well,
-- those behind it can't be looked at.

local certificate = require "equinix.cli.doctor.tls"
local core = require "equinix.core"
local curl = require "equinix.transport.curl"
local response = require "equinix.http.response"
local result = require "equinix.cli.doctor.result"
local retry = require "equinix.http.retry"
local settings = require "equinix.cli.doctor.settings"

local M = {}

local NAME, CONNECTION, TLS, ANSWER = 1, 2, 3, 4
local MAX_OFF = 60 -- seconds; what two machines' clocks may differ

local PLAIN_SECONDS = 5

-- To libcurl TLS is a part of connecting, so its time-out does not tell which
-- of the two took too long. Bytes that are no TLS leave as soon as there is a
-- connection: an empty request, with nothing in it to be read by others.
local function is_connected(config, url)
  local answer, problem = curl.send({
    method = "HEAD",
    url = ("http://%s:%d/"):format(url.host, url.port),
    max_body = 65536,
    fresh_connect = true,
  }, math.min(config.timeout, PLAIN_SECONDS))
  return answer or problem.maybe_sent
end

-- The step at which a transfer ended. libcurl has one result for whatever
-- took too long; its words tell of some what that was.
local function step_of(problem, config, url)
  local words = problem.message
  if problem.code:find "COULDNT_RESOLVE" or words:find "Resolving timed out"
  then
    return NAME
  elseif problem.kind == "tls" or words:find "TLS handshake"
    or words:find "SSL connection timeout" then
    return TLS
  elseif problem.maybe_sent then
    return ANSWER
  end
  local tls = problem.kind == "timeout" and url.scheme == "https"
    and not config.proxy and is_connected(config, url)
  return tls and TLS or CONNECTION
end

-- Sends it, at the first check that asks.
local function probe(state)
  if state.probe then
    return state.probe
  end
  local config = state.settings
  local url, began = core.url(config.base_url), core.time()
  local answer, problem = curl.send({
    method = "HEAD",
    url = config.base_url .. "/",
    headers = { { "User-Agent", config.user_agent } },
    connect_timeout = config.connect_timeout,
    max_body = 65536,
    fresh_connect = true,
    ca_file = config.ca_file,
    proxy = config.proxy,
  }, config.timeout)
  local at = (began + core.time()) / 2
  state.reached = answer ~= nil
  state.probe = {
    answer = answer and response.new(answer, config.base_url),
    problem = problem,
    http = answer and answer.http_version,
    step = answer and ANSWER + 1 or step_of(problem, config, url),
    at = at,
    url = url,
  }
  return state.probe
end

-- The check of one step: `tell` for when it is well, `mend` when it is not.
local function step(number, tell, mend)
  return function(state)
    if not state.settings then
      return result.skipped "mend the settings first"
    end
    local seen = probe(state)
    if seen.step > number then
      return tell(seen, state)
    elseif seen.step < number then
      return result.skipped "not reached"
    end
    return mend(seen, state)
  end
end

local function with_proxies(words)
  local names = settings.unused_proxies()
  return names == "" and words or ("%s; %s is set but not used: give --proxy "
    .. "if this network needs one"):format(words, names)
end

M.name = step(NAME, function(seen, state)
  if state.settings.proxy then
    return result.ok "the proxy's is known; it looks up the server's"
  elseif seen.url.host:find "^[%d.]+$" or seen.url.host:find "^%[" then
    return result.ok("%s needs no look-up", seen.url.host)
  end
  return result.ok("%s is known", seen.url.host)
end, function(seen)
  return result.failed(4, seen.problem.message, with_proxies("look at "
    .. "EQUINIX_API_ENDPOINT, and at this machine's DNS (/etc/resolv.conf)"))
end)

M.connection = step(CONNECTION, function(seen)
  return result.ok("%s:%d takes connections", seen.url.host, seen.url.port)
end, function(seen)
  return result.failed(4, ("%s:%d: %s"):format(seen.url.host, seen.url.port,
    seen.problem.message), with_proxies("is it the right host and port "
    .. "(EQUINIX_API_ENDPOINT)? Does a firewall let it through?"))
end)

M.tls = step(TLS, function(seen)
  if seen.url.scheme == "http" then
    return result.skipped "plain HTTP, on loopback"
  end
  return result.ok("verified for %s", seen.url.host)
end, function(seen, state)
  return certificate.explain(seen, state.settings)
end)

M.answer = step(ANSWER, function(seen)
  return result.ok("%d, HTTP/%s, in %.2f s", seen.answer.status,
    seen.http, seen.answer.elapsed)
end, function(seen)
  return result.failed(4, seen.problem.message, "the server is reached but "
    .. "doesn't answer: is it the right port? Else try again later")
end)

-- When the server made its answer, by its own clock. A cache says in Age how
-- long ago that was (RFC 9111, section 5.1).
local function server_time(headers)
  local date = retry.after(headers.date, 0, math.huge) -- since 1970
  return date and date + (tonumber(headers.age) or 0)
end

-- 2 h 5 min is easier on the eye than 7500 s.
local function span(seconds)
  for _, unit in ipairs { { 172800, 86400, "days" }, { 7200, 3600, "hours" },
    { 120, 60, "minutes" } } do
    if seconds >= unit[1] then
      return ("%.1f %s"):format(seconds / unit[2], unit[3])
    end
  end
  return ("%.0f s"):format(seconds)
end

--- Is this machine's clock that of the server?
function M.clock(state)
  local seen = state.settings and probe(state)
  if not seen or not seen.answer then
    return result.skipped("no answer to compare with; this machine says it is "
      .. "%s", os.date "!%Y-%m-%d %H:%M:%S UTC")
  end
  local there = server_time(seen.answer.headers)
  if not there then
    return result.skipped "the answer has no Date"
  end
  local off = seen.at - there
  if math.abs(off) <= MAX_OFF then
    return result.ok("%.0f s off the server's", math.max(0, math.abs(off) - 1))
  end
  return result.failed(1, ("this machine's clock is %s %s the server's")
    :format(span(math.abs(off)), off > 0 and "ahead of" or "behind"),
    "set it (timedatectl set-ntp true, or chronyd); tokens kept in files and "
    .. "certificates are judged by it")
end

return M
