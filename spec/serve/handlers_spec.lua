-- serve/server: the service inside nginx, where its parts are broken. How it
-- answers when they are not is in serve/launch_spec.
local json = require "equinix.base.json"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"

local missing = nginx.missing()
if missing then
  pending("the service inside nginx: " .. missing)
  return
end

local HTTP = [[
  lua_shared_dict equinix 1m;
  client_max_body_size 1m;
  init_by_lua_block {
    require("equinix.serve.handlers").init(ngx.config.prefix())
  }
]]
local SERVER = [[
  location /break { content_by_lua_block {
    require("equinix.service.rest").new = nil
    local rest = getmetatable(require("spec_adapter")).__index
    rest.handle = function() error "secret words of a mistake" end
    ngx.print "broken"
  } }
  location / {
    content_by_lua_block { require("equinix.serve.handlers").rest() }
  }
  error_page 413 /equinix-problem;
  location = /equinix-problem {
    internal;
    content_by_lua_block { require("equinix.serve.handlers").rest_failed() }
  }
]]

local SETTINGS = {
  client = { base_url = "http://127.0.0.1:9", timeout = 5 },
  store = false,
  allowed_hosts = {},
  exposure = "raw",
}

local ENV = { EQUINIX_API_CLIENTID = "a", EQUINIX_API_CLIENTSECRET = "b" }
local NO_ENV = { EQUINIX_API_CLIENTID = "" }

describe("the service inside nginx", function()
  local n
  after_each(function()
    if n then
      n:stop()
      n = nil
    end
  end)

  local function options(changes)
    local all = {
      http = HTTP,
      server = SERVER,
      env = ENV,
      files = { ["serve.json"] = assert(json.encode(SETTINGS)), log = "",
        -- The adapter that serves here, so that a spec can break it.
        ["spec_adapter.lua"] = [[
          local rest = require "equinix.service.rest"
          local new = rest.new
          local made = {}
          rest.new = function(o)
            made.one = new(o)
            return made.one
          end
          return setmetatable({}, { __index = made })
        ]] },
    }
    for name, value in pairs(changes or {}) do
      all[name] = value
    end
    return all
  end

  it("says what is missing, and does not start", function()
    local fine, said = pcall(nginx.start, options { env = NO_ENV })
    assert.is_false(fine)
    assert.matches("no credentials: set EQUINIX_API_CLIENTID", said)
    fine, said = pcall(nginx.start, options { http = (HTTP:gsub("require",
      "package.cpath = '/nowhere/?.so' require")) })
    assert.is_false(fine)
    assert.matches("nginx runs LuaJIT, and equinix.core is not there", said)
  end)

  it("says that the token of its door can't be read", function()
    local settings = {}
    for name, value in pairs(SETTINGS) do
      settings[name] = value
    end
    settings.auth_token_file = "/nowhere/token"
    local fine, said = pcall(nginx.start, options { files = {
      log = "", ["serve.json"] = assert(json.encode(settings)) } })
    assert.is_false(fine)
    assert.matches("/nowhere/token", said)
  end)

  it("answers a mistake of its own with JSON, and logs it", function()
    n = nginx.start(options { http = (HTTP:gsub("init_by_lua_block {",
      "init_by_lua_block { require 'spec_adapter' ")),
      server = (SERVER:gsub("require%(\"equinix.adapter.rest\"%).new = nil",
        ""):gsub("getmetatable%(require%(\"spec_adapter\"%)%).__index",
        "require('spec_adapter').one")) })
    assert.equal(200, (n:get "/healthz"))
    assert.equal("broken", n:ok "/break")
    local status, body = n:get "/healthz"
    assert.equal(500, status)
    assert.is_nil(body:find("secret words", 1, true))
    assert.equal(500, json.decode(body).status)
    local log = process.capture("cat " .. n.dir .. "/log")
    assert.equal("mistake", json.decode(log).event)
    assert.matches("secret words", log)
  end)

  it("logs why it refused, a line of JSON each, without secrets", function()
    n = nginx.start(options())
    local response = assert(n:send("POST", "/oauth2/v1/token"))
    assert.equal(502, response.status)
    local lines = {}
    for line in process.capture("cat " .. n.dir .. "/log")
      :gmatch "[^\n]+" do
      lines[#lines + 1] = assert(json.decode(line), line)
    end
    local events = {}
    for _, line in ipairs(lines) do
      events[line.event] = line
      assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$", line.time)
    end
    assert.equal("network", events.refused.kind)
    assert.equal("error", events.token_failed.level)
  end)
end)
