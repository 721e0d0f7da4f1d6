-- prepared_request: a request that was read once, to be sent often.
local core = require "equinix.core"
local Handle = require "spec.support.handle"
local rawserver = require "spec.support.rawserver"

describe("a prepared request", function()
  local server, handle

  -- The body of the response is what arrived.
  setup(function()
    server = rawserver.start [[
      local c = ...
      while true do
        local request = c:request()
        if not request then break end
        local lines = { request.method .. " " .. request.path }
        for name, value in pairs(request.headers) do
          lines[#lines + 1] = name .. ": " .. value
        end
        table.sort(lines)
        lines[#lines + 1] = request.body
        c:send(c.ok(request.method == "HEAD" and ""
          or table.concat(lines, "\n")))
      end
    ]]
    handle = Handle.new()
  end)
  teardown(function()
    handle:close()
    server:stop()
  end)

  local function send(prepared)
    return assert(handle.http:send(prepared, 60)).body
  end

  it("is sent as its table would be, again and again", function()
    local request = Handle.request("POST", server.url .. "/a", {
      headers = { { "X-One", "1" }, { "Content-Type", "text/plain" } },
      body = "some bytes",
    })
    local plain = send(request)
    local prepared = core.prepare(request)
    for _ = 1, 3 do
      assert.equal(plain, send(prepared))
    end
    assert.is_truthy(plain:find("x-one: 1", 1, true))
    assert.equal("some bytes", plain:sub(-10))
  end)

  it("does not change when its table does", function()
    local function prepare()
      local tail = tostring(core.random())
      local request = Handle.request("PUT", server.url .. "/kept/" .. tail, {
        headers = { { "X-Tail", tail } }, body = "body of " .. tail,
      })
      local prepared = core.prepare(request)
      request.url, request.body, request.method = nil, nil, "GET"
      request.headers[1][2] = "other"
      request.headers[2] = { "X-More", "1" }
      return prepared, tail
    end
    local prepared, tail = prepare()
    collectgarbage()
    collectgarbage()
    for i = 1, 1000 do -- takes the place of what was not kept
      assert(#("%d"):format(i):rep(20) > 0)
    end
    local seen = send(prepared)
    assert.is_truthy(seen:find("^PUT /kept/" .. tail:gsub("%p", "%%%0")))
    assert.is_truthy(seen:find("x-tail: " .. tail, 1, true))
    assert.is_nil(seen:find("x-more", 1, true))
    assert.equal("body of " .. tail, seen:sub(-8 - #tail))
  end)

  it("alternates with another one", function()
    local one = core.prepare(Handle.request("GET", server.url .. "/1"))
    local two = core.prepare(Handle.request("HEAD", server.url .. "/2"))
    for _ = 1, 2 do
      assert.is_truthy(send(one):find "^GET /1")
      assert.equal("", send(two))
      assert.is_truthy(send(Handle.request("GET", server.url .. "/3"))
        :find "^GET /3")
    end
  end)

  it("may be sent with on_chunk", function()
    local prepared = core.prepare(Handle.request("GET", server.url .. "/d"))
    local chunks = {}
    assert(handle.http:send(prepared, 10, function(chunk)
      chunks[#chunks + 1] = chunk
    end))
    assert.is_truthy(table.concat(chunks):find "^GET /d")
  end)

  it("raises what is wrong with the request when it is made", function()
    assert.error_matches(function()
      core.prepare { method = "G(T", url = server.url }
    end, "request.method: is not a token", 1, true)
    assert.error_matches(function()
      core.prepare(Handle.request("GET", server.url, {
        headers = { { "X", "a\r\nY: b" } },
      }))
    end, "request.headers[1]: the value has a NUL", 1, true)
    assert.error_matches(function()
      core.prepare "GET"
    end, "table expected")
  end)

  it("can't be made of anything else", function()
    for _, other in pairs { core.http(), core.tokens.open "prepared", "x", 1,
      io.stdout, true } do
      assert.error_matches(function()
        handle.http:send(other, 1)
      end, "a request expected, a table or a prepared one", 1, true)
    end
  end)

  it("may be collected half made", function()
    for _ = 1, 3 do
      pcall(core.prepare, { method = "GET" })
      collectgarbage()
    end
    assert.is_truthy(send(core.prepare(
      Handle.request("GET", server.url .. "/e"))):find "^GET /e")
  end)
end)
