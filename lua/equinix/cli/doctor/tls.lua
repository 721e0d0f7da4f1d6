--- tls: why a TLS connection did not come about.
--
-- Law of this file: libcurl's words decide what is told; what the server
-- showed is read by the openssl command where that is there, only to name it.
-- The remedy is never to look away.

local core = require "equinix.core"
local result = require "equinix.cli.doctor.result"
local retry = require "equinix.http.retry"
local shell = require "equinix.cli.shell"

local M = {}

-- openssl waits for ever for a server that says nothing.
local MAX_SECONDS = 5

local CONNECT = "openssl s_client -connect %s -servername %s </dev/null "
  .. "2>/dev/null"

-- What the server showed, in lines "issuer=...", "notBefore=...".
local SHOW = "%s | openssl x509 -noout -subject -issuer -dates "
  .. "-ext subjectAltName"

local function shown(seen, config)
  if config.proxy then
    return {}
  end
  local url = seen.url
  local host = url.host:gsub("[%[%]]", "")
  local connect = CONNECT:format(
    shell.quote(("%s:%d"):format(url.host, url.port)), shell.quote(host))
  local text = shell.output(SHOW:format(shell.limited(connect,
    math.min(config.timeout, MAX_SECONDS))))
  return {
    issuer = text:match "issuer=%s*([^\n]+)",
    from = text:match "notBefore=([^\n]+)",
    to = text:match "notAfter=([^\n]+)",
    names = text:match "Alternative Name:[^\n]*\n%s*([^\n]+)",
  }
end

local function now()
  return os.date "!%Y-%m-%d %H:%M:%S UTC"
end

-- openssl's dates are the asctime of HTTP, but for the day of the week.
local function unix_time(text)
  return text and retry.after("Day " .. text:gsub(" GMT$", ""), 0, math.huge)
end

-- Libcurl's words, over OpenSSL and over GnuTLS (which often has but one word
-- for all); what the dates say; then the cause and the remedy.
local CAUSES = {
  { { "not yet valid", "activation" }, function(cert)
    return (unix_time(cert.from) or 0) > core.time()
  end, function(cert)
    return ("the server's certificate is not valid yet%s"):format(
      cert.from and " (before " .. cert.from .. ")" or ""),
      "this machine's clock is probably behind; it says " .. now()
  end },
  { { "expired", "expiration" }, function(cert)
    return (unix_time(cert.to) or math.huge) < core.time()
  end, function(cert)
    return ("the server's certificate has expired%s"):format(
      cert.to and " (" .. cert.to .. ")" or ""),
      ("this machine says it is %s: if that is right, the server's owner has "
      .. "to renew it; else set the clock"):format(now())
  end },
  { { "subject name", "subject alternative", "not match" }, function()
    return false
  end, function(cert, seen)
    return ("the server's certificate is for another host than %s%s"):format(
      seen.url.host, cert.names and ": " .. cert.names or ""),
      "is EQUINIX_API_ENDPOINT right? Who else may answer for that name here "
      .. "(a proxy, DNS, /etc/hosts)?"
  end },
}

local function is_it(cause, words, cert)
  for _, part in ipairs(cause[1]) do
    if words:find(part, 1, true) then
      return true
    end
  end
  return cause[2](cert)
end

local function untrusted(cert, config)
  return ("the server's certificate is not signed by an authority that is in "
    .. "%s%s"):format(config.ca_file or "the system's list", cert.issuer
    and "; it is signed by " .. cert.issuer or ""),
    "give --ca-file with that authority's certificate if you know it (the "
    .. "emulator's, a company's proxy's); else install ca-certificates, and "
    .. "find out who answers here"
end

--- The result of the check.
---@param seen table of wire.lua
---@param config table
---@return equinix.doctor.Result
function M.explain(seen, config)
  local problem = seen.problem
  if problem.code ~= "CURLE_PEER_FAILED_VERIFICATION"
    and problem.code ~= "CURLE_SSL_ISSUER_ERROR" then
    return result.failed(4, problem.message, "does the server speak TLS 1.2 "
      .. "or newer on this port, and does nothing on the way cut it off?")
  end
  local cert = shown(seen, config)
  for _, cause in ipairs(CAUSES) do
    if is_it(cause, problem.message, cert) then
      return result.failed(4, cause[3](cert, seen))
    end
  end
  return result.failed(4, untrusted(cert, config))
end

return M
