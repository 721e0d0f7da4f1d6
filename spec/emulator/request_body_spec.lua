-- emulator/request_body: forms and JSON, read and checked.
local request_body = require "equinix.emulator.request_body"
local worlds = require "spec.support.world"

describe("the emulator's reading of a JSON body", function()
  local world = worlds.new()

  local function read(text, rules, kind)
    return request_body.read(world, {
      headers = { ["content-type"] = kind or "application/json" },
      body = text,
    }, function(status, extra)
      extra.status = status
      return extra
    end, rules)
  end

  it("returns the object, or the error of the API that was called", function()
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

  it("names all wrong fields at once, however deep they are", function()
    local rules = {
      { "a.b", "must be b", request_body.is_filled },
      { "c", "must be c", request_body.is_filled },
      { "d", "must be d", request_body.is_filled },
    }
    for _, text in ipairs { '{"d":"x"}', '{"a":7,"c":" ","d":"x"}',
      '{"a":{"b":7},"c":null,"d":"x"}' } do
      assert.same({ { property = "a.b", reason = "must be b" },
        { property = "c", reason = "must be c" } },
        select(2, read(text, rules)).info)
    end
    assert.is_table((read('{"a":{"b":"x"},"c":"x","d":"x"}', rules)))
  end)

  it("tells whole numbers and lists from what only looks like them",
    function()
      for _, good in ipairs { 0, 1, 2 } do
        assert.is_true(request_body.is_whole(good, 0))
      end
      for _, bad in ipairs { -1, 0.5, 1e18, 0 / 0, 1 / 0, "1" } do
        assert.is_false(request_body.is_whole(bad, 0))
      end
      assert.is_true(request_body.is_list({ 1 }, 1))
      assert.is_true(request_body.is_list({}, 0))
      for _, bad in ipairs { {}, { a = 1 }, "x", 7 } do
        assert.is_false(request_body.is_list(bad, 1))
      end
      assert.is_false(request_body.is_list({ a = 1 }, 0))
    end)
end)

describe("the emulator's reading of a form", function()
  local decode = request_body.decode_form

  it("returns its fields", function()
    assert.same({ a = "x y", b = "", c = "1=2&3", d = "" },
      decode "a=x+y&b=&c=1%3d2%263&d")
  end)

  it("skips empty fields", function()
    assert.same({}, decode "")
    assert.same({ a = "1" }, decode "&&a=1&")
  end)

  it("takes a percent sign that escapes nothing as it is", function()
    assert.same({ a = "100% x%zz" }, decode "a=100%+x%zz")
  end)

  it("takes the last of two fields with one name", function()
    assert.same({ a = "2" }, decode "a=1&a=2")
  end)
end)

describe("the emulator's reading of a body of either type", function()
  local world = worlds.new()

  local function fields(text, content_type)
    return request_body.fields(world, {
      headers = { ["content-type"] = content_type }, body = text,
    })
  end

  it("goes by the content type; without one it is JSON", function()
    for _, content_type in ipairs { "application/x-www-form-urlencoded",
      "Application/X-WWW-Form-URLEncoded; charset=utf-8" } do
      assert.same({ a = "1" }, fields("a=1", content_type))
    end
    assert.same({ a = 1 }, fields('{"a":1}', "application/json"))
    assert.same({ a = 1 }, fields('{"a":1}'))
  end)

  it("returns nil when the body is neither", function()
    for _, text in ipairs { "", "a=1", "7" } do
      assert.is_nil(fields(text, "application/json"))
    end
  end)
end)
