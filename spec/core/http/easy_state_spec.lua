-- easy_state: a handle that sets only what has changed must send exactly what
-- the request says.
local Handle = require "spec.support.handle"
local rawserver = require "spec.support.rawserver"

describe("a handle that remembers", function()
  local handle, server, proxy

  local ECHO = [[
    local c = ...
    for request in function() return c:request() end do
      local seen = { request.method, request.path, request.body,
        tostring(request.headers["x-a"]),
        tostring(request.headers["content-type"]),
        tostring(request.headers["content-length"]) }
      c:send(c.ok(table.concat(seen, " "), "X-Who: %s\r\n"))
    end
  ]]

  setup(function()
    handle = Handle.new()
    server = rawserver.start(ECHO:format "server")
    proxy = rawserver.start(ECHO:format "proxy")
  end)
  teardown(function()
    handle:close()
    server:stop()
    proxy:stop()
  end)

  -- Every field of a request with two or three values, in all combinations.
  local METHODS = { "GET", "POST", "DELETE", "PUT" }
  local BODIES = { false, "body", "other" }
  local HEADERS = { false, { { "X-A", "1" } },
    { { "X-A", "2" }, { "Content-Type", "text/plain" } } }
  local PATHS = { "/a", "/b" }

  local function requests()
    local list = {}
    for _, method in ipairs(METHODS) do
      for _, body in ipairs(BODIES) do
        for _, headers in ipairs(HEADERS) do
          for _, path in ipairs(PATHS) do
            list[#list + 1] = { method = method, body = body or nil,
              headers = headers or nil, url = server.url .. path,
              path = path, may_resend = true }
          end
        end
      end
    end
    return list
  end

  local function expected(request, who)
    local headers = request.headers
    local has_body = request.body or request.method:find "^P"
    return table.concat({
      request.method, (who == "proxy" and server.url or "") .. request.path,
      request.body or "",
      headers and headers[1][2] or "nil",
      headers and headers[2] and headers[2][2] or "nil",
      has_body and tostring(#(request.body or "")) or "nil",
    }, " ")
  end

  local function assert_sent(request, who)
    local response = assert(handle.http:send(request, 60))
    assert.are.equal(expected(request, who), response.body)
    assert.are.equal(who, Handle.header(response, "X-Who"))
  end

  it("sends what each request says, whatever was sent before", function()
    local list = requests()
    -- Steps of every length, so that each follows many different ones.
    for _, step in ipairs { 1, 5, 7, 11, 13, 17, 19 } do
      local at = 0
      for _ = 1, #list do
        assert_sent(list[at + 1], "server")
        at = (at + step) % #list
      end
    end
  end)

  it("forgets a proxy with the request that named it", function()
    for i, request in ipairs(requests()) do
      local through = i % 3 == 0
      request.proxy = through and proxy.url or nil
      assert_sent(request, through and "proxy" or "server")
    end
  end)

  it("remembers correctly after a failure, too", function()
    local list = requests()
    for i = 1, #list, 5 do
      local bad = list[(i * 7) % #list + 1]
      bad.max_body = 0
      assert.is_nil((handle.http:send(bad, 10)))
      bad.max_body = nil
      assert_sent(list[i], "server")
    end
  end)
end)
