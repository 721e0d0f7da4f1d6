-- buffer: tested by the bodies that it collects.
local Handle = require "spec.support.handle"
local rawserver = require "spec.support.rawserver"

describe("a body", function()
  local server, handle

  setup(function()
    -- /<size>: that many bytes, in pieces, none of them at a round offset.
    server = rawserver.start [[
      local c = ...
      for request in function() return c:request() end do
        local size = tonumber(request.path:match "%d+")
        c:send(("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"):format(size))
        local sent = 0
        while sent < size do
          local piece = math.min(size - sent, 1021 + sent % 5003)
          local text = {}
          for i = 1, piece do
            text[i] = string.char((sent + i) % 251)
          end
          c:send(table.concat(text))
          sent = sent + piece
        end
      end
    ]]
  end)
  teardown(function()
    server:stop()
  end)
  before_each(function()
    handle = Handle.new()
  end)
  after_each(function()
    handle:close()
  end)

  local function get(size, max_body)
    return handle:get(("%s/%d"):format(server.url, size),
      { max_body = max_body, may_resend = true })
  end

  local function assert_whole(body, size)
    assert.are.equal(size, #body)
    for at = 1, size do
      if body:byte(at) ~= at % 251 then
        error("byte " .. at .. " is wrong")
      end
    end
  end

  it("arrives complete, with NULs, around every growth", function()
    for _, size in ipairs { 0, 1, 4094, 4095, 4096, 4097, 8191, 8192, 8193,
      65535, 65536, 300001 } do
      assert_whole(assert(get(size)).body, size)
    end
  end)

  it("has nothing of a larger or smaller one before it",
    function()
      for _, size in ipairs { 10, 300001, 10, 5000, 0, 7 } do
        assert_whole(assert(get(size)).body, size)
      end
    end)

  it("may have exactly max_body bytes", function()
    for _, size in ipairs { 0, 1, 4095, 4096, 20000 } do
      assert_whole(assert(get(size, size)).body, size)
    end
  end)

  it("ends the transfer with the first byte over max_body", function()
    for _, size in ipairs { 1, 4096, 20000 } do
      local response, err = get(size, size - 1)
      assert.is_nil(response)
      assert.are.equal("protocol", err.kind)
      assert.are.equal("body_too_large", err.code)
      assert.is_true(err.maybe_sent)
    end
  end)
end)
