-- core: the C module as a whole.
local core = require "equinix.core"
local process = require "spec.support.process"

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
      "escape: function", "headers: function", "sha256: function",
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

  -- Lua 5.1 can't tell whose a module is.
  local luas = { "lua5.3", "lua5.4", "lua5.5" }
  local me = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
  for _, other in ipairs(me:find "^lua5.[345]" and luas or {}) do
    if other ~= me then
      it("is not opened by " .. other, function()
        local command, missing = process.capture("tools/lua.sh " .. other
          .. " command")
        if missing ~= 0 then
          pending(other .. " is not here")
          return
        end
        local said = process.capture(("LUA_CPATH=%s %s -e %s 2>&1"):format(
          process.quote(package.cpath), command, process.quote [[
            local ok, reason = pcall(require, "equinix.core")
            print(ok, reason)]]))
        assert.matches("^false", said)
      end)
    end
  end
end)
