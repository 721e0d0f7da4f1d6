-- What a caller gives, beyond the files of spec/support/capabilities.
local capability = require "spec.support.capability"

local WITH = "        portId: tools.portId\n"

local function tool(...)
  local _, made = capability.mistakes((capability.changed(...)))
  return made.tools[1], made
end

describe("the inputs of a tool", function()
  it("keep their names where nothing is said", function()
    local made = tool("      with:\n" .. WITH, "")
    assert.is_nil(made.inputs[1].targets)
    assert.is_true(made.inputs[1].required)
  end)

  it("may fill several inputs of the operation", function()
    local made = tool("          in: query\n          value: '{{env.SITE}}'\n",
      "          in: query\n", WITH, WITH .. "        site: tools.portId\n")
    assert.same({ "portId", "site" }, made.inputs[1].targets)
    assert.equal(1, #made.inputs)
  end)

  it("are required unless a declaration says otherwise; a path's always are",
    function()
      local made = tool(WITH, WITH .. "      inputParameters:\n"
        .. "      - {name: portId, required: false}\n")
      assert.is_true(made.inputs[1].required)
      local _, plan = tool("      call: fabric.change-port\n",
        "      call: fabric.change-port\n      inputParameters:\n"
        .. "      - {name: name}\n      - {name: portId, type: string}\n")
      assert.is_true(plan.tools[2].inputs[1].required)
    end)

  it("may be constants, which a path can hold", function()
    assert.same({ portId = "abc-1" },
      tool(WITH, "        portId: abc-1\n").constants)
    for _, value in ipairs { "..", ".", "a/b", "'a%2fb'", "a\\b", "''" } do
      local text, places = capability.changed(WITH,
        "        @@portId: " .. value .. "\n")
      local lines = capability.mistakes(text)
      assert.equal("f:" .. places[1] .. ":", lines[1]:match "^f:%d+:%d+:")
    end
  end)
end)

describe("the inputs of a route", function()
  it("that are variables which nothing uses are warned of", function()
    local _, made = capability.mistakes((capability.changed(
      "    - path: /v1/ports/{portId}\n",
      "    - path: /v1/{site_id}/ports/{portId}\n")))
    assert.truthy(made.warnings[1].message:find("{site_id}", 1, true))
  end)

  it("are either the whole body or members of it", function()
    local text = capability.changed("        - name: site\n"
      .. "          in: query\n          value: '{{env.SITE}}'\n",
      "        - {name: body, in: body}\n        - {name: x, in: body}\n")
    local lines = table.concat(capability.mistakes(text), "\n")
    assert.truthy(lines:find("is the whole body", 1, true), lines)
  end)
end)
