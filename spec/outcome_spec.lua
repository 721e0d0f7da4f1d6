-- outcome: the tables that come back are plain ones.
local Handle = require "spec.support.handle"
local rawserver = require "spec.support.rawserver"

describe("an outcome", function()
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
end)
