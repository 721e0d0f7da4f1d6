-- serve/body: a body within one deadline, in a real nginx. Callers that
-- trickle are in serve/door_spec.
local nginx = require "spec.support.nginx"
local socket = require "socket"

local missing = nginx.missing()
if missing then
  pending("the body of a request: " .. missing)
  return
end

local SERVER = [[
  location / { content_by_lua_block {
    local body, demo = require "equinix.serve.body", require "demo"
    local place = demo.callers:enter "a"
    local text = body.read(demo.callers, place)
    demo.callers:leave(place)
    ngx.header["X-Sent"] = tostring(body.is_sent())
    ngx.say(text and #text or "none")
  } }
  location = /drop { content_by_lua_block {
    local oldest = require "demo".callers.oldest
    if oldest then
      oldest.drop()
    end
    ngx.say(oldest and "dropped" or "no reader")
  } }
  location = /left { content_by_lua_block {
    ngx.say(require "demo".callers.total)
  } }
]]

describe("the body of a request", function()
  local n
  setup(function()
    n = nginx.start { server = SERVER, files = { ["demo.lua"] = [[
      return { callers = require "equinix.serve.callers".new(ngx.now) }]] } }
  end)
  teardown(function()
    n:stop()
  end)

  local function connect()
    local one = assert(socket.connect("127.0.0.1", n.port))
    one:settimeout(60)
    finally(function()
      one:close()
    end)
    return one
  end

  local function answer(one)
    local sent
    for line in function() return one:receive "*l" end do
      sent = line:match "^X%-Sent: (.*)" or sent
      if line == "" then
        break
      end
    end
    one:receive "*l" -- the length of the chunk
    local said = one:receive "*l"
    one:receive(7) -- the end of the chunk and the last one
    return said, sent
  end

  local function head(fields)
    return "POST / HTTP/1.1\r\nHost: localhost\r\n" .. fields .. "\r\n"
  end

  it("is there at once, or comes later, or is absent", function()
    local one = connect()
    for _ = 1, 3 do
      one:send(head "Content-Length: 3\r\n" .. "abc")
      assert.same({ "3", "true" }, { answer(one) })
      one:send(head "Content-Length: 3\r\n" .. "a")
      assert.equal("1", (n:ok "/left"):match "%d+")
      one:send "bc"
      assert.same({ "3", "true" }, { answer(one) })
      one:send(head "Transfer-Encoding: chunked\r\n" .. "2\r\nab\r\n")
      assert.equal("1", (n:ok "/left"):match "%d+")
      one:send "3\r\ncde\r\n0\r\n\r\n"
      assert.same({ "5", "true" }, { answer(one) })
      one:send(head "")
      assert.same({ "0", "false" }, { answer(one) })
      one:send(head "Content-Length: 0\r\n")
      assert.same({ "0", "true" }, { answer(one) })
    end
    assert.equal("0", (n:ok "/left"):match "%d+")
  end)

  it("is given up when its place is needed, and the rest is no request",
    function()
      local one = connect()
      one:send(head "Content-Length: 500\r\n" .. "a")
      local said
      repeat
        said = n:ok "/drop"
      until said:find "dropped"
      assert.equal("none", (answer(one)))
      one:send("GET /drop HTTP/1.1\r\nHost: localhost\r\n\r\n")
      assert.is_nil(one:receive "*l")
      assert.equal("0", (n:ok "/left"):match "%d+")
      assert.is_nil(n:error_log():find "%[alert%]")
    end)
end)
