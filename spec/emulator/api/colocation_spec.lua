-- emulator/api/colocation: shipments, their orders, and locations.
local worlds = require "spec.support.world"

describe("the emulator's colocation", function()
  local world, token
  before_each(function()
    world = worlds.new()
    token = world:token().json.access_token
  end)

  local function get(path, query)
    return world:send("GET", path, { token = token, query = query })
  end

  local function book(order, headers)
    return world:send("POST", "/colocations/v2/orders/shipments", {
      token = token, json = order, headers = headers,
    })
  end

  local function shipment(changes)
    local order = {
      type = "INBOUND",
      requestedDateTime = "2026-12-01T10:00:00Z",
      cageId = "AM1:01:000111",
      details = { carrier = "UPS", numberOfBoxes = 2 },
    }
    for name, value in pairs(changes or {}) do
      order[name] = value or nil
    end
    return order
  end

  it("books the shipment of the guide, and can show it", function()
    local response = book(shipment())
    assert.equal(202, response.status)
    local id = response.headers.Location:match
      "^/colocations/v2/orders/([%w-]+)$"
    local order = get(response.headers.Location).json
    assert.equal(id, order.orderId)
    assert.equal("INBOUND", order.type)
    assert.same({ carrier = "UPS", numberOfBoxes = 2 }, order.details)
    assert.not_equal(response.headers.Location,
      book(shipment { type = "OUTBOUND" }).headers.Location)
  end)

  it("names each wrong field of a shipment", function()
    for property, changes in pairs {
      type = { type = "SIDEWAYS" },
      requestedDateTime = { requestedDateTime = "tomorrow" },
      cageId = { cageId = false },
      ["details.carrier"] = { details = { numberOfBoxes = 1 } },
      ["details.numberOfBoxes"] = {
        details = { carrier = "UPS", numberOfBoxes = 1.5 },
      },
    } do
      local response = book(shipment(changes))
      assert.equal(400, response.status, property)
      local info = response.json[1].additionalInfo
      assert.equal(1, #info, property)
      assert.equal(property, info[1].property)
    end
    assert.equal(5, #book({ x = 1 }).json[1].additionalInfo)
    assert.equal(400, book(shipment { details = "text" }).status)
  end)

  it("accepts a shipment as JSON only", function()
    assert.equal(415, book(shipment(), {
      ["content-type"] = "text/plain",
    }).status)
  end)

  it("has no order that was not booked", function()
    assert.equal(404, get("/colocations/v2/orders/1-7").status)
  end)

  local function locations(query)
    return get("/colocations/v2/locations", query).json
  end

  it("lists locations with accounts and cages", function()
    local found = locations().crossConnects
    assert.equal(3, #found)
    assert.equal("AM1", found[1].ibx)
    assert.equal(found[1].accounts[1].accountNumber,
      found[1].cages[1].accountNumber)
    assert.is_nil(locations({ details = "false" }).crossConnects[1].cages)
  end)

  it("lists them by permission, and only the IBXs asked for", function()
    local found = locations({ permissionCode = "SHIPMENTS",
      ibxs = "LD5,XX1,AM1" }).shipments
    assert.equal("AM1", found[1].ibx)
    assert.equal("LD5", found[2].ibx)
    assert.is_nil(found[3])
    assert.matches("%[%]", get("/colocations/v2/locations", {
      ibxs = "XX1" }).body)
  end)

  it("refuses an unknown permission with an array", function()
    local response = get("/colocations/v2/locations", {
      permissionCode = "ALL",
    })
    assert.equal(400, response.status)
    assert.equal("permissionCode",
      response.json[1].additionalInfo[1].property)
  end)
end)
