-- emulator/api/fabric: ports, metros, connections, health.
local worlds = require "spec.support.world"

describe("the emulator's Fabric", function()
  local world, token
  before_each(function()
    world = worlds.new()
    token = world:token().json.access_token
  end)

  local function get(path, query)
    return world:send("GET", path, { token = token, query = query })
  end

  local function post(path, json, query)
    return world:send("POST", path, {
      token = token, json = json, query = query,
    })
  end

  local function names(response)
    local found = {}
    for i, entry in ipairs(response.json.data) do
      found[i] = entry.name
    end
    return found
  end

  it("lists as many ports as the knob says, each with its own id",
    function()
      world:config { ports = 45 }
      local seen = {}
      local body = get("/fabric/v4/ports", { limit = "100" }).json
      for _, port in ipairs(body.data) do
        assert.is_nil(seen[port.uuid])
        seen[port.uuid] = true
      end
      assert.equal(45, #body.data)
      assert.equal(45, body.pagination.total)
      assert.equal(20, #get("/fabric/v4/ports").json.data)
    end)

  it("finds a port by its whole name, and otherwise an empty array",
    function()
      assert.same({ "port-0003" }, names(get("/fabric/v4/ports", {
        name = "port-0003" })))
      for _, name in ipairs { "port-0000", "port-0026", "port", "" } do
        local response = get("/fabric/v4/ports", { name = name })
        assert.matches('"data":%[%]', response.body)
      end
    end)

  it("lists metros, and links both ways", function()
    local pagination = get("/fabric/v4/metros", {
      offset = "5", limit = "5" }).json.pagination
    assert.equal("/fabric/v4/metros?offset=10&limit=5", pagination.next)
    assert.equal("/fabric/v4/metros?offset=0&limit=5", pagination.previous)
    assert.equal("AM", get("/fabric/v4/metros").json.data[1].code)
  end)

  it("is healthy", function()
    local body = get("/fabric/v4/health").json
    assert.equal("HEALTHY", body.state)
    assert.is_string(body.version)
    assert.is_string(body.release)
    assert.equal(1, #body.apiServices)
  end)

  local function search(filter)
    return post("/fabric/v4/connections/search", {
      filter = filter, pagination = { offset = 0, limit = 100 },
    })
  end

  local function is(property, ...)
    return { property = property, operator = "=", values = { ... } }
  end

  it("searches connections, all of them without a filter", function()
    assert.equal(25, #search(nil).json.data)
    assert.equal(25, #search({}).json.data)
    assert.equal(20, #post("/fabric/v4/connections/search", {}).json.data)
  end)

  it("filters them by name, id and state, joined with and, or", function()
    assert.same({ "connection-0003" },
      names(search(is("/name", "connection-0003"))))
    assert.same({ "connection-0003", "connection-0009" },
      names(search(is("/name", "connection-0009", "connection-0003"))))
    local third = search(is("/name", "connection-0003")).json.data[1]
    local both = { is("/uuid", third.uuid), is("/state", "ACTIVE") }
    assert.same({ "connection-0003" }, names(search { ["and"] = both }))
    assert.equal(25, #search({ ["or"] = both }).json.data)
    both[2] = is("/state", "DELETED")
    assert.matches('"data":%[%]', search({ ["and"] = both }).body)
    assert.same({ "connection-0003" }, names(search { ["or"] = both }))
  end)

  it("refuses a filter that it can't compare",
    function()
      for _, filter in ipairs { is("/aSide", "x"), { name = "x" },
        { property = "/name", operator = "LIKE", values = { "x" } },
        { property = "/name", operator = "=" },
        { ["and"] = { is("/name", "x"), { property = "/b" } } },
        { ["or"] = { "x" } } } do
        local response = search(filter)
        assert.equal(400, response.status)
        assert.equal("filter", response.json[1].additionalInfo[1].property)
      end
    end)

  local function connect(changes, query)
    local order = {
      type = "EVPL_VC", name = "mine", bandwidth = 50,
      notifications = { { type = "ALL", emails = { "me@example.com" } } },
      aSide = { accessPoint = {} }, zSide = { accessPoint = {} },
    }
    for name, value in pairs(changes or {}) do
      order[name] = value or nil
    end
    return post("/fabric/v4/connections", order, query)
  end

  it("creates a connection with 201, which can be read afterwards", function()
    local response = connect()
    assert.equal(201, response.status)
    assert.equal("PROVISIONING", response.json.state)
    assert.same(response.json,
      get("/fabric/v4/connections/" .. response.json.uuid).json)
    assert.not_equal(response.json.uuid, connect().json.uuid)
    assert.equal(201, connect(nil, { dryRun = "false" }).status)
  end)

  it("answers a dry run with 200, and creates nothing", function()
    local set, stored = world.dict.set, {}
    world.dict.set = function(dict, key, ...)
      stored[#stored + 1] = key
      return set(dict, key, ...)
    end
    local response = connect(nil, { dryRun = "true" })
    assert.equal(200, response.status)
    assert.equal("mine", response.json.name)
    assert.is_nil(response.json.uuid)
    assert.same({}, stored)
  end)

  it("names what is wrong with a connection in an array, also in a dry run",
    function()
      for _, query in ipairs { { dryRun = "true" }, {} } do
        for property, wrong in pairs { name = false, type = 7, aSide = "x",
          bandwidth = 0.5, notifications = {} } do
          local response = connect({ [property] = wrong }, query)
          assert.equal(400, response.status)
          assert.equal(property,
            response.json[1].additionalInfo[1].property)
          assert.equal(1, #response.json[1].additionalInfo)
        end
      end
      assert.equal(6, #post("/fabric/v4/connections", { x = 1 })
        .json[1].additionalInfo)
    end)
end)
