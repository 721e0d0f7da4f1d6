-- serve/handlers: the service inside nginx, where its parts fail. How it works
-- when they do not is in serve/launch_spec.
local json = require "equinix.base.json"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"
local tables = require "equinix.base.table"

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
    require("spec_rest").one.handle = function()
      error "secret words of an error"
    end
    ngx.print "broken"
  } }
  location / {
    set $equinix_more "";
    content_by_lua_block { require("equinix.serve.handlers").rest() }
  }
  error_page 413 /equinix-problem;
  location = /equinix-problem {
    internal;
    content_by_lua_block { require("equinix.serve.handlers").rest_refused() }
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
        -- The REST API of this nginx, so that a spec can break it.
        ["spec_rest.lua"] = [[
          local rest = require "equinix.service.rest"
          local new, made = rest.new, {}
          rest.new = function(options)
            made.one = new(options)
            return made.one
          end
          return made
        ]] },
    }
    return tables.update(all, changes)
  end

  it("does not start, and says what is missing", function()
    local ok, message = pcall(nginx.start, options { env = NO_ENV })
    assert.is_false(ok)
    assert.matches("no credentials: set EQUINIX_API_CLIENTID", message)
    ok, message = pcall(nginx.start, options { http = (HTTP:gsub("require",
      "package.cpath = '/nowhere/?.so' require")) })
    assert.is_false(ok)
    assert.matches("nginx runs LuaJIT, but equinix.core is not", message)
  end)

  it("says that its auth token can't be read", function()
    local settings = tables.copy(SETTINGS)
    settings.auth_token_file = "/nowhere/token"
    local ok, message = pcall(nginx.start, options { files = {
      log = "", ["serve.json"] = assert(json.encode(settings)) } })
    assert.is_false(ok)
    assert.matches("/nowhere/token", message)
  end)

  it("answers an internal error with JSON, and logs it", function()
    n = nginx.start(options { http = (HTTP:gsub("init_by_lua_block {",
      "init_by_lua_block { require 'spec_rest' ")) })
    assert.equal(200, (n:get "/healthz"))
    assert.equal("broken", n:ok "/break")
    local status, body = n:get "/healthz"
    assert.equal(500, status)
    assert.is_nil(body:find("secret words", 1, true))
    assert.equal(500, json.decode(body).status)
    local log = process.capture("cat " .. n.dir .. "/log")
    assert.equal("internal_error", json.decode(log).event)
    assert.matches("secret words", log)
  end)

  it("logs why it refused a request, as one line of JSON", function()
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
