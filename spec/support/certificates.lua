-- certificates: a certificate authority for specs, and bad certificates.
--
-- Law of this file: the openssl command makes them when a spec runs, in a
-- directory of their own; nothing outside of the spec trusts them.
local process = require "spec.support.process"

local M = {}

-- Only `openssl ca` can make a certificate with dates in the past.
local CONFIG = [[
[ca]
default_ca = here
[here]
database = index
serial = serial
new_certs_dir = .
policy = policy
default_md = sha256
unique_subject = no
[policy]
commonName = supplied
[address]
subjectAltName = IP:127.0.0.1
[elsewhere]
subjectAltName = DNS:other.example
]]

local SCRIPT = [[
set -e
cd %s
ec='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
openssl req -x509 $ec -keyout ca.key -out ca.pem -subj /CN=authority -days 2
openssl req -x509 $ec -keyout self.key -out self.pem -subj /CN=self -days 2 \
  -addext subjectAltName=IP:127.0.0.1
issue() {
  openssl req -new $ec -keyout $1.key -out $1.csr -subj /CN=$1
  openssl ca -batch -config config -cert ca.pem -keyfile ca.key -notext \
    -in $1.csr -out $1.pem -extensions $2 -startdate $3 -enddate $4
}
: >index
echo 01 >serial
today=$(date -u -d 'yesterday' +%%Y%%m%%d000000Z 2>/dev/null ||
  date -u -v-1d +%%Y%%m%%d000000Z)
issue good address $today 20491231000000Z
issue expired address 20200101000000Z 20200102000000Z
issue wronghost elsewhere $today 20491231000000Z
]]

--- Makes an authority and four certificates for 127.0.0.1.
---@return {dir: string, ca_file: string, good: table, expired: table,
---  wronghost: table, self: table} certificates each with key, certificate
function M.make()
  local dir = process.tempdir()
  local file = assert(io.open(dir .. "/config", "wb"))
  file:write(CONFIG)
  file:close()
  local words, code = process.capture(
    "(" .. SCRIPT:format(process.quote(dir)) .. ") 2>&1")
  assert(code == 0, words)
  local made = { dir = dir, ca_file = dir .. "/ca.pem" }
  for _, name in ipairs { "good", "expired", "wronghost", "self" } do
    made[name] = {
      key = ("%s/%s.key"):format(dir, name),
      certificate = ("%s/%s.pem"):format(dir, name),
    }
  end
  return made
end

--- Removes them.
function M.remove(made)
  process.remove(made.dir)
end

return M
