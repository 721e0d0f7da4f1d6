-- embed: what each thread of embed.c does; also runs by itself.
--
--     ./embed examples/embed.lua [ca.pem]
--     lua examples/embed.lua [ca.pem]
--
-- Credentials and endpoint come from the environment (see shipment.lua).
local equinix = require "equinix"

local ca_file, thread = ...

-- equinix.assert raises a string: the host in C prints it as it is.
local client = equinix.assert(equinix.new { ca_file = ca_file })
local ports = equinix.assert(client:get "/fabric/v4/ports")

-- One write for a line, since the threads share the standard output. All
-- clients that share the token share the count too.
io.write(("thread %s: %d ports, token requests: %d\n"):format(thread or "-",
  #ports:json().data, client:stats().token_requests))
client:close()
