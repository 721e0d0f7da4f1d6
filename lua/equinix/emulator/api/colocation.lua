--- colocation: shipments and their orders, and the customer's locations.
--
-- Law of this file: only the status of the response to a booking is
-- documented, so it has the order's path in Location and no body. Errors are
-- an array.

local errors = require "equinix.emulator.errors"
local objects = require "equinix.emulator.objects"
local request_body = require "equinix.emulator.request_body"

local M = {}

M.error_response = errors.of_status

-- Shipments -----------------------------------------------------------------

local SHIPMENT = {
  { "type", "must be INBOUND or OUTBOUND", function(value)
    return value == "INBOUND" or value == "OUTBOUND"
  end },
  { "requestedDateTime", "must be an ISO 8601 time", function(value)
    return type(value) == "string"
      and value:find "^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d"
  end },
  { "cageId", "must be the id of a cage", request_body.is_filled },
  { "details.carrier", "must name the carrier", request_body.is_filled },
  { "details.numberOfBoxes", "must be a whole number from 1 on",
    function(value)
      return request_body.is_whole(value, 1)
    end },
}

local function book_shipment(world, _, request)
  local order, response = request_body.read(world, request,
    M.error_response, SHIPMENT)
  if not order then
    return response
  end
  local id = objects.order_number(world)
  local path = "/colocations/v2/orders/" .. id
  objects.store(world, path, {
    orderId = id,
    status = "SUBMITTED",
    type = order.type,
    requestedDateTime = order.requestedDateTime,
    cageId = order.cageId,
    details = {
      carrier = order.details.carrier,
      numberOfBoxes = order.details.numberOfBoxes,
    },
  })
  return { status = 202, headers = { Location = path }, body = "" }
end

-- Locations -----------------------------------------------------------------

local IBXS = { "AM1", "DA6", "LD5" }

-- The response's member with the locations depends on the permission.
local MEMBERS = {
  CROSS_CONNECT = "crossConnects",
  WORK_VISIT = "workVisits",
  SHIPMENTS = "shipments",
}

-- Accounts and cages are the details.
local function location(ibx, details)
  local account = "10000001"
  return {
    ibx = ibx,
    accessRestricted = false,
    specialPrivilege = false,
    accounts = details and {
      { accountNumber = account, accountName = "Demo Limited",
        allowOrder = true },
    } or nil,
    cages = details and {
      { id = ibx .. ":01:000111", type = "PRIVATE", accountNumber = account,
        cabinetId = ibx .. ":01:000111:0101", cabinetType = "PRIVATE" },
    } or nil,
  }
end

-- Without a query these are the cross connects, with details.
local function locations(world, _, request)
  local query = request.query
  local member = MEMBERS[query.permissionCode or "CROSS_CONNECT"]
  if not member then
    return M.error_response(400, { info = { { property = "permissionCode",
      reason = "must be CROSS_CONNECT, WORK_VISIT or SHIPMENTS" } } })
  end
  local found = {}
  for _, ibx in ipairs(IBXS) do
    if not query.ibxs or ("," .. query.ibxs .. ","):find("," .. ibx .. ",",
      1, true) then
      found[#found + 1] = location(ibx, query.details ~= "false")
    end
  end
  return {
    status = 200,
    body = ('{"%s":%s}'):format(member,
      #found > 0 and world.encode(found) or "[]"),
  }
end

---@type equinix.emulator.Route[]
M.routes = {
  { method = "POST", path = "/colocations/v2/orders/shipments",
    call = book_shipment },
  { method = "GET", path = "/colocations/v2/orders/{id}", call = objects.get },
  { method = "GET", path = "/colocations/v2/locations", call = locations },
}

return M
