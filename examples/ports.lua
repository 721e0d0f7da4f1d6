-- ports: reads a list that comes in pages, and shows how an error is caught.
--
--     lua examples/ports.lua [ca.pem]
--
-- Credentials and endpoint come from the environment (see shipment.lua).
local equinix = require "equinix"

local client = equinix.assert(equinix.new { ca_file = arg and arg[1] })

local count = 0
for port in client:items("/fabric/v4/ports", { query = { limit = 2 } }) do
  count = count + 1
  print(count, port.name)
end

-- A `for` loop can't return `nil, err`, so iterators raise the error; it is
-- the same table that other calls return.
local ok, err = pcall(function()
  for _ in client:items "/fabric/v4/no-such-list" do
    error "not reached"
  end
end)
assert(not ok and err.status == 404)
print(err)
client:close()
