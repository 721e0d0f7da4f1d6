-- fast_path: the way to a header, on LuaJIT by its FFI and elsewhere by a C
-- function. What is true of one is true of the other, so each is tried where
-- it can be. Threads that read while one writes:
-- core/cache/shared_table_spec.lua.
local core = require "equinix.core"
local slots = require "spec.support.slots"

local fill = slots.fill
local new_key = slots.new_key
local open = slots.open
local ADVISORY = slots.ADVISORY

local jit = rawget(_G, "jit")

-- The module as it is, and as it is where nothing is compiled.
local function interpreted()
  jit.off()
  package.loaded["equinix.tokens.fast_path"] = nil
  local hit = require "equinix.tokens.fast_path"
  package.loaded["equinix.tokens.fast_path"] = nil
  jit.on()
  return hit
end

local WAYS = { [jit and "by FFI" or "by a C function"] = function()
  return require "equinix.tokens.fast_path"
end }
if jit then
  WAYS["by a C function"] = interpreted
end

for way, get in pairs(WAYS) do
  describe("a hit " .. way, function()
    local hit

    setup(function()
      hit = get()
    end)

    it("is slot:peek()", function()
      local slot = open()
      local get_header = hit.bind(slot)
      assert.same({ nil, "empty" }, { get_header() })
      fill(slot, "Bearer x")
      for _ = 1, 3 do
        assert.same({ "Bearer x" }, { get_header() })
      end
      fill(slot, "Bearer y", ADVISORY)
      assert.same({ nil, "advisory" }, { get_header() })
      slot:close()
      assert.same({ nil, "closed" }, { get_header() })
    end)

    it("is the same string each time, without new memory", function()
      local slot = open()
      fill(slot, "Bearer x")
      local get_header = hit.bind(slot, error)
      local function hits(n)
        for _ = 1, n do
          assert(get_header() == "Bearer x")
        end
      end
      hits(10000) -- what compiling takes is not the hits'
      collectgarbage()
      collectgarbage "stop"
      local before = collectgarbage "count"
      hits(10000)
      local grown = collectgarbage "count" - before
      collectgarbage "restart"
      assert.is_true(grown < 4, grown .. " KiB for 10000 hits")
    end)

    it("sees at once what another slot did to the token", function()
      local key = new_key()
      local one, two = core.tokens.open(key), core.tokens.open(key)
      local get_header = hit.bind(two)
      -- Often enough for LuaJIT to have compiled it.
      for i = 1, 300 do
        local serial = fill(one, "Bearer " .. i)
        assert.equal("Bearer " .. i, (get_header()))
        assert.equal("Bearer " .. i, (get_header()))
        if i % 3 == 0 then
          one:reject(serial)
          assert.same({ nil, "rejected" }, { get_header() })
        elseif i % 3 == 1 then
          one:forget()
          assert.same({ nil, "empty" }, { get_header() })
        end
      end
    end)

    it("ends with the token's freshness", function()
      local slot = open()
      local turn, lease = slot:acquire()
      assert.equal("lead", turn)
      local now = core.now()
      slot:publish(lease, "r", "Bearer x",
        { fresh = now + 0.05, advisory = now + 100, expires = now + 100 })
      local get_header = hit.bind(slot)
      local header, state
      repeat
        local asked = core.now()
        header, state = get_header()
        -- A hit looks at a clock of some milliseconds; a second is none.
        assert.is_true(not header or asked < now + 1)
      until not header
      assert.equal("advisory", state)
      assert.is_true(core.now() >= now + 0.05)
    end)

    it("ends with its slot, however often it was asked", function()
      local slot = open()
      fill(slot, "Bearer x")
      local get_header = hit.bind(slot, function()
        return "slow"
      end)
      for _ = 1, 1000 do
        assert.equal("Bearer x", (get_header()))
      end
      slot:close()
      for _ = 1, 1000 do
        assert.equal("slow", (get_header()))
      end
    end)

    it("works without its slot being kept", function()
      local key = new_key()
      local get_header = hit.bind(core.tokens.open(key))
      fill(core.tokens.open(key), "Bearer x")
      for _ = 1, 3 do
        collectgarbage()
        assert.equal("Bearer x", (get_header()))
      end
    end)

    it("leaves all else to `slow`, which may yield if it says so", function()
      local slot = open()
      local get_header = hit.bind(slot, function()
        return "slow", coroutine.yield "out"
      end, true)
      local co = coroutine.create(get_header)
      assert.same({ true, "out" }, { coroutine.resume(co) })
      assert.same({ true, "slow", "in" }, { coroutine.resume(co, "in") })
      fill(slot, "Bearer x")
      assert.equal("Bearer x", (get_header()))
    end)

    it("passes on what `slow` raises", function()
      local get_header = hit.bind(open(), function()
        error("raised", 0)
      end)
      assert.same({ false, "raised" }, { pcall(get_header) })
    end)

    it("costs nothing that stays, however many are bound", function()
      local slot = open()
      fill(slot, "Bearer x")
      for _ = 1, 70000 do -- LuaJIT has room for 65536 types
        hit.bind(slot)
      end
      assert.equal("Bearer x", (hit.bind(slot)()))
    end)
  end)
end
