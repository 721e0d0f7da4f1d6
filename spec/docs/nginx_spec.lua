-- The README's two blocks of nginx's configuration, put together to one that
-- runs: they are left as they are, with what a server needs around them.
local emulator = require "spec.support.emulator"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"
local readme = require "spec.support.readme"

local missing = nginx.missing()
if missing then
  pending("the README's nginx: " .. missing)
  return
end

local TOKEN = "POST /oauth2/v1/token"

local MAIN = [[
pid nginx.pid;
error_log error.log;
worker_processes 2;
env EQUINIX_API_ENDPOINT;
%s
events { }
]]

local HTTP = [[http {
  access_log off;
%s
  lua_package_path "%s;;";
  lua_package_cpath "%s/?.so;;";
  upstream equinix { server 127.0.0.1:%d; }
  server {
    listen 127.0.0.1:%d;
%s
  }
]]

local function configuration(e, n)
  local modules = {}
  for i, file in ipairs(n.found.modules) do
    modules[i] = ("load_module %s;"):format(file)
  end
  -- This emulator speaks no TLS: its authority is nobody's but the specs'.
  local server = readme.put(readme.block "authorize(api)",
    "https://equinix", "http://equinix")
  local http = HTTP:format(nginx.temporary(), nginx.package_path(n.dir),
    nginx.build, e.port, n.port, server)
  return MAIN:format(table.concat(modules, "\n"))
    .. readme.put(readme.block "init_by_lua_block", "http {\n", http)
end

describe("the README's configuration of nginx", function()
  it("proxies with one token, and renews it after a 401", function()
    local e = emulator.start { plain = true }
    local dir = process.tempdir()
    local n
    finally(function()
      if n then
        n:stop()
      end
      e:stop()
      process.remove(dir)
    end)
    local secret = assert(io.open(dir .. "/secret", "w"))
    secret:write(e.client_secret, "\n")
    secret:close()
    n = nginx.start {
      conf = function(self)
        return configuration(e, self)
      end,
      env = {
        EQUINIX_API_ENDPOINT = e.base_url,
        EQUINIX_API_CLIENTID = e.client_id,
        EQUINIX_API_CLIENTSECRET = false,
        EQUINIX_API_CLIENTSECRET_FILE = dir .. "/secret",
      },
    }
    for _ = 1, 20 do
      assert.matches("HEALTHY", n:ok "/fabric/v4/health")
    end
    assert.equal(1, e:count(TOKEN))
    e:config { revoke_all = true }
    assert.equal(401, (n:get "/fabric/v4/health"))
    assert.is_true(process.eventually(function()
      return n:get "/fabric/v4/health" == 200
    end))
    assert.equal(2, e:count(TOKEN))
  end)
end)
