-- decoder: compressed bodies, whole ones and others.
local Handle = require "spec.support.handle"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"

-- The text, compressed by gzip: one member.
local function gzip(text)
  local dir = process.tempdir()
  local file = assert(io.open(dir .. "/text", "wb"))
  file:write(text)
  file:close()
  local hex, code = process.capture(
    ("gzip -nc %s/text | od -An -v -tx1 | tr -d ' \\n'"):format(dir))
  process.remove(dir)
  assert.are.equal(0, code)
  return (hex:gsub("%x%x", function(byte)
    return string.char(tonumber(byte, 16))
  end))
end

local function big_endian(n)
  return string.char(math.floor(n / 2 ^ 24), math.floor(n / 2 ^ 16) % 256,
    math.floor(n / 256) % 256, n % 256)
end

-- RFC 1951, section 3.2.4: the text as it is, in one block.
local function bare(text)
  local n = #text
  return string.char(1, n % 256, math.floor(n / 256), 255 - n % 256,
    255 - math.floor(n / 256)) .. text
end

-- RFC 1950: the same with zlib's header and checksum.
local function zlib(text)
  local a, b = 1, 0
  for i = 1, #text do
    a = (a + text:byte(i)) % 65521
    b = (b + a) % 65521
  end
  return "\120\1" .. bare(text) .. big_endian(b * 65536 + a)
end

