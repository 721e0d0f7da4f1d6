-- libcrypto: what it fails for is no memory, in whatever words it says it.
local torture = require "spec.support.torture"

local LUA = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"

describe("libcrypto without memory", function()
  local world, missing
  setup(function()
    missing = torture.missing() or os.getenv "BUILD"
      and "not with a sanitizer's allocator"
    world = not missing and torture.start { plain = true } or nil
  end)
  teardown(function()
    if world then
      world:stop()
    end
  end)

  it("is no fault of a key or a record", function()
    if missing then
      return pending(missing)
    end
    for _, mode in ipairs { "once", "on" } do
      local output, ok = torture.run(world, { name = "seal", what = "c",
        mode = mode }, { lua = LUA, step = 11 })
      assert.is_true(ok, output)
      assert.matches("^%d+ tried, [1-9]", output)
    end
  end)
end)
