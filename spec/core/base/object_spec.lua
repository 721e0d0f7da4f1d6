-- object: objects and classes are the same on every Lua.
local core = require "equinix.core"

describe("an object of the core", function()
  it("has methods and hides its metatable", function()
    local handle = core.http()
    assert.are.equal("userdata", type(handle))
    assert.are.equal("string", type(getmetatable(handle)))
    assert.is_nil(handle.no_such_method)
    assert.is_nil(handle.__gc)
    assert.has_error(function()
      setmetatable(handle, {})
    end)
    assert.has_error(function()
      handle.field = 1
    end)
    handle:close()
  end)

  if debug.getfenv then -- luacheck: ignore
    it("does not carry the environment of its maker", function()
      local handle = core.http()
      local environment = debug.getfenv(handle) -- luacheck: ignore
      assert.is_true(environment ~= _G and next(environment) == nil)
      handle:close()
    end)
  end

  if debug.getuservalue then -- luacheck: ignore
    it("has no user value unless it needs one", function()
      local handle = core.http()
      local value = debug.getuservalue(handle) -- luacheck: ignore
      assert.is_true(value == nil or next(value) == nil)
      handle:close()
    end)
  end
end)
