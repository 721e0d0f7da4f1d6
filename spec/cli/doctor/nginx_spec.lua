-- cli/doctor/nginx: what the services need from nginx.
local doctor = require "spec.support.doctor"
local host = require "equinix.supervisor.nginx"
local process = require "spec.support.process"

local ENV = { EQUINIX_API_ENDPOINT = "http://127.0.0.1:1",
  EQUINIX_API_TOKEN = "t" }

describe("the doctor's check of nginx", function()
  local dir, nginx
  before_each(function()
    dir = process.tempdir()
    nginx = assert(host.find())
  end)
  after_each(function()
    process.remove(dir)
  end)

  local function write(name, text, mode)
    local file = assert(io.open(dir .. "/" .. name, "wb"))
    file:write(text)
    file:close()
    if mode then
      os.execute(("chmod %s %s/%s"):format(mode, dir, name))
    end
    return dir .. "/" .. name
  end

  local function configuration(main)
    local text = assert(host.configuration(nginx, { workers = 1, http = "" }))
    return write("nginx.conf", main .. text)
  end

  it("finds one that can have a thread pool", function()
    assert.matches("^ok /.*, with Lua",
      (doctor.line("nginx", {}, ENV)))
    assert.matches("^ok ", (doctor.line("thread pool", {}, ENV)))
  end)

  it("distinguishes configurations with and without the pool", function()
    local path = configuration "thread_pool equinix threads=2;\n"
    assert.matches("^ok .*nginx.conf has it", (doctor.line("thread pool",
      { "--nginx-conf", path }, ENV)))
    for _, main in ipairs { "", "# thread_pool equinix threads=2;\n",
      "thread_pool other threads=2;\n" } do
      path = configuration(main)
      local line, _, all = doctor.line("thread pool", { "--nginx-conf", path },
        ENV)
      assert.matches("^FAILED .*has no thread pool 'equinix': add "
        .. "`thread_pool equinix threads=2;`", line)
      assert.is_nil(all:find "FAILED +nginx")
    end
  end)

  it("reports a configuration that nginx refuses", function()
    local path = write("nginx.conf", "nonsense;\n")
    assert.matches("^FAILED nginx refuses .*nonsense", (doctor.line(
      "thread pool", { "--nginx-conf", path }, ENV)))
  end)

  -- A real nginx without threads would have to be built. This one is real
  -- except for its response to a test of the configuration.
  it("reports an nginx that was built without threads", function()
    local path = write("nginx", ("#!/bin/sh\nif [ \"$1\" = -t ]; then\n"
      .. "echo 'nginx: [emerg] unknown directive \"thread_pool\" in /x:1'\n"
      .. "exit 1\nfi\nexec %s \"$@\"\n"):format(nginx.binary), "700")
    assert.matches("^FAILED .*unknown directive \"thread_pool\"%): use one",
      (doctor.line("thread pool", { "--nginx", path }, ENV)))
  end)

  it("fails for a missing one only if the user named it", function()
    local line, code = doctor.line("nginx", { "--nginx", "/nowhere" }, ENV)
    assert.matches("^FAILED there is no nginx at /nowhere", line)
    assert.equal(4, code) -- that of the connection, which is checked first
    local state = { args = {} }
    local find = host.find
    finally(function()
      host.find = find
    end)
    host.find = function()
      return nil, "nginx is missing"
    end
    local checks = require "equinix.cli.doctor.nginx"
    assert.equal("skipped", checks.nginx(state).status)
    assert.equal("skipped", checks.pool(state).status)
  end)
end)
