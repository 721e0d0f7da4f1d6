-- memory: that there was none is not taken for anything else.
local core = require "equinix.core"
local errors = require "equinix.base.error"
local host = require "spec.support.host"
local memory = require "equinix.base.memory"
local process = require "spec.support.process"

local NONE = "not enough memory"

-- Leaks are not looked for: lua-cjson loses its buffers.
local function runs(script)
  local output, code = process.capture(("ASAN_OPTIONS=%s %s 2>&1"):format(
    process.quote((os.getenv "ASAN_OPTIONS" or "") .. ":detect_leaks=0"),
    host.command("", script)[3]))
  assert(code == 0, output)
  assert.equal("", output)
end

describe("Lua's error without memory", function()
  it("is known by its words, also inside of others", function()
    assert.is_true(memory.is(NONE))
    assert.is_true(memory.is("error loading module 'x' from file 'y':\n\t"
      .. NONE))
    for _, other in ipairs { "no memory", "", 1, { kind = "memory" } } do
      assert.is_false(memory.is(other))
    end
    assert.is_false(memory.is(nil))
  end)

  it("passes a protected call, which no other one does", function()
    assert.same({ false, NONE }, { pcall(memory.pcall, error, NONE, 0) })
    assert.same({ false, "other" }, { memory.pcall(error, "other", 0) })
    assert.same({ true, 1, nil, 3 }, { memory.pcall(function()
      return 1, nil, 3
    end) })
  end)

  it("passes the one of the core, and the locale is what it was", function()
    assert.same({ false, NONE }, { pcall(core.in_c_locale, error, NONE, 0) })
    assert.same({ false, "other" }, { core.in_c_locale(error, "other", 0) })
  end)

  it("becomes an error of its kind", function()
    local err = memory.error()
    assert.is_true(errors.is(err))
    assert.equal("memory", err.kind)
    assert.is_false(err.retryable)
  end)

  it("is neither bad JSON nor a value that JSON can't write", function()
    runs "json_starved"
  end)

  it("leaves no lock of an account, and no refusal is forgotten", function()
    runs "lockout_starved"
  end)
end)
