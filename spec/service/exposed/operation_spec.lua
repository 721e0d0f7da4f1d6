-- operation: the request to Equinix that a call is.
local operation = require "equinix.service.exposed.operation"

local function made(parts)
  parts.id, parts.method = "api.call", parts.method or "GET"
  parts.path = parts.path or { "/api" }
  return operation.new(parts, function(name)
    return name == "SET" and "from the environment" or nil
  end)
end

local ONE = { path = { "/api/", { name = "id" }, "/x" },
  inputs = { { name = "id", place = "path", as = "id", required = true } } }

local function path_of(value)
  local request, message = made(ONE):request { id = value }
  return request and request.path, message
end

describe("a value in a path", function()
  it("is one segment, escaped where it must be", function()
    for value, segment in pairs {
      ['"a-b.c_d~1"'] = "a-b.c_d~1", ['"a b"'] = "a%20b", ["7"] = "7",
      ["1.50"] = "1.50", ["true"] = "true", ['"\\u00e9"'] = "%C3%A9",
      ['"a:b@c?d#e&f=g"'] = "a%3Ab%40c%3Fd%23e%26f%3Dg",
      ['"a..b"'] = "a..b", ['"..."'] = "...",
      ["9007199254740993"] = "9007199254740993",
    } do
      assert.equal("/api/" .. segment .. "/x", path_of(value))
    end
  end)

  it("is refused where it could lead elsewhere", function()
    for _, value in ipairs { '""', '"."', '".."', '"a/b"', '"/"', '"\\\\"',
      '"%"', '"%2f"', '"../../oauth2/v1/token"', '"\\u0000"', '"a\\n"',
      '"\\u007f"', '"\\u0085"', '"..;a"', '";"', "[]", "{}", "null",
      '["a"]' } do
      local path, message = path_of(value)
      assert.is_nil(path, value)
      assert.is_truthy(message:find "^id", message)
    end
    assert.equal("id is missing", select(2, path_of(nil)))
  end)

  it("never makes a path that gives tokens out", function()
    for _, first in ipairs { "/oauth2/v1/", "/use/" } do
      local o = made { path = { first, { name = "id" } }, inputs = {} }
      local request, message = o:request { id = '"token"' }
      assert.is_nil(request)
      assert.is_string(message)
    end
    assert.is_nil(made { path = { "/", { name = "id" }, "/v1/token" } }
      :request { id = '"OAuth2"' })
  end)
end)

describe("a query", function()
  local o = made { inputs = {
    { name = "a", place = "query", as = "b" },
    { name = "list", place = "query", as = "list" },
    { name = "fixed", place = "query", as = "f", constant = 5 },
    { name = "bound", place = "query", as = "g",
      constant = { bind = "SET" } } } }

  it("has scalars, lists by repeating the name, and no null", function()
    assert.equal("b=1.50&f=5&g=from%20the%20environment&list=x%26y&list=2",
      o:request { a = "1.50", list = '["x&y",null,2]' }.query)
    assert.equal("f=7&g=from%20the%20environment",
      o:request { a = "null", fixed = "7" }.query)
    assert.is_nil(made {}:request {}.query)
  end)

  it("has nothing else", function()
    for _, value in ipairs { "{}", "[[]]", "[{}]" } do
      local request, message = o:request { a = value }
      assert.is_nil(request)
      assert.is_truthy(message:find "^a must be", message)
      message = select(2, o:request({ a = value }, { a = "theirs" }))
      assert.is_truthy(message:find "^theirs must be", message)
    end
  end)

  it("is not longer than a server reads", function()
    local _, message = o:request { a = '"' .. ("x"):rep(8000) .. '"' }
    assert.is_truthy(message:find "longer than 8000 bytes")
  end)
end)

describe("a header", function()
  local o = made { inputs = { { name = "h", place = "header", as = "X-H" } } }

  it("has a text in one line", function()
    assert.same({ ["X-H"] = "a, b" }, o:request { h = '"a, b"' }.headers)
    for _, value in ipairs { '"a\\r\\nB: c"', '"\\u0000"', "[]" } do
      assert.is_nil(o:request { h = value })
    end
  end)
end)

describe("a body", function()
  local function body_of(inputs, values, body)
    local request, message = made { method = "POST", inputs = inputs,
      body = body }:request(values)
    return request and (request.body or request.form), message, request
  end
  local WHOLE = { { name = "body", place = "body", as = "body",
    whole = true } }
  local MEMBERS = { { name = "a", place = "body", as = "A" },
    { name = "b", place = "body", as = "b", required = true } }

  it("is one value, or a string that is JSON", function()
    assert.equal('{"x":1.0}', body_of(WHOLE, { body = '{"x":1.0}' }))
    assert.equal('{ "x":1 }', body_of(WHOLE, { body = [["{ \"x\":1 }"]] }))
    local body, message = body_of(WHOLE, { body = '"{"' })
    assert.is_nil(body)
    assert.is_truthy(message:find "^body is not JSON")
    local _, _, request = body_of(WHOLE, {})
    assert.is_nil(request.body)
    assert.is_nil(request.headers["Content-Type"])
  end)

  it("has a member for each input, null and missing ones left out",
    function()
      local body, _, request = body_of(MEMBERS, { a = "[1]", b = '"x"' })
      assert.equal('{"A":[1],"b":"x"}', body)
      assert.equal("application/json", request.headers["Content-Type"])
      assert.equal('{"b":false}', body_of(MEMBERS, { a = "null",
        b = "false" }))
      assert.equal("b is missing", select(2, body_of(MEMBERS, { a = "1" })))
    end)

  it("may be a template, or a form of one", function()
    local tree = { object = { { "n", { input = "a" } },
      { "m", { value = 1 } } } }
    assert.equal('{"m":1,"n":2}', body_of(MEMBERS, { a = "2", b = "1" },
      { kind = "json", template = tree }))
    assert.same({ n = { "x", "y" }, m = { "1" } }, body_of(MEMBERS,
      { a = '["x","y"]', b = "1" }, { kind = "form", template = tree }))
    assert.is_nil(body_of(MEMBERS, { a = "{}", b = "1" },
      { kind = "form", template = tree }))
  end)
end)
