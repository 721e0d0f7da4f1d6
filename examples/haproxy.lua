-- haproxy: what examples/haproxy.cfg loads, before HAProxy changes its root
-- and its user. From then on it needs no file; only tasks of HAProxy ask for
-- tokens, ahead of time.
local equinix = require "equinix"

local ca_file = "/etc/ssl/certs/ca-certificates.crt"

-- A token before this HAProxy takes over from the one before: then no request
-- is refused at a start or a reload, which this may hold up for 5 seconds.
-- Leave it out, and the first requests get 503 until the token is there.
local first = equinix.assert(equinix.new {
  ca_file = ca_file,
  timeout = 5,
  transport = require "equinix.transport.curl", -- may block: nothing runs yet
})
first:token()
first:close()

local client = equinix.assert(equinix.new { ca_file = ca_file })
require("equinix.haproxy").serve(client)
