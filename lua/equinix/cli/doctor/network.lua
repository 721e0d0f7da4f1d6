--- network: how far a request gets.
--
-- Law of this file: one request without a token, on a new connection, decides
-- all checks here. It is sent like any other request, so it gets as far as any
-- other would. Its failure belongs to one step: the steps before it are well,
-- those after it can't be checked.

local core = require "equinix.core"
local curl = require "equinix.transport.curl"
local date = require "equinix.http.date"
local duration = require "equinix.cli.doctor.duration"
local responses = require "equinix.http.response"
local result = require "equinix.cli.doctor.result"
local settings = require "equinix.cli.doctor.settings"
local tls = require "equinix.cli.doctor.tls"

local M = {}

local NAME, CONNECTION, TLS, ANSWER = 1, 2, 3, 4
local MAX_DIFFERENCE = 60 -- seconds between the clocks of two machines

local PLAIN_SECONDS = 5

-- libcurl counts TLS as a part of connecting, so its time-out does not show
-- which of the two took too long. Plain bytes are sent as soon as there is a
-- connection: an empty request, which contains nothing worth hiding.
local function can_connect(config, url)
  local response, transport_err = curl.send({
    method = "HEAD",
    url = ("http://%s:%d/"):format(url.host, url.port),
    max_body = 65536,
    fresh_connect = true,
  }, math.min(config.timeout, PLAIN_SECONDS))
  return response or transport_err.maybe_sent
end

-- The step at which a transfer failed. libcurl has one code for all time-outs;
-- its message sometimes names the step.
local function failed_step(transport_err, config, url)
  local message = transport_err.message
  if transport_err.code:find "COULDNT_RESOLVE"
    or message:find "Resolving timed out" then
    return NAME
  elseif transport_err.kind == "tls" or transport_err.kind == "config"
    or message:find "TLS handshake"
    or message:find "SSL connection timeout" then
    return TLS
  elseif transport_err.maybe_sent then
    return ANSWER
  end
  local is_tls = transport_err.kind == "timeout" and url.scheme == "https"
    and not config.proxy and can_connect(config, url)
  return is_tls and TLS or CONNECTION
end

---@class equinix.doctor.Probe
---@field response? equinix.Response
---@field http_version? string
---@field transport_err? table
---@field step integer the step that failed; ANSWER + 1: none
---@field time number Unix time, half-way through the request
---@field url table scheme, host, port

-- Sends the request, for the first check that needs it.
---@return equinix.doctor.Probe
local function probe(state)
  if state.probe then
    return state.probe
  end
  local config = state.settings
  local url, began = core.url(config.base_url), core.time()
  local response, transport_err = curl.send({
    method = "HEAD",
    url = config.base_url .. "/",
    headers = { { "User-Agent", config.user_agent } },
    connect_timeout = config.connect_timeout,
    max_body = 65536,
    fresh_connect = true,
    ca_file = config.ca_file,
    proxy = config.proxy,
  }, config.timeout)
  local time = (began + core.time()) / 2
  state.reached = response ~= nil
  state.probe = {
    response = response and responses.new(response, config.base_url),
    http_version = response and response.http_version,
    transport_err = transport_err,
    step = response and ANSWER + 1
      or failed_step(transport_err, config, url),
    time = time,
    url = url,
  }
  return state.probe
end

-- The check of one step: `passed` and `failed` make its result.
local function step(number, passed, failed)
  return function(state)
    if state.unusable then
      return result.skipped("nothing is sent; fix the %s first",
        state.unusable)
    end
    local seen = probe(state)
    if seen.step > number then
      return passed(seen, state)
    elseif seen.step < number then
      return result.skipped "not reached"
    end
    return failed(seen, state)
  end
end

local function mention_proxies(remedy, state)
  local names = settings.unused_proxies()
  return (names == "" or state.settings.proxy) and remedy
    or ("%s; %s"):format(remedy, settings.UNUSED:format(names))
end

M.name = step(NAME, function(seen, state)
  if state.settings.proxy == "environment" then
    return result.ok "the server's name was found, or the proxy's"
  elseif state.settings.proxy then
    return result.ok "the proxy's name was found; it looks up the server's"
  elseif seen.url.host:find "^[%d.]+$" or seen.url.host:find "^%[" then
    return result.ok("%s is an address and needs no look-up", seen.url.host)
  end
  return result.ok("%s was found", seen.url.host)
end, function(seen, state)
  return result.failed(4, seen.transport_err.message, mention_proxies("check "
    .. "EQUINIX_API_ENDPOINT, and this machine's DNS (/etc/resolv.conf)",
    state))
end)

-- The proxy was reached and answered: what it said is all there is to report.
local function refused_by_proxy(transport_err)
  return result.failed(4, transport_err.message, "ask who runs that proxy "
    .. "whether it may be used for this host, or check --proxy")
end

M.connection = step(CONNECTION, function(seen)
  return result.ok("%s:%d accepts connections", seen.url.host, seen.url.port)
end, function(seen, state)
  if seen.transport_err.code == "PROXY_REFUSED" then
    return refused_by_proxy(seen.transport_err)
  end
  return result.failed(4, ("%s:%d: %s"):format(seen.url.host, seen.url.port,
    seen.transport_err.message), mention_proxies("check host and port "
    .. "(EQUINIX_API_ENDPOINT), and whether a firewall blocks them", state))
end)

M.tls = step(TLS, function(seen)
  if seen.url.scheme == "http" then
    return result.skipped "plain HTTP, on loopback"
  end
  return result.ok("verified for %s", seen.url.host)
end, function(seen, state)
  return tls.explain(seen, state.settings)
end)

M.answer = step(ANSWER, function(seen)
  return result.ok("%d, HTTP/%s, in %.2f s", seen.response.status,
    seen.http_version, seen.response.elapsed)
end, function(seen)
  return result.failed(4, seen.transport_err.message, "the server was reached "
    .. "but does not answer: check the port, or try again later")
end)

-- The time by the server's clock. A cache says in Age how old the response is
-- (RFC 9111, section 5.1), in whole seconds.
local function server_time(headers)
  local sent = headers.date and date.parse(headers.date, core.time())
  local age = (headers.age or ""):match "^%d+$"
  return sent and sent + (age and tonumber(age) or 0)
end

--- Does this machine's clock agree with the server's?
function M.clock(state)
  local seen = not state.unusable and probe(state)
  if not seen or not seen.response then
    return result.skipped("no answer to compare with; this machine's clock "
      .. "says %s", os.date "!%Y-%m-%d %H:%M:%S UTC")
  end
  local there = server_time(seen.response.headers)
  if not there then
    return result.skipped "the server sent no Date"
  end
  local difference = seen.time - there
  if math.abs(difference) <= MAX_DIFFERENCE then
    -- Date has whole seconds, so one second means nothing.
    return result.ok("%.0f s off the server's",
      math.max(0, math.abs(difference) - 1))
  end
  return result.failed(1, ("this machine's clock is %s %s the server's")
    :format(duration(math.abs(difference)), difference > 0 and "ahead of"
    or "behind"), "set it (timedatectl set-ntp true, or chronyd); stored "
    .. "tokens and certificates are judged by it")
end

return M
