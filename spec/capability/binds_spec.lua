-- Names for variables of the environment.
local capability = require "spec.support.capability"

describe("binds", function()
  it("are names in the plan, never values", function()
    local plan = capability.plan "headers.yaml"
    local inputs = {}
    for _, input in ipairs(plan.operations[1].inputs) do
      inputs[input.as or input.name] = input
    end
    assert.same({ bind = "EQUINIX_CUSTOMER" }, inputs.customer.constant)
  end)

  it("are those of the file and of the capability, with or without their "
    .. "namespace", function()
    local plan = capability.plan "ikanos.yaml"
    assert.same({ bind = "FLEET_VERSION" },
      plan.operations[1].inputs[2].constant)
    plan = capability.plan "ikanos_beta.yaml"
    assert.same({ bind = "SITE" }, plan.operations[1].inputs[1].constant)
  end)

  it("can't be our credentials", function()
    for name in pairs(require("equinix.client.environment").credentials()) do
      local text, places = capability.changed("    SITE: SITE\n",
        "    SITE: SITE\n    @@X: " .. name .. "\n")
      local lines = capability.mistakes(text)
      assert.equal("f:" .. places[1] .. ":", lines[1]:match "^f:%d+:%d+:")
    end
  end)

  it("are for values of consumed inputs only", function()
    local text, places = capability.changed(
      "        portId: tools.portId\n", "        @@portId: '{{env.SITE}}'\n")
    local lines = capability.mistakes(text)
    assert.equal("f:" .. places[1] .. ":", lines[1]:match "^f:%d+:%d+:")
  end)
end)
