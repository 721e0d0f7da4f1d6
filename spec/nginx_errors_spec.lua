-- What a handler in nginx does with an error, in one line, as docs/nginx.md
-- has it: in the response, in the log, under the command `resty`.
local emulator = require "spec.support.emulator"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"

local missing = nginx.missing()
if missing then
  pending("errors in nginx: " .. missing)
  return
end

local MESSAGE = "equinix: GET /fabric/v4/ports: 403"
local HANDLERS = [[
  location = /say { content_by_lua_block {
    local _, err = api:get "/fabric/v4/ports"
    ngx.say(tostring(err))
  } }
  location = /log { content_by_lua_block {
    local _, err = api:get "/fabric/v4/ports"
    ngx.log(ngx.ERR, tostring(err))
  } }
  location = /assert { content_by_lua_block {
    equinix.assert(api:get "/fabric/v4/ports")
  } }
  location = /pages { content_by_lua_block {
    for _ in api:pages "/fabric/v4/ports" do end
  } }
  location = /items { content_by_lua_block {
    for _ in api:items "/fabric/v4/ports" do end
  } }
  location = /unknown { content_by_lua_block {
    for _ in api:items "/fabric/v4/health" do end
  } }
  location = /caught { content_by_lua_block {
    local _, message = pcall(function()
      for _ in api:items "/fabric/v4/ports" do end
    end)
    ngx.say(message)
  } }
  location = /fields { content_by_lua_block {
    for port, err in api:items("/fabric/v4/ports", { raise = false }) do
      ngx.say(port and port.name or err.status)
    end
  } }
]]

describe("an error in a handler", function()
  local e, n

  setup(function()
    e = emulator.start { plain = true }
    n = nginx.start {
      files = { ["demo.lua"] = nginx.client(e) },
      http = [[ init_by_lua_block {
        equinix = require "equinix"
        api = require "demo"
      } ]],
      server = HANDLERS,
    }
  end)
  before_each(function()
    e:reset()
    n:run "demo:forget()"
    e:config { api_status = 403, scope = "/fabric/v4/ports" }
  end)
  teardown(function()
    n:stop()
    e:stop()
  end)

  -- What a request adds to the error log.
  local function logged(path, status)
    local before = #n:error_log()
    assert.are.equal(status, (n:get(path)))
    return n:error_log():sub(before + 1)
  end

  it("is said by ngx.say(tostring(err))", function()
    assert.truthy(n:ok("/say"):find(MESSAGE, 1, true))
  end)

  it("is logged by ngx.log(ngx.ERR, tostring(err))", function()
    assert.truthy(logged("/log", 200):find(MESSAGE, 1, true))
  end)

  for _, path in ipairs { "/assert", "/pages", "/items" } do
    it("ends the request and is in the log by " .. path, function()
      local log = logged(path, 500)
      assert.truthy(log:find(MESSAGE, 1, true), log)
      assert.truthy(log:find("content_by_lua(nginx.conf", 1, true), log)
      assert.is_nil(log:find("unknown reason", 1, true), log)
    end)
  end

  it("is in the log when a list is none", function()
    local log = logged("/unknown", 500)
    assert.truthy(log:find("is not a list of a known shape", 1, true), log)
  end)

  it("is a string where a pcall catches it", function()
    assert.truthy(n:ok("/caught"):find(MESSAGE, 1, true))
  end)

  it("comes with its fields where it is asked for", function()
    assert.are.equal("403\n", n:ok "/fields")
  end)
end)

describe("an error under resty", function()
  local resty = process.capture "command -v resty"
  if resty == "" then
    pending "the command resty is not here"
    return
  end

  it("is printed by print(tostring(err))", function()
    local dir = process.tempdir()
    finally(function()
      process.remove(dir)
    end)
    local file = assert(io.open(dir .. "/try.lua", "w"))
    file:write [[
      local api, err = require("equinix").new { client_id = "x" }
      print(tostring(err))
    ]]
    file:close()
    local said = process.capture(("resty --http-conf %s %s 2>&1"):format(
      process.quote(('lua_package_path "%s;;"; lua_package_cpath "%s/?.so;;";')
        :format(nginx.package_path(dir), nginx.build)), dir .. "/try.lua"))
    assert.truthy(said:find("the client secret is missing", 1, true), said)
  end)
end)
