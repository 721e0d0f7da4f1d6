-- host: nginx found, and configured in a directory of its own.
local host = require "equinix.supervisor.nginx"
local process = require "spec.support.process"

-- A program that speaks as nginx -V does.
local function pretend(dir, text)
  local path = dir .. "/nginx"
  local file = assert(io.open(path, "w"))
  file:write("#!/bin/sh\ncat >&2 <<'E'\n", text, "\nE\n")
  file:close()
  os.execute("chmod +x " .. path)
  return path
end

describe("host.find", function()
  local dir
  before_each(function()
    dir = process.tempdir()
  end)
  after_each(function()
    process.remove(dir)
  end)

  it("finds the nginx of this machine, with its modules", function()
    local nginx = assert(host.find())
    assert.is_true(nginx.version > 1000000)
    for _, file in ipairs(nginx.modules) do
      assert.is_truthy(io.open(file))
    end
  end)

  it("loads no module where Lua is built in", function()
    local nginx = assert(host.find(pretend(dir,
      "nginx version: openresty/1.21.4.1\n"
      .. "configure arguments: --add-module=../ngx_lua-0.10.21")))
    assert.same({}, nginx.modules)
    assert.equal(1021004, nginx.version)
  end)

  it("loads the modules from where that nginx keeps them", function()
    for _, name in ipairs { "ndk_http_module", "ngx_http_lua_module" } do
      io.open(dir .. "/" .. name .. ".so", "w"):close()
    end
    local nginx = assert(host.find(pretend(dir,
      "nginx version: nginx/1.27.0\n"
      .. "configure arguments: --modules-path=" .. dir)))
    -- The development kit first: the other needs it.
    assert.same({ dir .. "/ndk_http_module.so",
      dir .. "/ngx_http_lua_module.so" }, nginx.modules)
  end)

  it("says so when the nginx asked for is not there", function()
    local nginx, message = host.find(dir .. "/nothing")
    assert.is_nil(nginx)
    assert.matches("there is no nginx at", message)
  end)

  it("says nginx is no nginx when it does not speak like one", function()
    assert.is_nil(host.find(pretend(dir, "something else")))
  end)
end)

describe("host.listen", function()
  it("offers HTTP/2 in the words of that nginx", function()
    assert.equal("listen 127.0.0.1:1 ssl http2;",
      host.listen({ version = 1022001 }, "127.0.0.1:1", true))
    assert.equal("listen 127.0.0.1:1 ssl; http2 on;",
      host.listen({ version = 1025001 }, "127.0.0.1:1", true))
    assert.equal("listen 127.0.0.1:1;",
      host.listen({ version = 1025001 }, "127.0.0.1:1", false))
  end)
end)

describe("host.configuration", function()
  it("passes nginx's own check, and keeps every file at home", function()
    local nginx = assert(host.find())
    local directory = assert(host.directory())
    assert(host.write(directory.path, "nginx.conf", (assert(
      host.configuration(nginx, { workers = 2, http = "" })))))
    local said, code = process.capture(("%s -t -p %s -c %s/nginx.conf 2>&1")
      :format(nginx.binary, directory.path, directory.path))
    host.drop(directory)
    assert.equal(0, code, said)
    assert.is_nil(said:find "%[warn%]")
  end)

  it("names no folder for what was left out of nginx", function()
    local nginx = { version = 1, modules = {},
      build = "--without-http_scgi_module" }
    local text = host.configuration(nginx, { workers = 1, http = "" })
    assert.is_nil(text:find "scgi_temp_path")
    assert.is_truthy(text:find "uwsgi_temp_path")
  end)
end)

describe("host.directory", function()
  it("is for its owner alone, and gone when dropped", function()
    local directory = assert(host.directory())
    assert.equal("drwx------", process.capture("ls -ld " .. directory.path)
      :sub(1, 10))
    host.drop(directory)
    assert.is_nil(io.open(directory.path))
  end)

  it("can't be had where there is no room for it", function()
    local code = [[
      package.path = "lua/?.lua;" .. package.path
      local ok, reason = require("equinix.supervisor.nginx").directory()
      print(ok, reason)]]
    local said = process.capture("TMPDIR=/nowhere "
      .. process.interpreter() .. " -e " .. process.quote(code)
      .. " 2>/dev/null")
    assert.equal("nil\tno directory can be made in /nowhere", said)
  end)
end)

describe("host.absolute", function()
  it("is a path from anywhere", function()
    assert.equal("/a/b", host.absolute "/a/b")
    assert.equal(process.capture "pwd" .. "/a", host.absolute "a")
  end)
end)

describe("a file of the private directory", function()
  it("that can't be written is named, and why", function()
    local full = io.open("/dev/full", "wb")
    if not full then
      pending "there is no /dev/full here"
      return
    end
    full:close()
    local ok, reason = host.write("/dev", "full", "x")
    assert.is_nil(ok)
    assert.equal("/dev/full can't be written: No space left on device",
      reason)
  end)
end)
