-- The configurations of docs/haproxy.md, completed until they run.
local emulator = require "spec.support.emulator"
local haproxy = require "spec.support.haproxy"
local process = require "spec.support.process"
local readme = require "spec.support.readme"

local missing = haproxy.missing()
if missing then
  pending("the documents' HAProxy: " .. missing)
  return
end

local CHAPTER = "docs/haproxy.md"

describe("the configuration of the chapter on HAProxy", function()
  local e
  setup(function()
    e = emulator.start { plain = true }
  end)
  teardown(function()
    e:stop()
  end)

  -- Its lines in a backend that has the emulator as its server.
  local function lines(piece)
    local text = readme.put(readme.block(CHAPTER, piece), "backend equinix\n",
      "")
    return (text:gsub("  server [^\n]*", ""))
  end

  for piece, map in pairs { ["http-request lua.equinix"] = false,
    ["map(@map)"] = true } do
    it("brings one token and nothing of the caller's: " .. piece, function()
      e:reset()
      local h = haproxy.start {
        server = { url = e.base_url, port = e.port },
        backend = (lines(piece):gsub("@map", "@dir@/equinix.map")),
        lua = ([[
          local here = debug.getinfo(1, "S").source:match "@(.*)/"
          gateway.serve(demo { client_id = %q, client_secret = %q },
            %s and { map = here .. "/equinix.map" } or nil)
        ]]):format(e.client_id, e.client_secret, tostring(map)),
      }
      finally(function()
        h:stop()
      end)
      assert(process.eventually(function()
        local status = h:get("/fabric/v4/ports",
          { { "Authorization", "Bearer mine" } }).status
        assert.is_true(status == 503 or status == 200, status)
        return status == 200
      end), h:log())
      assert.equal(1, e:count "POST /oauth2/v1/token")
      assert.equal(1, e:count "GET /fabric/v4/ports")
    end)
  end
end)
