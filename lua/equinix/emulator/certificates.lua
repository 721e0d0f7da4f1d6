--- certificates: a throw-away CA and one certificate for this machine.
--
-- Law of this file: the CA signs one certificate and its key is deleted, so
-- that trusting `ca.pem` means trusting one server for one run. openssl(1)
-- makes them.

local supervisor = require "equinix.supervisor.nginx"

local M = {}

-- Extensions are in a file: LibreSSL has -addext only in part.
local EXTENSIONS = [[
[req]
distinguished_name = name
prompt = no
[name]
CN = equinix-auth emulator
[ca]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1
]]

local CURVE = "-algorithm EC -pkeyopt ec_paramgen_curve:prime256v1"

local COMMANDS = table.concat({
  "openssl genpkey " .. CURVE .. " -out ca.key",
  "openssl req -new -x509 -key ca.key -config tls.cnf -extensions ca "
    .. "-days 30 -sha256 -out ca.pem",
  "openssl genpkey " .. CURVE .. " -out server.key",
  "openssl req -new -key server.key -config tls.cnf -subj /CN=localhost "
    .. "-out server.csr",
  "openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial "
    .. "-extfile tls.cnf -extensions leaf -days 30 -sha256 -out server.pem",
  "rm -f ca.key server.csr tls.cnf ca.srl",
}, " && ")

--- Makes ca.pem, server.pem and server.key in a directory.
---@param dir string
---@return boolean|nil
---@return string|nil message
function M.make(dir)
  if not supervisor.has_command "openssl" then
    return nil, "openssl is missing: install openssl (apt, dnf or brew), or "
      .. "use --plain"
  end
  local ok, message = supervisor.write_files(dir, { ["tls.cnf"] = EXTENSIONS })
  if not ok then
    return nil, message
  end
  if not supervisor.command(dir, COMMANDS) then
    return nil, "openssl could not make a certificate (without one: --plain)"
  end
  return true
end

return M
