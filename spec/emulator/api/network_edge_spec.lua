-- emulator/api/network_edge: Network Edge, devices and ACL templates.
local worlds = require "spec.support.world"

describe("the emulator's Network Edge", function()
  local world, token
  before_each(function()
    world = worlds.new()
    token = world:token().json.access_token
  end)

  local function get(path, query)
    return world:send("GET", path, { token = token, query = query })
  end

  local function create(template)
    return world:send("POST", "/ne/v1/aclTemplates", {
      token = token, json = template,
    })
  end

  it("lists devices with pagination and data", function()
    world:config { entries = 3 }
    local body = get("/ne/v1/devices", { limit = "2" }).json
    assert.equal(3, body.pagination.total)
    assert.equal("device-0002", body.data[2].name)
  end)

  it("has the id of a new template in Location only",
    function()
      local template = {
        name = "mine", description = "for a test",
        inboundRules = { { protocol = "TCP", srcPort = "any",
          dstPort = "22", subnet = "192.0.2.0/24" } },
      }
      local response = create(template)
      assert.equal(201, response.status)
      assert.equal("", response.body)
      local uuid = response.headers.Location:match
        "^/ne/v1/aclTemplates/([%x-]+)$"
      template.uuid = uuid
      assert.same(template, get(response.headers.Location).json)
    end)

  it("refuses with an object for one error, an array for several",
    function()
      local response = create { name = "mine", description = "x" }
      assert.equal(400, response.status)
      assert.equal("inboundRules", response.json.property)
      assert.equal("EMU-NE-400", response.json.errorCode)
      assert.equal(3, #create({ x = 1 }).json)
    end)

  it("lists templates with totalCount and content", function()
    world:config { entries = 3 }
    local body = get("/ne/v1/device/acl-template", { size = "2" }).json
    assert.equal(3, body.totalCount)
    assert.equal(2, #body.content)
  end)

  it("has its own shape for a forced status, too", function()
    world:config { api_status = 403 }
    assert.equal("EMU-NE-403", get("/ne/v1/devices").json.errorCode)
  end)
end)
