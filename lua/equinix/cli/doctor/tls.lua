--- tls: why a TLS connection failed.
--
-- Law of this file: libcurl's message decides what is reported. The openssl
-- command, where there is one, reads the server's certificate only to quote
-- from it. No remedy suggests to skip verification.

local core = require "equinix.core"
local quote = require("equinix.base.shell").quote
local result = require "equinix.cli.doctor.result"
local shell = require "equinix.cli.shell"

local M = {}

-- Without a limit openssl would wait forever for a silent server.
local MAX_SECONDS = 5

local CONNECT = "openssl s_client -connect %s -servername %s </dev/null "
  .. "2>/dev/null"

-- Prints lines such as "issuer=..." and "notBefore=...".
local SHOW = "%s | openssl x509 -noout -subject -issuer -dates "
  .. "-ext subjectAltName"

-- What the server's certificate says; fields are nil where that is unknown.
local function read_certificate(url, config)
  if config.proxy then
    return {}
  end
  local host = url.host:gsub("[%[%]]", "")
  local connect = CONNECT:format(quote(("%s:%d"):format(url.host, url.port)),
    quote(host))
  local text = shell.output(SHOW:format(shell.limited(connect,
    math.min(config.timeout, MAX_SECONDS))))
  return {
    issuer = text:match "issuer=%s*([^\n]+)",
    not_before = text:match "notBefore=([^\n]+)",
    not_after = text:match "notAfter=([^\n]+)",
    names = text:match "Alternative Name:[^\n]*\n%s*([^\n]+)",
  }
end

local function now()
  return os.date "!%Y-%m-%d %H:%M:%S UTC"
end

-- openssl prints dates as "Nov  6 08:49:37 1994 GMT".
local function unix_time(text)
  return text and core.date(text)
end

---@class equinix.doctor.TlsCause
---@field texts string[] parts of libcurl's messages, over OpenSSL and GnuTLS
---@field holds fun(certificate: table): boolean by the dates: GnuTLS often has
---  one message for all causes
---@field explain fun(certificate: table, host: string): string, string the
---  message and the remedy

---@type equinix.doctor.TlsCause[]
local CAUSES = {
  {
    texts = { "not yet valid", "activation" },
    holds = function(certificate)
      return (unix_time(certificate.not_before) or 0) > core.time()
    end,
    explain = function(certificate)
      return ("the server's certificate is not valid yet%s"):format(
        certificate.not_before and " (before " .. certificate.not_before .. ")"
        or ""), "this machine's clock is probably behind; it says " .. now()
    end,
  },
  {
    texts = { "expired", "expiration" },
    holds = function(certificate)
      return (unix_time(certificate.not_after) or math.huge) < core.time()
    end,
    explain = function(certificate)
      return ("the server's certificate has expired%s"):format(
        certificate.not_after and " (" .. certificate.not_after .. ")" or ""),
        ("this machine's clock says %s: if that is right, the owner of the "
        .. "server has to renew the certificate; else set the clock"):format(
        now())
    end,
  },
  {
    texts = { "subject name", "subject alternative", "not match" },
    holds = function()
      return false
    end,
    explain = function(certificate, host)
      return ("the server's certificate is for another host than %s%s")
        :format(host, certificate.names and ": " .. certificate.names or ""),
        "check EQUINIX_API_ENDPOINT, and what else may answer for that name "
        .. "here (a proxy, DNS, /etc/hosts)"
    end,
  },
}

local function applies(cause, message, certificate)
  for _, text in ipairs(cause.texts) do
    if message:find(text, 1, true) then
      return true
    end
  end
  return cause.holds(certificate)
end

local function untrusted(certificate, config)
  return ("the server's certificate is not signed by an authority in %s%s")
    :format(config.ca_file or "the system's list", certificate.issuer
    and "; it is signed by " .. certificate.issuer or ""),
    "if you know that authority (the emulator's, a company proxy's), give its "
    .. "certificate with --ca-file; else install ca-certificates, and find "
    .. "out which server answers here"
end

--- The result of the check.
---@param seen equinix.doctor.Probe
---@param config table
---@return equinix.doctor.Result
function M.explain(seen, config)
  local transport_err = seen.transport_err
  if transport_err.kind == "config" then -- the message says what to do
    return result.failed(2, transport_err.message)
  elseif transport_err.code ~= "CURLE_PEER_FAILED_VERIFICATION"
    and transport_err.code ~= "CURLE_SSL_ISSUER_ERROR" then
    return result.failed(4, transport_err.message, "check that the server "
      .. "speaks TLS 1.2 or newer on this port, and that nothing on the way "
      .. "cuts the connection")
  end
  local certificate = read_certificate(seen.url, config)
  for _, cause in ipairs(CAUSES) do
    if applies(cause, transport_err.message, certificate) then
      return result.failed(4, cause.explain(certificate, seen.url.host))
    end
  end
  return result.failed(4, untrusted(certificate, config))
end

return M
