-- Places of OpenResty that can't send: its stream part, and the command
-- `resty` without a thread pool. Debian's nginx has neither.
local emulator = require "spec.support.emulator"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"

local TOKEN = "POST /oauth2/v1/token"

local CONFIGURATION = [[
pid nginx.pid;
error_log error.log warn;
thread_pool equinix threads=4;
events { }
http {
  access_log off;
  client_body_temp_path tmp1; proxy_temp_path tmp2; fastcgi_temp_path tmp3;
  uwsgi_temp_path tmp4; scgi_temp_path tmp5;
  %s
  server {
    listen 127.0.0.1:%d;
    location = /run {
      content_by_lua_block { require("spec.support.nginx_run")() }
    }
  }
}
stream {
  %s
  server {
    listen 127.0.0.1:%d;
    content_by_lua_block {
      local call = ngx.req.socket():receive "*l"
      local result, err = require "demo"[call](require "demo",
        call == "get" and "/x" or nil)
      ngx.print(result and tostring(result.access_token or result)
        or err.kind .. " " .. err.code .. ": " .. err.message)
    }
  }
}
]]

local function configuration(n, port)
  local paths = ([[
    lua_package_path "%s;;";
    lua_package_cpath "%s/?.so;;";
    init_by_lua_block { require "demo" }
  ]]):format(nginx.package_path(n.dir), nginx.build)
  return CONFIGURATION:format(paths, n.port, paths, port)
end

local missing = nginx.missing()
if not missing and not nginx.test { conf = function(n)
  return configuration(n, nginx.free_port())
end, files = { ["demo.lua"] = "return {}" } } then
  missing = "this nginx has no stream with Lua; OpenResty has"
end

describe("nginx's stream part", function()
  if missing then
    pending(missing)
    return
  end
  local e, n, port

  setup(function()
    e = emulator.start { plain = true }
    port = nginx.free_port()
    n = nginx.start {
      files = { ["demo.lua"] = nginx.client(e) },
      conf = function(self)
        return configuration(self, port)
      end,
    }
  end)
  before_each(function()
    e:reset()
    n:run "demo:forget()"
  end)
  teardown(function()
    n:stop()
    e:stop()
  end)

  -- What the stream part answers to the name of a method.
  local function stream(method)
    local socket = assert(require("socket").connect("127.0.0.1", port))
    assert(socket:send(method .. "\n"))
    socket:settimeout(60)
    local answer = assert(socket:receive "*a")
    socket:close()
    return answer
  end

  it("says that http has to fetch the token, and holds up no place",
    function()
      for _, method in ipairs { "token", "authorization", "refresh" } do
        local answer = stream(method)
        assert.matches("^config stream: no token is cached: the stream part "
          .. "of nginx can't send", answer)
        assert.matches("http part", answer, 1, true)
      end
      assert.is_true(n:run "return demo:token() and true")
      assert.equal(1, e:count(TOKEN))
    end)

  it("reads the token that http has fetched", function()
    local header = n:run "return demo:authorization()"
    assert.equal(header, stream "authorization")
    assert.equal("Bearer " .. stream "token", header)
    assert.matches("^config stream: GET /x: the stream part", stream "get")
    assert.equal(1, e:count(TOKEN))
  end)

  it("goes on with it when it is near its end", function()
    e:config { lifetime = 6 }
    local header = n:run "return demo:authorization()"
    n:run "ngx.sleep(5.2)"
    assert.equal(header, stream "authorization")
    assert.equal(1, e:count(TOKEN))
  end)

  it("waits for the token that http is fetching", function()
    e:config { token_latency = 0.6 }
    local header = n:run(([[
      local fetching = ngx.thread.spawn(function()
        return demo:authorization()
      end)
      ngx.sleep(0.1)
      local socket = ngx.socket.tcp()
      assert(socket:connect("127.0.0.1", %d))
      socket:send "authorization\n"
      local answer = socket:receive "*a"
      local _, header = ngx.thread.wait(fetching)
      return answer == header and header or answer
    ]]):format(port))
    assert.matches("^Bearer ", header)
    assert.equal(1, e:count(TOKEN))
  end)
end)

describe("the command resty", function()
  local resty = process.capture
    "PATH=$PATH:$OPENRESTY_PREFIX/bin; command -v resty"
  if resty == "" then
    pending "there is no resty; OpenResty has it"
    return
  end

  it("leaves nothing in a store when it has no thread pool", function()
    local e, dir = emulator.start { plain = true }, process.tempdir()
    finally(function()
      e:stop()
      process.remove(dir)
    end)
    local code = ([[
      package.path = %q .. ";" .. package.path
      package.cpath = %q .. ";" .. package.cpath
      local token, err = require("equinix").new({ base_url = %q,
        client_id = %q, client_secret = %q,
        store = require("equinix.store.file").new { dir = %q },
      }):token()
      print(token and "token" or err.code)
    ]]):format(nginx.package_path(dir), nginx.build .. "/?.so",
      e.base_url, e.client_id, e.client_secret, dir .. "/store")
    local function run(options)
      return (process.capture(resty .. " " .. options .. " -e "
        .. process.quote(code) .. " 2>&1"))
    end
    assert.equal("no_thread_pool", run "")
    assert.equal("token", run(("-I %s/lua -I %s --main-conf %s"):format(
      process.capture "pwd", nginx.build,
      process.quote "thread_pool equinix threads=4;")))
    assert.equal("token", run "") -- of the store
    assert.equal(1, e:count(TOKEN))
  end)
end)
