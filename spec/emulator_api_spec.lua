-- emulator/api: the product calls behind the bearer check.
local worlds = require "spec.support.world"

describe("the emulator's calls", function()
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

  it("pass over no bearer: each of them answers 401 without", function()
    for _, path in ipairs { "/fabric/v4/ports", "/fabric/v4/metros",
      "/fabric/v4/health", "/colocations/v2/orders/1-1" } do
      local response = world:send("GET", path)
      assert.equal(401, response.status, path)
      assert.equal("EQ-3000039", response.json[1].errorCode)
      assert.equal(response.headers["X-Correlation-Id"],
        response.json[1].correlationId)
    end
    assert.equal(401, world:send("POST", "/colocations/v2/orders/shipments",
      { json = shipment() }).status)
  end)

  it("book the shipment of the guide, and remember it", function()
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

  it("name each field of a shipment that is wrong", function()
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

  it("take a shipment as JSON only", function()
    assert.equal(415, book(shipment(), {
      ["content-type"] = "text/plain",
    }).status)
  end)

  it("know no order that was not booked", function()
    assert.equal(404, get("/colocations/v2/orders/1-7").status)
  end)

  it("list ports page by page, each of them once", function()
    world:config { ports = 45 }
    local seen, offset, pages = {}, 0, 0
    repeat
      local body = get("/fabric/v4/ports", { offset = tostring(offset) }).json
      for _, port in ipairs(body.data) do
        assert.is_nil(seen[port.uuid])
        seen[port.uuid] = true
      end
      assert.equal(45, body.pagination.total)
      offset, pages = offset + #body.data, pages + 1
      assert.equal(offset < 45, body.pagination.next ~= nil)
    until offset >= 45
    assert.equal(3, pages)
  end)

  it("cap a page at max_limit, whatever is asked for", function()
    world:config { max_limit = 7 }
    local body = get("/fabric/v4/ports", { limit = "500" }).json
    assert.equal(7, #body.data)
    assert.equal(7, body.pagination.limit)
  end)

  it("find a port by its whole name, and otherwise an empty array",
    function()
      local body = get("/fabric/v4/ports", { name = "port-0003" }).json
      assert.equal(1, #body.data)
      assert.equal("port-0003", body.data[1].name)
      for _, name in ipairs { "port-0000", "port-0026", "port", "" } do
        local response = get("/fabric/v4/ports", { name = name })
        assert.matches('"data":%[%]', response.body)
      end
    end)

  it("refuse an offset or a limit that is none", function()
    for _, query in ipairs { { offset = "x" }, { offset = "-1" },
      { limit = "0" }, { limit = "1.5" } } do
      local response = get("/fabric/v4/ports", query)
      assert.equal(400, response.status)
      assert.equal(next(query), response.json[1].additionalInfo[1].property)
    end
  end)

  it("link to the next page as next_links says", function()
    local function next_link(kind)
      world:config { next_links = kind }
      return get("/fabric/v4/metros", { limit = "5" }).json.pagination.next
    end
    assert.equal("/fabric/v4/metros?offset=5&limit=5", next_link "relative")
    assert.equal("https://emulator.test/fabric/v4/metros?offset=5&limit=5",
      next_link "absolute")
    assert.matches("^https://elsewhere%.invalid/", next_link "foreign")
    assert.is_nil(next_link "none")
  end)

  it("are healthy", function()
    assert.equal("HEALTHY", get("/fabric/v4/health").json.state)
  end)
end)
