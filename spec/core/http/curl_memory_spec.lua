-- curl_memory: what libcurl makes of too little memory is not what is said.
local torture = require "spec.support.torture"

local LUA = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"

describe("libcurl without memory", function()
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

  for name, step in pairs { url = 1, pages = 41 } do
    -- 7.88 sends a page's URL without its query, and says that all is well.
    it("has neither a malformed URL nor sends another: " .. name, function()
      if missing then
        return pending(missing)
      end
      local output, ok = torture.run(world, { name = name, what = "c",
        mode = "once" }, { lua = LUA, first = name == "pages" and 4 or 1,
        step = step })
      assert.is_true(ok, output)
      assert.matches("^%d+ tried, [1-9]", output)
    end)
  end
end)
