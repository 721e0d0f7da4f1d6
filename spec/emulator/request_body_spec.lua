-- emulator/body: a JSON body, read and checked.
local body = require "equinix.emulator.request_body"
local worlds = require "spec.support.world"

describe("the emulator's reading of a body", function()
  local world = worlds.new()

  local function read(text, rules, kind)
    return body.read(world, {
      headers = { ["content-type"] = kind or "application/json" },
      body = text,
    }, function(status, extra)
      extra.status = status
      return extra
    end, rules)
  end

  it("gives the object, or the family's words for what is wrong", function()
    assert.same({ a = 1 }, read '{"a":1}')
    assert.equal(415, select(2, read("{}", nil, "text/plain")).status)
    for _, text in ipairs { "", "nonsense", '"text"', "7" } do
      local value, refused = read(text)
      assert.is_nil(value)
      assert.equal(400, refused.status)
    end
    assert.same({ a = 1 }, read('{"a":1}', nil,
      "Application/JSON; charset=utf-8"))
  end)

  it("names all that is wrong at once, however deep it is", function()
    local rules = {
      { "a.b", "must be b", body.is_filled },
      { "c", "must be c", body.is_filled },
      { "d", "must be d", body.is_filled },
    }
    for _, text in ipairs { '{"d":"x"}', '{"a":7,"c":" ","d":"x"}',
      '{"a":{"b":7},"c":null,"d":"x"}' } do
      assert.same({ { property = "a.b", reason = "must be b" },
        { property = "c", reason = "must be c" } },
        select(2, read(text, rules)).info)
    end
    assert.is_table((read('{"a":{"b":"x"},"c":"x","d":"x"}', rules)))
  end)

  it("knows a whole number and a list from what only looks like one",
    function()
      for _, good in ipairs { 0, 1, 2 } do
        assert.is_true(body.is_whole(good, 0))
      end
      for _, bad in ipairs { -1, 0.5, 1e18, 0 / 0, 1 / 0, "1" } do
        assert.is_false(body.is_whole(bad, 0))
      end
      assert.is_true(body.is_list({ 1 }, 1))
      assert.is_true(body.is_list({}, 0))
      for _, bad in ipairs { {}, { a = 1 }, "x", 7 } do
        assert.is_false(body.is_list(bad, 1))
      end
      assert.is_false(body.is_list({ a = 1 }, 0))
    end)
end)
