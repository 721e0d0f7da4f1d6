-- file_sink: a file that appears complete or not at all.
local Handle = require "spec.support.handle"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"

describe("a sink", function()
  local dir, server, handle

  before_each(function()
    dir = process.tempdir()
    handle = Handle.new()
    -- /cut: half of a body. /big: 3 MB.
    server = rawserver.start [[
      local c = ...
      for request in function() return c:request() end do
        if request.path == "/cut" then
          c:send "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
          return
        elseif request.path == "/big" then
          c:send(c.ok(("0123456789"):rep(300000)))
        else
          c:send(c.ok "new")
        end
      end
    ]]
  end)
  after_each(function()
    handle:close()
    server:stop()
    process.remove(dir)
  end)

  local function read(path)
    local file = assert(io.open(path, "rb"))
    local text = file:read "*a"
    file:close()
    return text
  end

  local function write(path, text)
    local file = assert(io.open(path, "wb"))
    file:write(text)
    file:close()
  end

  local function names()
    return (process.capture("ls -A " .. dir))
  end

  it("takes a body of any size, whatever max_body is", function()
    local response = assert(handle:get(server.url .. "/big",
      { sink = dir .. "/file", max_body = 10 }))
    assert.are.equal("", response.body)
    assert.are.equal(("0123456789"):rep(300000), read(dir .. "/file"))
    assert.are.equal("file", names())
  end)

  it("replaces a file that is there", function()
    write(dir .. "/file", "old and longer")
    assert(handle:get(server.url, { sink = dir .. "/file" }))
    assert.are.equal("new", read(dir .. "/file"))
    assert.are.equal("file", names())
  end)

  it("replaces a link, not what it points to", function()
    write(dir .. "/precious", "precious")
    assert(os.execute(("ln -s precious %s/file"):format(dir)))
    assert(handle:get(server.url, { sink = dir .. "/file" }))
    assert.are.equal("precious", read(dir .. "/precious"))
    assert.are.equal("new", read(dir .. "/file"))
  end)

  it("can be read by its owner only", function()
    assert(handle:get(server.url, { sink = dir .. "/file" }))
    assert.are.equal("-rw-------",
      process.capture(("ls -l %s/file"):format(dir)):sub(1, 10))
  end)

  it("leaves the old file alone when the body is cut", function()
    write(dir .. "/file", "old")
    local response, err = handle:get(server.url .. "/cut",
      { sink = dir .. "/file" })
    assert.is_nil(response)
    assert.are.equal("network", err.kind)
    assert.are.equal("old", read(dir .. "/file"))
    assert.are.equal("file", names())
  end)

  it("leaves nothing when no server listens, and at a timeout", function()
    local url = "http://127.0.0.1:" .. Handle.closed_port()
    assert.is_nil((handle:get(url, { sink = dir .. "/file" })))
    assert.is_nil((handle:get(server.url, { sink = dir .. "/file" }, 0)))
    assert.are.equal("", names())
  end)

  it("that can't be made fails before a byte is sent", function()
    for path, code in pairs {
      [dir .. "/missing/file"] = "ENOENT",
      ["/dev/null/file"] = "ENOTDIR",
      [dir .. "/" .. ("x"):rep(300)] = "ENAMETOOLONG",
    } do
      local response, err = handle:post(server.url,
        { sink = path, body = "x" })
      assert.is_nil(response)
      assert.are.same({ "config", code, false },
        { err.kind, err.code, err.maybe_sent })
    end
    assert.are.equal(0, server:connections())
    assert.are.equal("", names())
  end)

  it("replaces files only: root could replace a device",
    function()
      assert(os.execute(("mkdir %s/folder; mkfifo %s/pipe"):format(dir, dir)))
      for name, code in pairs { folder = "EISDIR", pipe = "ENOTSUP" } do
        local response, err = handle:get(server.url,
          { sink = dir .. "/" .. name })
        assert.is_nil(response)
        assert.are.same({ "config", code, false },
          { err.kind, err.code, err.maybe_sent })
      end
      assert.are.equal("folder\npipe", names())
    end)

  it("that does not fit on its disk fails and leaves nothing", function()
    -- A limit of the shell on the size of files replaces a full disk.
    local lua = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
    local out, code = process.capture(([[
      ulimit -f 100
      trap '' XFSZ
      %s -e 'package.cpath = "%s"
        local handle = require("equinix.core").http()
        local r, err = handle:send({method = "GET", url = "%s/big",
          sink = "%s/file"}, 5)
        print(r, err.kind, err.code, err.maybe_sent)']]):format(lua,
      package.cpath, server.url, dir))
    assert.are.equal(0, code, out)
    assert.are.equal("nil\tconfig\tEFBIG\ttrue", out)
    assert.are.equal("", names())
  end)
end)
