-- core: the C module as a whole.
local core = require "equinix.core"

describe("the core", function()
  it("has these parts", function()
    local names = {}
    for name, part in pairs(core) do
      names[#names + 1] = name .. ": " .. type(part)
    end
    table.sort(names)
    for _, name in ipairs { "_VERSION: string", "http: function",
      "now: function", "random: function", "sleep: function",
      "tokens: table", "url: function", "url_join: function",
      "escape: function", "headers: function", "digest: function",
      "versions: function", "exec: function" } do
      assert.is_truthy((" " .. table.concat(names, "  ") .. " "):find(
        " " .. name .. " ", 1, true), name)
    end
  end)

  it("has a version", function()
    assert.is_truthy(core._VERSION:find "^%d+%.%d+%.%d+$")
  end)

  it("sets no global", function()
    local before = {}
    for name in pairs(_G) do
      before[name] = true
    end
    package.loaded["equinix.core"] = nil
    local again = require "equinix.core"
    package.loaded["equinix.core"] = core
    assert.are.equal(core._VERSION, again._VERSION)
    for name in pairs(_G) do
      assert.is_true(before[name], name)
    end
  end)

  it("can be loaded twice into one state", function()
    package.loaded["equinix.core"] = nil
    local again = require "equinix.core"
    package.loaded["equinix.core"] = core
    local old, new = core.http(), again.http()
    assert.are.equal(getmetatable(old), getmetatable(new))
    old.close(new)
    new.close(old)
    assert.are.equal("equinix.http (closed)", tostring(old))
  end)
end)
