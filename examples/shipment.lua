-- shipment: books the inbound shipment of Equinix's guide to its Orders API.
--
--     lua examples/shipment.lua [ca.pem]
--
-- Credentials and endpoint come from the environment. To try it without an
-- account, run `equinix-auth emulator`, export what it prints, and give the
-- CA file that it names.
local equinix = require "equinix"

local client = equinix.assert(equinix.new { ca_file = arg and arg[1] })

local order = {
  type = "INBOUND",
  requestedDateTime = os.date("!%Y-%m-%dT10:00:00Z", os.time() + 7 * 86400),
  cageId = "AM1:01:000111",
  details = { carrier = "UPS", numberOfBoxes = 2 },
}

-- The client fetches the token itself and keeps it for the next call. A POST
-- is never retried without being asked for: no shipment is booked twice.
local response = equinix.assert(
  client:post("/colocations/v2/orders/shipments", { json = order }))

print(response.status, response.headers.location)
client:close()
