-- serve/nginx_conf: the configuration, without an nginx.
local nginx_conf = require "equinix.serve.nginx_conf"
local supervisor = require "equinix.supervisor.nginx"
local process = require "spec.support.process"

local function text(changes)
  local options = {
    cpath = "/nowhere/?.so",
    listen = { rest = "127.0.0.1:1", mcp = "[::1]:2" },
    paths = { rest = { "/a", "/b" }, mcp = { "/c" } },
    probes = { ["/b"] = true },
    rate = 0,
  }
  for name, value in pairs(changes or {}) do
    options[name] = value
  end
  return nginx_conf.text(options)
end

local function has(all, line)
  assert.is_truthy(all:find(line, 1, true), line)
end

describe("the configuration of the service", function()
  it("listens on the addresses that it is given, and no others", function()
    local _, http = text()
    has(http, "listen 127.0.0.1:1;")
    has(http, "listen [::1]:2;")
    assert.equal(2, select(2, http:gsub("listen ", "")))
  end)

  it("names the variables that the workers get: none, unless it is told",
    function()
      assert.is_nil((text()):find "env ")
      has((text { variables = { "PATH", "no_proxy" } }),
        "\nenv PATH;\nenv no_proxy;\n")
    end)

  it("limits a rate only where there is one", function()
    local _, http = text()
    assert.is_nil(http:find("limit_req", 1, true))
    _, http = text { rate = 5 }
    has(http, "rate=5r/s")
    has(http, "burst=10 nodelay")
    -- "/", "/a" and "/", "/c" have it; the probe "/b" has not.
    assert.equal(4, select(2, http:gsub("limit_req zone", "")))
    assert.is_truthy(http:find 'location = /b {[^}]*probe%(%)')
    assert.is_nil(http:find 'location = /b {[^}]*limit_req')
  end)

  it("answers what came before without a handler, where no rate is counted",
    function()
      local again = { ["/a"] = true }
      local _, http = text { again = again }
      assert.equal(1, select(2, http:gsub("set_by_lua_block", "")))
      assert.is_truthy(http:find "location = /a {[^}]*again%(%)")
      assert.is_truthy(http:find '"%]%.rest_new%(%)')
      -- A limit is looked at after that.
      _, http = text { again = again, rate = 5 }
      assert.is_nil(http:find("set_by_lua_block", 1, true))
      assert.is_nil(http:find("rest_new", 1, true))
      -- Not each nginx has that directive.
      _, http = text()
      assert.is_nil(http:find("set_by_lua_block", 1, true))
    end)

  it("logs no path but ours, and nothing that could need escaping",
    function()
      local _, http = text()
      local lines = {}
      for format in http:gmatch "log_format equinix_.-;" do
        for name in format:gmatch "%$[%w_]+" do
          lines[name] = (lines[name] or 0) + 1
        end
      end
      -- $equinix_more is JSON; any other variable would need escaping.
      assert.same({ ["$time_iso8601"] = 5, ["$remote_addr"] = 5,
        ["$request_method"] = 5, ["$status"] = 5, ["$body_bytes_sent"] = 5,
        ["$request_time"] = 5, ["$equinix_more"] = 5 }, lines)
      has(http, 'location = /a {\n      access_log log equinix_rest_1 ')
      has(http, 'location = /c {\n      access_log log equinix_mcp_1 ')
      has(http, '"path":"/b"')
      has(http, '"path":"-"')
    end)

  it("passes nginx's own check", function()
    local nginx = supervisor.find()
    if not nginx then
      pending "there is no nginx"
      return
    end
    for _, rate in ipairs { 0, 7 } do
      local main, http = text { rate = rate, again = { ["/a"] = true } }
      http = http:gsub("init_by_lua_block {.-}", "")
        :gsub("listen 127.0.0.1:1;", "listen unix:rest;")
        :gsub("listen %[::1%]:2;", "listen unix:mcp;")
      local directory = assert(supervisor.directory())
      assert(supervisor.write_files(directory.path, {
        ["nginx.conf"] = assert(supervisor.configuration(nginx, {
          workers = 2, http = http, main = main, level = "alert" })),
      }))
      local said, code = process.capture(("%s -t -p %s -c %s/nginx.conf 2>&1")
        :format(nginx.binary, directory.path, directory.path))
      supervisor.drop(directory)
      assert.equal(0, code, said)
      assert.is_nil(said:find "%[warn%]")
    end
  end)
end)
