-- push_response: the tables that are returned are plain ones.
local core = require "equinix.core"
local Handle = require "spec.support.handle"
local rawserver = require "spec.support.rawserver"

describe("a result", function()
  local function assert_plain(value, where)
    if type(value) == "table" then
      assert.is_nil(getmetatable(value), where)
      for key, item in pairs(value) do
        assert_plain(key, where .. " key")
        assert_plain(item, where .. "." .. tostring(key))
      end
    else
      assert.is_truthy(({ string = true, number = true,
        boolean = true })[type(value)], where)
    end
  end

  it("is made of tables, strings, numbers and booleans", function()
    local handle = Handle.new()
    local server = rawserver.start [[
      local c = ...
      c:request()
      c:send(c.ok("x", "A: b\r\n"))
    ]]
    assert_plain(assert(handle:get(server.url)), "response")
    local _, err = handle:get(server.url, nil, 0)
    assert_plain(err, "err")
    server:stop()
    handle:close()
  end)

  it("has headers that are pairs in a list", function()
    local handle = Handle.new()
    local server = rawserver.start [[
      local c = ...
      c:request()
      c:send "HTTP/1.1 200 OK\r\nA: 1\r\nContent-Length: 0\r\n\r\n"
    ]]
    local response = assert(handle:get(server.url))
    server:stop()
    handle:close()
    assert.are.same({ { "A", "1" }, { "Content-Length", "0" } },
      response.headers)
  end)

  it("has its head as one string if that was requested", function()
    local handle = Handle.new()
    local server = rawserver.start [[
      local c = ...
      c:request()
      c:send("HTTP/1.1 103 Early Hints\r\nX: no\r\n\r\n" ..
        "HTTP/1.1 200 OK\r\nA: 1\r\nB:two\r\n words\r\n" ..
        "Content-Length: 0\r\n\r\n")
    ]]
    local response = assert(handle:get(server.url, { raw_headers = true }))
    server:stop()
    handle:close()
    assert.is_nil(response.headers)
    assert.are.equal("string", type(response.head))
    local headers = core.headers(response.head)
    headers[2][2] = headers[2][2]:gsub("%s+", " ")
    assert.are.same({ { "A", "1" }, { "B", "two words" },
      { "Content-Length", "0" } }, headers)
  end)
end)

describe("core.headers", function()
  it("parses any text, and reads nothing beyond it", function()
    for head, headers in pairs {
      [""] = {},
      ["A: b"] = {},
      ["A: b\n"] = { { "A", "b" } },
      ["A :\t b \r\n"] = { { "A", "b" } },
      ["A:\r\n:\r\n"] = { { "A", "" }, { "", "" } },
      ["no colon\r\nA: b:c\r\n"] = { { "A", "b:c" } },
      ["\r\n\r\n"] = {},
    } do
      assert.are.same(headers, core.headers(head))
    end
  end)
end)
