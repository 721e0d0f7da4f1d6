-- many: fifty calls at once, on this one thread and with one token.
--
--     lua examples/many.lua [ca.pem]
--
-- Credentials and endpoint come from the environment (see shipment.lua).
local equinix = require "equinix"

local client = equinix.assert(equinix.new { ca_file = arg and arg[1] })

local requests = {}
for i = 1, 50 do
  requests[i] = { path = "/fabric/v4/ports", query = { offset = i % 5 } }
end

local good = 0
local results = equinix.assert(client:all(requests, { concurrency = 10 }))
for i, result in ipairs(results) do
  if result.response then
    good = good + 1
  else
    print(i, result.err)
  end
end
print(("%d of %d, %d token request"):format(good, #results,
  client:stats().token_requests))
client:close()
