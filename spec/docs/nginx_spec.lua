-- The documents' configurations of nginx, completed until they run: the two
-- blocks of docs/nginx.md together, and the README's outline. The blocks are
-- left as they are, with what a server needs around them.
local emulator = require "spec.support.emulator"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"
local readme = require "spec.support.readme"

local missing = nginx.missing()
if missing then
  pending("the documents' nginx: " .. missing)
  return
end

local TOKEN = "POST /oauth2/v1/token"
local CHAPTER = "docs/nginx.md"

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
]]

local SERVER = [[
  upstream equinix { server 127.0.0.1:%d; }
%s
]]

-- A block with `http {` in it, and what has to stand there on this machine.
local function completed(n, block, more)
  local modules = {}
  for i, file in ipairs(n.found.modules) do
    modules[i] = ("load_module %s;"):format(file)
  end
  return MAIN:format(table.concat(modules, "\n"))
    .. readme.put(block, "http {\n", HTTP:format(nginx.temporary(),
      nginx.package_path(n.dir), nginx.build) .. more)
end

-- The emulator of these specs speaks no TLS: only they know its CA.
local CONFIGURATIONS = {
  ["of the chapter"] = function(e, n)
    local location = readme.put(readme.block(CHAPTER, "authorize(api)"),
      "https://equinix", "http://equinix")
    return completed(n, readme.block(CHAPTER, "init_by_lua_block"),
      SERVER:format(e.port, readme.put(location, "server {",
        ("server {\n    listen 127.0.0.1:%d;\n%s"):format(n.port,
          readme.block(CHAPTER, "metrics(api)")))))
  end,
  ["in the README"] = function(e, n)
    local block = readme.put(readme.block("README.md", "authorize(api)"),
      "https://api.equinix.com", ("http://127.0.0.1:%d"):format(e.port))
    return completed(n, readme.put(block, "127.0.0.1:8081",
      ("127.0.0.1:%d"):format(n.port)), "")
  end,
}

local function proxies_and_renews(configuration, where)
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
  if where == "of the chapter" then
    assert.matches("\nequinix_gateway_ready 1\n", n:ok "/metrics")
  end
  e:config { revoke_all = true }
  assert.equal(401, (n:get "/fabric/v4/health"))
  assert.is_true(process.eventually(function()
    return n:get "/fabric/v4/health" == 200
  end)) -- a token a few seconds old is not refused
  assert.equal(2, e:count(TOKEN))
end

describe("the configuration of nginx", function()
  for where, configuration in pairs(CONFIGURATIONS) do
    it(where .. " proxies with one token, and renews it after a 401",
      function()
        proxies_and_renews(configuration, where)
      end)
    it(where .. " says at the start that credentials are missing", function()
      local started, said = pcall(nginx.start, {
        conf = function(self)
          return configuration({ port = 1 }, self)
        end,
        env = { EQUINIX_API_CLIENTID = false, EQUINIX_API_CLIENTSECRET = false,
          EQUINIX_API_CLIENTSECRET_FILE = false, EQUINIX_API_TOKEN = false },
      })
      assert.is_false(started)
      assert.truthy(said:find("`env EQUINIX_API_CLIENTID;`", 1, true), said)
    end)
  end
end)
