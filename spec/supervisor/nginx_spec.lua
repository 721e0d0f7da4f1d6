-- supervisor/nginx: nginx found, and configured in a directory of its own.
local supervisor = require "equinix.supervisor.nginx"
local process = require "spec.support.process"

-- A program that prints what nginx -V would.
local function fake_nginx(dir, text)
  local path = dir .. "/nginx"
  local file = assert(io.open(path, "w"))
  file:write("#!/bin/sh\ncat >&2 <<'E'\n", text, "\nE\n")
  file:close()
  os.execute("chmod +x " .. path)
  return path
end

describe("supervisor.find", function()
  local dir
  before_each(function()
    dir = process.tempdir()
  end)
  after_each(function()
    process.remove(dir)
  end)

  it("finds the nginx of this machine, with its modules", function()
    local nginx = assert(supervisor.find())
    assert.is_true(nginx.version > 1000000)
    for _, file in ipairs(nginx.modules) do
      assert.is_truthy(io.open(file))
    end
  end)

  it("loads no module where Lua is built in", function()
    local nginx = assert(supervisor.find(fake_nginx(dir,
      "nginx version: openresty/1.21.4.1\n"
      .. "configure arguments: --add-module=../ngx_lua-0.10.21")))
    assert.same({}, nginx.modules)
    assert.equal(1021004, nginx.version)
  end)

  it("loads the modules from where that nginx keeps them", function()
    for _, name in ipairs { "ndk_http_module", "ngx_http_lua_module" } do
      io.open(dir .. "/" .. name .. ".so", "w"):close()
    end
    local nginx = assert(supervisor.find(fake_nginx(dir,
      "nginx version: nginx/1.27.0\n"
      .. "configure arguments: --modules-path=" .. dir)))
    -- The development kit first: the other needs it.
    assert.same({ dir .. "/ndk_http_module.so",
      dir .. "/ngx_http_lua_module.so" }, nginx.modules)
  end)

  it("says that there is no nginx at the path that was given", function()
    local nginx, message = supervisor.find(dir .. "/nothing")
    assert.is_nil(nginx)
    assert.matches("there is no nginx at", message)
  end)

  it("takes no other program for nginx", function()
    assert.is_nil(supervisor.find(fake_nginx(dir, "something else")))
  end)
end)

describe("supervisor.has_directive", function()
  it("finds directives of nginx and of its module for Lua", function()
    local nginx = assert(supervisor.find())
    assert.is_true(supervisor.has_directive(nginx, "worker_processes"))
    assert.is_true(supervisor.has_directive(nginx, "rewrite_by_lua_block"))
    assert.is_false(supervisor.has_directive(nginx, "lua_no_such_directive"))
  end)
end)

describe("supervisor.listen", function()
  it("offers HTTP/2 as that version of nginx spells it", function()
    assert.equal("listen 127.0.0.1:1 ssl http2;",
      supervisor.listen({ version = 1022001 }, "127.0.0.1:1", true))
    assert.equal("listen 127.0.0.1:1 ssl; http2 on;",
      supervisor.listen({ version = 1025001 }, "127.0.0.1:1", true))
    assert.equal("listen 127.0.0.1:1;",
      supervisor.listen({ version = 1025001 }, "127.0.0.1:1", false))
  end)
end)

describe("supervisor.configuration", function()
  it("passes nginx's own check, with every file in its directory", function()
    local nginx = assert(supervisor.find())
    local directory = assert(supervisor.directory())
    assert(supervisor.write_files(directory.path, {
      ["nginx.conf"] = assert(supervisor.configuration(nginx, {
        workers = 2, http = "" })),
    }))
    local said, code = process.capture(("%s -t -p %s -c %s/nginx.conf 2>&1")
      :format(nginx.binary, directory.path, directory.path))
    supervisor.drop(directory)
    assert.equal(0, code, said)
    assert.is_nil(said:find "%[warn%]")
  end)

  it("sets no path for a module that this nginx was built without", function()
    local nginx = { version = 1, modules = {},
      build = "--without-http_scgi_module" }
    local text = supervisor.configuration(nginx, { workers = 1, http = "" })
    assert.is_nil(text:find "scgi_temp_path")
    assert.is_truthy(text:find "uwsgi_temp_path")
  end)
end)

describe("supervisor.directory", function()
  it("is for its owner alone, and gone when dropped", function()
    local directory = assert(supervisor.directory())
    assert.equal("drwx------", process.capture("ls -ld " .. directory.path)
      :sub(1, 10))
    supervisor.drop(directory)
    assert.is_nil(io.open(directory.path))
  end)

  -- A minute is over at once with this `sleep`.
  it("goes where it was handed over and no supervisor came, else not",
    function()
      local place = process.tempdir()
      finally(function()
        process.remove(place)
      end)
      os.execute(("printf '#!/bin/sh\\n' >%s/sleep; chmod +x %s/sleep")
        :format(place, place))
      local function left(held)
        local code = ([[
          package.path = "lua/?.lua;" .. package.path
          package.cpath = %q
          local directory = require("equinix.supervisor.nginx").directory()
          if %s then
            io.open(directory.path .. "/held", "w"):close()
          end
          require("equinix.supervisor.foreground").hand_over(directory)
          print(directory.path)]]):format(package.cpath, tostring(held))
        local path = process.capture(("TMPDIR=%s PATH=%s:$PATH %s -e %s")
          :format(place, place, process.interpreter(), process.quote(code)))
        return path
      end
      local path = left(false)
      assert.is_true(process.eventually(function()
        return not io.open(path)
      end))
      assert.is_truthy(io.open(left(true)))
    end)

  it("can't be created where there is no folder for it", function()
    local code = ([[
      package.path = "lua/?.lua;" .. package.path
      package.cpath = %q
      local ok, reason = require("equinix.supervisor.nginx").directory()
      print(ok, reason)]]):format(package.cpath)
    local said = process.capture("TMPDIR=/nowhere "
      .. process.interpreter() .. " -e " .. process.quote(code)
      .. " 2>/dev/null")
    assert.equal("nil\tcan't create a directory in /nowhere", said)
  end)
end)

describe("supervisor.absolute", function()
  it("is a path from anywhere", function()
    assert.equal("/a/b", supervisor.absolute "/a/b")
    assert.equal(process.capture "pwd" .. "/a", supervisor.absolute "a")
  end)
end)

describe("supervisor.write_files", function()
  it("writes them all, or names the one that failed", function()
    local dir = process.tempdir()
    finally(function()
      process.remove(dir)
    end)
    assert.is_true(supervisor.write_files(dir, { a = "1", b = "2" }))
    assert.equal("12", process.capture("cat " .. dir .. "/a " .. dir .. "/b"))
    local ok, message = supervisor.write_files("/nowhere", { a = "x" })
    assert.is_nil(ok)
    assert.equal("/nowhere/a can't be written: there is no such file (ENOENT)",
      message)
  end)
end)
