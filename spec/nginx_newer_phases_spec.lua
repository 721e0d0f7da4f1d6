-- Phases that newer versions of ngx_lua let wait: a call waits there as in any
-- other. What this nginx does not have is left out.
local certificates = require "spec.support.certificates"
local emulator = require "spec.support.emulator"
local nginx = require "spec.support.nginx"
local supervisor = require "equinix.supervisor.nginx"

local missing = nginx.missing()
if missing then
  pending("newer phases of nginx: " .. missing)
  return
end

-- The directive, and the location in which it has what try() said.
local PHASES = {
  precontent = { "precontent_by_lua_block", [[
    location = /precontent {
      precontent_by_lua_block { try() }
      content_by_lua_block { show() }
    }
  ]] },
  -- While the upstream asks for a certificate, and while its own is checked.
  proxy_ssl_cert = { "proxy_ssl_certificate_by_lua_block", [[
    location = /proxy_ssl_cert {
      proxy_ssl_certificate_by_lua_block { try() }
      header_filter_by_lua_block { show() }
      proxy_pass https://127.0.0.1:PORT;
    }
  ]] },
  proxy_ssl_verify = { "proxy_ssl_verify_by_lua_block", [[
    location = /proxy_ssl_verify {
      proxy_ssl_verify on;
      proxy_ssl_name 127.0.0.1;
      proxy_ssl_trusted_certificate DIR/ca.pem;
      proxy_ssl_verify_by_lua_block { try() }
      header_filter_by_lua_block { show() }
      proxy_pass https://127.0.0.1:PORT;
    }
  ]] },
}

local HTTP = [[
  init_by_lua_block {
    require "equinix"
    local said
    function try()
      local response, err = require("demo"):get "/fabric/v4/health"
      said = ngx.get_phase() .. ": "
        .. (response and response.status or tostring(err))
    end
    function show() ngx.header["X-Said"], said = said, nil end
  }
  server {
    listen 127.0.0.1:PORT ssl;
    ssl_certificate DIR/good.pem;
    ssl_certificate_key DIR/good.key;
    ssl_verify_client optional_no_ca;
    return 200;
  }
]]

local found = assert(supervisor.find())
local here = {}
for phase, one in pairs(PHASES) do
  if supervisor.has_directive(found, one[1]) then
    here[#here + 1] = phase
  end
end
if #here == 0 then
  pending "this nginx has none of the newer phases"
  return
end

describe("a call in a newer phase", function()
  local e, n, made

  setup(function()
    e = emulator.start { plain = true }
    made = certificates.make()
    local port = ("%d"):format(nginx.free_port())
    local server = {}
    for i, phase in ipairs(here) do
      server[i] = PHASES[phase][2]
    end
    local function filled(text)
      return (text:gsub("PORT", port):gsub("DIR", made.dir))
    end
    n = nginx.start {
      files = { ["demo.lua"] = nginx.client(e, "timeout = 5") },
      http = filled(HTTP),
      server = filled(table.concat(server)),
    }
  end)
  before_each(function()
    e:reset()
    n:run "demo:forget()"
  end)
  teardown(function()
    n:stop()
    e:stop()
    certificates.remove(made)
  end)

  for _, phase in ipairs(here) do
    it("waits in " .. phase .. ", for a token and for its response", function()
      local response = assert(n:send("GET", "/" .. phase))
      local said
      for _, field in ipairs(response.headers) do
        said = field[1] == "X-Said" and field[2] or said
      end
      assert.are.equal(phase .. ": 200", said, n:error_log())
      assert.are.equal(1, e:count "POST /oauth2/v1/token")
      assert.are.equal(1, e:count "GET /fabric/v4/health")
    end)
  end
end)
