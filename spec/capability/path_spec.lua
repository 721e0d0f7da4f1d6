-- Paths with variables, and names that mean the same.
local path = require "equinix.capability.path"

describe("a path", function()
  it("is texts and variables, in both spellings", function()
    assert.same({ "/a/", { name = "b" }, "/c" }, path.parse "/a/{b}/c")
    assert.same({ "/a/", { name = "b" } }, path.parse "/a/{{ b }}")
    assert.same({ "/a/", { name = "b" } }, path.parse "/a/{{rest.b}}")
    assert.same({ "/a/", { name = "b" }, ".json" }, path.parse "/a/{b}.json")
    assert.same({ "b", "c-d" }, path.variables(path.parse "/{b}/x/{c-d}"))
  end)

  it("is known for giving tokens out, in any case of letters", function()
    for _, text in ipairs { "/oauth2/v1/token", "/OAUTH2/x", "/use/token",
      "/sts/USE/Token", "/use/token/x", "/oauth2" } do
      assert.is_true(path.gives_tokens(text), text)
    end
    for _, text in ipairs { "/fabric/v4/ports", "/use/tokens", "/oauth",
      "/x/oauth2" } do
      assert.is_false(path.gives_tokens(text), text)
    end
  end)
end)

describe("a name", function()
  it("is found in another case, with - and _, where only one fits", function()
    local names = { portId = 1, port_name = 2 }
    assert.equal("portId", path.find("portId", names))
    assert.equal("portId", path.find("port_id", names))
    assert.equal("portId", path.find("PORT-ID", names))
    assert.equal("port_name", path.find("portName", names))
    assert.is_nil(path.find("port", names))
    assert.is_nil(path.find("PORTID", { portId = 1, port_id = 2 }))
    assert.equal("port_id", path.find("port_id", { portId = 1, port_id = 2 }))
  end)
end)
