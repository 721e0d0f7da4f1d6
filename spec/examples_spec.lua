-- Every example runs as its first comment says, against the emulator over TLS,
-- on the Lua of this spec. (demo.lua starts an emulator of its own.)
local emulator = require "spec.support.emulator"
local process = require "spec.support.process"

local lua = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
local build = os.getenv "BUILD" or "build"

-- What each of them has to print, so that one that does nothing fails.
local EXPECTED = {
  ["demo.lua"] = "50 calls, 0 token requests",
  ["embed.lua"] = "thread %-: %d+ ports, token requests: 1",
  ["fleet.lua"] = "8 processes, 1 token, 1 token request",
  ["many.lua"] = "50 of 50, 1 token request",
  ["ports.lua"] = "404 %(EQ%-3045811%)",
  ["rotating_secret.lua"] = "equinix%.Token",
  ["shipment.lua"] = "202%s+/colocations/v2/orders/",
  ["token.lua"] = "token requests: 1",
}

--- Compiles an example in C for the Lua of this spec.
---@return string|nil reason why that is impossible here
local function compile(source, program)
  local cflags, code = process.capture("tools/lua.sh " .. lua .. " cflags")
  local libs, no_libs = process.capture("tools/lua.sh " .. lua .. " libs")
  if code ~= 0 or no_libs ~= 0 then
    return "the headers or the library of " .. lua .. " are not installed"
  end
  -- A core with a sanitizer needs a program that is linked with it.
  local file = io.open(build .. "/flags")
  local sanitizer = file and file:read("*a"):match "%-fsanitize=%S+" or ""
  if file then
    file:close()
  end
  local output, failed = process.capture(table.concat({
    os.getenv "CC" or "cc", "-std=c11 -pthread -rdynamic", sanitizer, "-o",
    process.quote(program), source, cflags, libs, "-lm -ldl 2>&1",
  }, " "))
  assert(failed == 0, output)
end

describe("the example", function()
  local e, stores

  setup(function()
    e = emulator.start()
  end)
  before_each(function()
    e:reset()
    stores = process.tempdir()
  end)
  after_each(function()
    process.remove(stores)
  end)
  teardown(function()
    e:stop()
  end)

  --- Runs a command with the emulator's credentials and further variables.
  local function run(command, variables)
    local words = { "env" }
    variables.EQUINIX_API_ENDPOINT = e.base_url
    variables.XDG_RUNTIME_DIR = stores
    variables.EQUINIX_API_CLIENTID = e.client_id
    variables.EQUINIX_API_CLIENTSECRET = variables.EQUINIX_API_CLIENTSECRET
      or e.client_secret
    for name, value in pairs(variables) do
      words[#words + 1] = process.quote(name .. "=" .. value)
    end
    words[#words + 1] = command .. " 2>&1 </dev/null"
    return process.capture(table.concat(words, " "))
  end

  -- examples/haproxy.lua runs inside HAProxy: examples_haproxy_spec.lua;
  -- store_postgres.lua is a module: examples_postgres_spec.lua.
  for path in process.capture("ls examples/*.lua | grep -Ev "
    .. "'/(haproxy|store_)'"):gmatch "%S+" do
    local name = path:match "[^/]+$"
    it(name .. " does what it says", function()
      -- Not LUA_PATH, since an example may start programs on another Lua.
      local output, code = run(("%s -e %s %s %s"):format(lua,
        process.quote(("package.path, package.cpath = %q, %q"):format(
          package.path, package.cpath)), path, process.quote(e.ca_file)), {})
      assert.equal(0, code, output)
      local expected = EXPECTED[name]
      assert(expected, "add the example to EXPECTED")
      assert.truthy(output:find(expected), output)
    end)
  end

  --- Runs examples/embed.c; nil where it can't be built.
  local function embed(variables)
    local dir = process.tempdir()
    finally(function()
      process.remove(dir)
    end)
    local reason = compile("examples/embed.c", dir .. "/embed")
    if reason then
      pending(reason)
      return nil
    end
    variables.LUA_PATH, variables.LUA_CPATH = package.path, package.cpath
    return run(("%s/embed examples/embed.lua %s"):format(dir,
      process.quote(e.ca_file)), variables)
  end

  it("embed.c shares one token between four threads", function()
    local output, code = embed {}
    if not output then
      return
    end
    assert.equal(0, code, output)
    for thread = 1, 4 do
      assert.truthy(output:find(("thread %d: %%d+ ports, token requests: 1")
        :format(thread)), output)
    end
    assert.equal(1, e:count "POST /oauth2/v1/token")
    assert.equal(4, e:count "GET /fabric/v4/ports")
  end)

  it("embed.c reports refused credentials in each thread, after sending "
    .. "them once", function()
    local output, code = embed { EQUINIX_API_CLIENTSECRET = "not the secret" }
    if not output then
      return
    end
    assert.equal(1, code, output)
    for thread = 1, 4 do
      assert.truthy(output:find(("thread %d: [^\n]*equinix: "):format(thread)),
        output)
    end
    assert.equal(1, e:count "POST /oauth2/v1/token")
  end)
end)
