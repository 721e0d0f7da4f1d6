-- emulator/api/smartview: SmartView's readings.
local worlds = require "spec.support.world"

describe("the emulator's power readings", function()
  local world, token
  before_each(function()
    world = worlds.new { entries = 3 }
    token = world:token().json.access_token
  end)

  local function current(query)
    return world:send("GET", "/power/v1/current", {
      token = token, query = query,
    })
  end

  it("come in SmartView's envelope, every number a text", function()
    local body = current().json
    assert.equal("OK", body.status.type)
    assert.equal(200, body.status.statuscode)
    assert.equal(3, #body.payLoad)
    for _, reading in ipairs(body.payLoad) do
      for name, value in pairs(reading) do
        assert.is_string(value, name)
      end
      assert.is_number(tonumber(reading.power))
    end
  end)

  it("are of the IBX that was asked for", function()
    local reading = current({ ibx = "SV5" }).json.payLoad[1]
    assert.equal("SV5", reading.ibx)
    assert.equal("SV5:01:000111:0001", reading.levelValue)
  end)

  it("are an empty array when there are none", function()
    world:config { entries = 0 }
    assert.matches('"payLoad":%[%]', current().body)
  end)
end)
