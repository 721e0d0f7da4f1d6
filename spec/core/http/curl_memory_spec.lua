-- curl_memory: what libcurl makes of too little memory is not what is said.
local core = require "equinix.core"
local torture = require "spec.support.torture"

local LUA = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"

describe("libcurl without memory", function()
  local world, missing
  setup(function()
    missing = torture.missing() or os.getenv "BUILD"
      and "not with a sanitizer's allocator"
    world = not missing and torture.start { plain = true, tls = true } or nil
  end)
  teardown(function()
    if world then
      world:stop()
    end
  end)

  local function fails_cleanly(case, first, step)
    if missing then
      return pending(missing)
    end
    local output, ok = torture.run(world, case, { lua = LUA, first = first,
      step = step })
    assert.is_true(ok, output)
    assert.matches("^%d+ tried, [1-9]", output)
  end

  for name, step in pairs { url = 1, pages = 41 } do
    -- 7.88 sends a page's URL without its query, and says that all is well.
    it("has neither a malformed URL nor sends another: " .. name, function()
      fails_cleanly({ name = name, what = "c", mode = "once" },
        name == "pages" and 4 or 1, step)
    end)
  end

  -- 7.88 takes that of SSL_read for "nothing there yet", and waits on a
  -- connection on which nothing comes any more. With TORTURE in the
  -- environment each allocation fails, else every so many.
  for name, step in pairs { OpenSSL = 4, nghttp2 = 8 } do
    for _, mode in ipairs { "once", "on" } do
      it(("does not wait where %s has none: %s"):format(name, mode), function()
        if not core.versions().libcurl:find(name, 1, true) then
          return pending("this libcurl works without " .. name)
        end
        local all = os.getenv "TORTURE"
        fails_cleanly({ name = "reuse", mode = mode, tls = true,
          what = name == "OpenSSL" and "/libssl" or "/libnghttp2" },
          all and 1 or 3, all and 1 or step)
      end)
    end
  end
end)
