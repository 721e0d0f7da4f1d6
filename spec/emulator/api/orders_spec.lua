-- emulator/api/orders: Smart Hands and the order history.
local worlds = require "spec.support.world"

describe("the emulator's orders v1", function()
  local world, token
  before_each(function()
    world = worlds.new()
    token = world:token().json.access_token
  end)

  local function clean(changes)
    local order = {
      ibxLocation = { ibx = "AM1", cages = { { cage = "AM1:01:000111",
        accountNumber = "10000001" } } },
      contacts = { { contactType = "ORDERING", userName = "me" },
        { contactType = "NOTIFICATION", userName = "me" },
        { contactType = "TECHNICAL", userName = "me" } },
      serviceDetails = { permissionToDiscardBoxes = false,
        dampMoistMopRequired = true, scopeOfWork = "sweep it" },
    }
    for name, value in pairs(changes or {}) do
      order[name] = value or nil
    end
    return world:send("POST", "/v1/orders/smarthands/cageCleanup", {
      token = token, json = order,
    })
  end

  local function history(body)
    return world:send("POST", "/v1/retrieve-orders", {
      token = token, json = body,
    })
  end

  it("order a cleanup, each with a new number", function()
    local response = clean()
    assert.equal(201, response.status)
    assert.matches("^1%-%d+$", response.json.orderNumber)
    assert.not_equal(response.json.orderNumber, clean().json.orderNumber)
  end)

  it("refuse with the wrong fields and a ticket", function()
    local response = clean { contacts = false,
      serviceDetails = { permissionToDiscardBoxes = "no",
        dampMoistMopRequired = true, scopeOfWork = "x" } }
    assert.equal(400, response.status)
    local fields = {}
    for i, problem in ipairs(response.json.errors) do
      assert.is_string(problem.code)
      fields[i] = problem.fields[1]
    end
    assert.same({ "contacts", "serviceDetails.permissionToDiscardBoxes" },
      fields)
    assert.matches("^%d+$", response.json.ticketId)
    assert.not_equal(response.json.ticketId,
      clean({ contacts = false }).json.ticketId)
  end)

  it("have a ticket for a forced status, too", function()
    world:config { api_status = 403 }
    local body = clean().json
    assert.equal("EMU-ORD-403", body.errors[1].code)
    assert.is_string(body.ticketId)
  end)

  it("list the history with content, links and page", function()
    local body = history({ page = { number = 1, size = 10 } }).json
    assert.equal(10, #body.content)
    assert.equal("1-180000011", body.content[1].orderNumber)
    assert.same({ number = 1, size = 10, totalElements = 25,
      totalPages = 3 }, body.page)
    local rels = {}
    for i, link in ipairs(body.links) do
      rels[i] = link.rel
      assert.equal("/v1/retrieve-orders", link.href)
    end
    assert.same({ "self", "prev", "next" }, rels)
    assert.equal(10, #history({ q = "x" }).json.content)
  end)
end)
