-- torture: a sample of `make torture`. What is promised for each allocation
-- that fails is at the top of support/torture.c. The C library's are the same
-- under each Lua.
local torture = require "spec.support.torture"
local torture_nginx = require "spec.support.torture_nginx"

local LUA = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"

local WHAT = jit and { "lua" } or { "lua", "c" }
local STEPS = { lua = 31, c = 19 } -- the first call has more

describe("without memory", function()
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

  -- Another allocation in each, so that together they see more of it.
  local function fails_cleanly(case, first, step)
    if missing then
      return pending(missing)
    end
    local output, ok = torture.run(world, case, { lua = LUA, first = first,
      step = step })
    assert.is_true(ok, output)
    assert.matches("^%d+ tried, [1-9]", output)
  end

  for i, name in ipairs { "token", "get", "post", "pages", "refresh", "mcp",
    "first" } do
    for _, what in ipairs(WHAT) do
      it(name .. " fails cleanly where an allocation of " .. what
        .. " does", function()
        fails_cleanly({ name = name, what = what, mode = i % 2 == 0 and "once"
          or "on" }, i + 1, STEPS[what] * (name == "first" and 13 or 1))
      end)
    end
  end

  -- In nginx's own thread, and the same worker goes on.
  if jit then
    it("a worker of nginx fails cleanly", function()
      missing = missing or torture_nginx.missing()
      if missing then
        return pending(missing)
      end
      local in_nginx = torture_nginx.start(world.plain)
      finally(function()
        in_nginx:stop()
      end)
      for i, name in ipairs { "rest", "mcp" } do
        for _, what in ipairs { "lua", "c" } do
          local output, ok = torture_nginx.run(in_nginx, { name = name,
            what = what, mode = i == 1 and "on" or "once" },
            { first = i + 1, step = 23 })
          assert.is_true(ok, output)
          assert.matches("^%d+ tried, [1-9]", output)
        end
      end
    end)
  end

  it("no lock of a store stays", function()
    fails_cleanly({ name = "token", what = "lua", mode = "once",
      store = "file" }, 3, 97)
  end)
end)