describe("a compressed body", function()
  local server, handle
  local line = "The quick brown fox jumps over the lazy dog.\n"
  local text = line:rep(300)

  before_each(function()
    handle = Handle.new()
  end)
  after_each(function()
    handle:close()
    if server then
      server:stop()
      server = nil
    end
  end)

  -- What a GET of these bytes, chunked in pieces of that size, returns.
  local function get(coding, bytes, fields, size)
    server = rawserver.start(([[
      local c = ...
      c:request()
      c:send "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
      c:send "Content-Encoding: %s\r\n\r\n"
      local bytes, size = %q, %d
      for at = 1, #bytes, size do
        local piece = bytes:sub(at, at + size - 1)
        c:send(("%%x\r\n%%s\r\n"):format(#piece, piece))
      end
      c:send "0\r\n\r\n"
      c:hangup()
    ]]):format(coding, bytes, size or 16384))
    local response, err = handle:get(server.url, fields)
    server:stop()
    server = nil
    return response, err
  end

  local function refused(code, coding, bytes, fields)
    local response, err = get(coding, bytes, fields)
    assert.is_nil(response)
    assert.are.same({ "protocol", code, true, false },
      { err.kind, err.code, err.maybe_sent, err.retryable })
    return err
  end

  local WHOLE = {
    { "gzip", "gzip", gzip(text) },
    { "x-gzip", "X-Gzip", gzip(text) },
    { "several members of gzip", "gzip", gzip(text:sub(1, 100))
      .. gzip "" .. gzip(text:sub(101)) },
    { "deflate", "deflate", zlib(text) },
    { "deflate without zlib's header", "deflate", bare(text) },
  }

  for _, case in ipairs(WHOLE) do
    it("is decoded: " .. case[1], function()
      assert.are.equal(text, assert(get(case[2], case[3])).body)
    end)

    it("is decoded in pieces of one byte: " .. case[1], function()
      assert.are.equal(text, assert(get(case[2], case[3], nil, 1)).body)
    end)

    it("that ends early inside correct framing is refused: " .. case[1],
      function()
        for _, left in ipairs { 1, 2, 11, #case[3] - 1 } do
          local err = refused("body_cut", case[2], case[3]:sub(1, left))
          assert.matches("before its compressed data does %(%l+%)",
            err.message)
        end
      end)

    it("with bytes after its end is refused: " .. case[1], function()
      local err = refused("trailing_bytes", case[2], case[3] .. "x")
      assert.matches("bytes follow .* %(%l+%)$", err.message)
      refused("trailing_bytes", case[2], case[3] .. "\0\0")
    end)
  end

  it("that is cut leaves no file", function()
    local dir = process.tempdir()
    finally(function()
      process.remove(dir)
    end)
    local whole = gzip(text)
    local sink = dir .. "/file"
    for _, bytes in ipairs { whole:sub(1, -5), whole .. "x",
      whole .. whole:sub(1, 20) } do
      local response = get("gzip", bytes, { sink = sink })
      assert.is_nil(response)
      assert.are.equal("", process.capture("ls -A " .. dir))
    end
    assert(get("gzip", whole .. whole, { sink = sink }))
    local file = assert(io.open(sink, "rb"))
    assert.are.equal(text .. text, file:read "*a")
    file:close()
  end)

  it("is counted when it is decoded, over all members", function()
    local half = gzip(("x"):rep(6000))
    assert(get("gzip", half .. half, { max_body = 12000 }))
    refused("body_too_large", "gzip", half .. half, { max_body = 11999 })
  end)

  it("that is not what it is called is refused", function()
    for _, coding in ipairs { "gzip", "deflate" } do
      local err = refused("CURLE_BAD_CONTENT_ENCODING", coding, "no such data")
      assert.matches("%(" .. coding .. "%)", err.message)
    end
  end)

  it("of a broken checksum is refused", function()
    local bytes = gzip(text)
    refused("CURLE_BAD_CONTENT_ENCODING", "gzip",
      bytes:sub(1, -9) .. "\1\2\3\4" .. bytes:sub(-4))
  end)

  it("of a coding that was not offered is refused", function()
    for _, coding in ipairs { "br", "zstd", "compress", "gzip, gzip",
      "deflate, gzip", "hunter2" } do
      local err = refused("unsupported_coding", coding, gzip(text))
      assert.is_nil(err.message:find("hunter2", 1, true))
    end
  end)

  it("goes to on_chunk decoded", function()
    local bytes = gzip(text) .. gzip(text)
    server = rawserver.start(([[
      local c = ...
      c:request()
      c:send(c.ok(%q, "Content-Encoding: gzip\r\n"))
    ]]):format(bytes))
    local parts = {}
    assert(handle.http:send(Handle.request("GET", server.url), 10,
      function(chunk)
        parts[#parts + 1] = chunk
      end))
    assert.are.equal(text .. text, table.concat(parts))
  end)

  it("that is not there needs no end", function()
    for _, head in ipairs { "200 OK\r\nContent-Length: 0", "204 No Content",
      "304 Not Modified" } do
      server = rawserver.start(([[
        local c = ...
        while c:request() do
          c:send "HTTP/1.1 %s\r\nContent-Encoding: gzip\r\n\r\n"
        end
      ]]):format((head:gsub("\r\n", "\\r\\n"))))
      assert.are.equal("", assert(handle:get(server.url)).body)
      server:stop()
    end
    server = rawserver.start [[
      local c = ...
      while c:request() do
        c:send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
          .. "Content-Length: 900\r\n\r\n")
      end
    ]]
    assert(handle:send("HEAD", server.url))
  end)

  it("of one response has nothing to do with the next", function()
    local whole = gzip(text)
    server = rawserver.start(([[
      local c = ...
      local bytes = %q
      c:request()
      c:send(c.ok(bytes, "Content-Encoding: gzip\r\n"))
      c:request()
      c:send(c.ok "plain")
      c:request()
      c:send(c.ok(bytes, "Content-Encoding: gzip\r\n"))
      c:hangup()
    ]]):format(whole))
    for _, body in ipairs { text, "plain", text } do
      local response = assert(handle:get(server.url, { may_resend = true }))
      assert.are.equal(body, response.body)
    end
    assert.are.equal(1, server:connections())
  end)

  it("in a Transfer-Encoding, which was not asked for, is refused", function()
    server = rawserver.start(([[
      local c = ...
      c:request()
      local bytes = %q
      c:send(("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
        .. "%%x\r\n%%s\r\n0\r\n\r\n"):format(#bytes, bytes))
      c:hangup()
    ]]):format(gzip(text):sub(1, -20)))
    local response, err = handle:get(server.url)
    assert.is_nil(response)
    assert.are.equal("protocol", err.kind)
  end)
end)

describe("Accept-Encoding", function()
  local handle, server

  before_each(function()
    handle = Handle.new()
    server = rawserver.start
      "local c = ... while c:request() do c:send(c.ok 'x') end"
  end)
  after_each(function()
    handle:close()
    server:stop()
  end)

  local function asked(headers)
    assert(handle:get(server.url, { headers = headers, may_resend = true }))
    local requests = server:requests()
    return requests[#requests].headers["accept-encoding"]
  end

  it("offers what can be undone and checked", function()
    assert.are.equal("gzip, deflate", asked())
    assert.are.equal("gzip, deflate", asked { { "Accept", "text/csv" } })
  end)

  it("offers nothing for a part of a body", function()
    assert.are.equal("identity", asked { { "Range", "bytes=0-9" } })
    assert.are.equal("identity", asked { { "rANGE", "bytes=0-9" } })
    assert.are.equal("gzip, deflate", asked { { "Content-Range", "x" } })
  end)

  it("is the caller's where it has one", function()
    assert.are.equal("gzip", asked { { "Range", "bytes=0-9" },
      { "accept-encoding", "gzip" } })
  end)
end)
