-- emulator/knobs: what can be changed about the emulator.
local knobs = require "equinix.emulator.knobs"

describe("knobs", function()
  it("each have a unique name, a default and one line of help",
    function()
      local seen = {}
      for _, knob in ipairs(knobs.list) do
        assert.is_nil(seen[knob.name])
        seen[knob.name] = true
        assert.is_not_nil(knob.default)
        assert.is_true(#knob.help > 10 and not knob.help:find "\n")
        local value = knobs.check(knob.name, knob.default)
        assert.equal(knob.default, value)
      end
    end)

  it("suggest the nearest name when there is no such knob", function()
    local value, reason = knobs.check("latancy", 1)
    assert.is_nil(value)
    assert.equal("unknown knob 'latancy', did you mean 'latency'?", reason)
    assert.equal("unknown knob 'qqqqqq'", select(2, knobs.check("qqqqqq", 1)))
    assert.is_nil(knobs.check(1, 1))
  end)

  it("refuse a value of another type or out of range", function()
    for _, bad in ipairs {
      { "latency", "1" }, { "latency", -1 }, { "latency", 0 / 0 },
      { "latency", math.huge }, { "lifetime", 1.5 }, { "rotate", 1 },
      { "status", true }, { "redirect", "a\nb" },
      { "next_links", "sideways" }, { "omit", ("x"):rep(3000) },
      { "token_bytes", 1 }, { "status", 2 }, { "status", 100 },
      { "api_status", 600 }, { "api_status", -1 }, -- fail(503, 2)
    } do
      assert.is_nil(knobs.check(bad[1], bad[2]), bad[1])
    end
  end)

  it("take false for a value", function()
    assert.is_false((knobs.check("rotate", false)))
  end)

  it("take a number for a text, as in retry_after = 2", function()
    assert.equal("2", knobs.check("retry_after", 2))
  end)

  it("are read from name=value by their type", function()
    assert.same({ "lifetime", 60 }, { knobs.parse "lifetime=60" })
    assert.same({ "rotate", true }, { knobs.parse "rotate=true" })
    assert.same({ "redirect", "https://x/?a=b" },
      { knobs.parse "redirect=https://x/?a=b" })
    assert.same({ "retry_after", "7" }, { knobs.parse "retry_after=7" })
    for _, bad in ipairs { "lifetime", "=1", "lifetime=x", "rotate=yes",
      "latancy=1", "" } do
      local name, reason = knobs.parse(bad)
      assert.is_nil(name, bad)
      assert.is_string(reason)
    end
  end)

  it("are all in the help", function()
    for _, knob in ipairs(knobs.list) do
      assert.is_truthy(knobs.help():find("  " .. knob.name .. " ", 1, true))
    end
  end)
end)
