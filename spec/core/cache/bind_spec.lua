-- bind: functions that have the header of a slot at hand. What they share with
-- the FFI: tokens/fast_path_spec.lua; threads that call them while one writes:
-- core/cache/shared_table_spec.lua.
local core = require "equinix.core"
local process = require "spec.support.process"
local slots = require "spec.support.slots"

local fill = slots.fill
local new_key = slots.new_key
local open = slots.open
local ADVISORY = slots.ADVISORY

describe("slot:bind", function()
  it("returns a function that is slot:peek()", function()
    local slot = open()
    local hit = slot:bind()
    assert.same({ nil, "empty" }, { hit() })
    fill(slot, "Bearer x")
    assert.same({ "Bearer x" }, { hit() })
    fill(slot, "Bearer x", ADVISORY)
    assert.same({ nil, "advisory" }, { hit() })
    slot:close()
    assert.same({ nil, "closed" }, { hit() })
  end)

  it("may be called twice, and both functions are up to date", function()
    local slot = open()
    local one, two = slot:bind(), slot:bind()
    for i = 1, 3 do
      fill(slot, "Bearer " .. i)
      assert.equal("Bearer " .. i, one())
      assert.equal("Bearer " .. i, slot:peek())
      assert.equal("Bearer " .. i, two())
    end
  end)

  it("works when its slot is not kept", function()
    local key = new_key()
    local hit = core.tokens.open(key):bind()
    fill(core.tokens.open(key), "Bearer x")
    collectgarbage()
    collectgarbage()
    assert.equal("Bearer x", hit())
  end)

  it("calls `slow` for anything but a hit", function()
    local slot = open()
    local get = slot:bind(function(...)
      return "slow", ...
    end)
    assert.same({ "slow", 1, nil, 3 }, { get(1, nil, 3) })
    fill(slot, "Bearer x")
    assert.same({ "Bearer x" }, { get(1, nil, 3) })
    slot:close()
    assert.same({ "slow", 1 }, { get(1) })
  end)

  it("raises what `slow` raises", function()
    local get = open():bind(function(x)
      error("raised " .. x, 0)
    end)
    assert.same({ false, "raised here" }, { pcall(get, "here") })
  end)

  it("lets `slow` yield, or returns nil where it can't", function()
    local get = open():bind(function(x)
      local y = coroutine.yield(x)
      error("raised " .. y, 0)
    end, true)
    if jit or _VERSION < "Lua 5.3" then
      assert.is_nil(get) -- no C function can be yielded across there
      return
    end
    local co = coroutine.create(get)
    assert.same({ true, "out" }, { coroutine.resume(co, "out") })
    assert.same({ false, "raised in" }, { coroutine.resume(co, "in") })
  end)

  it("requires a function", function()
    assert.error(function()
      open():bind "slow"
    end)
  end)

  it("returns a function of its own for each slot, also for the 40th",
    function()
      local said, code = process.capture(("LUA_PATH=%s LUA_CPATH=%s %s %s"
        .. " 2>&1"):format(process.quote(package.path),
        process.quote(package.cpath), process.interpreter(),
        "spec/support/scripts/bindings.lua"))
      assert.equal(0, code, said)
      -- Where tables have finalizers, one was called after all slots had been
      -- closed.
      assert.equal(_VERSION == "Lua 5.1" and "" or "slow 3", said)
    end)
end)
