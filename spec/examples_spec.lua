-- Every example runs: against the emulator over TLS, as its head says, on the
-- Lua of this spec. (demo.lua starts an emulator of its own.)
local emulator = require "spec.support.emulator"
local process = require "spec.support.process"

local lua = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"

-- What each of them must print, so that one that does nothing is noticed.
local EXPECTED = {
  ["demo.lua"] = "50 calls, 0 token requests",
  ["many.lua"] = "50 of 50, 1 token request",
  ["ports.lua"] = "404 %(EQ%-3045811%)",
  ["rotating_secret.lua"] = "equinix%.Token",
  ["shipment.lua"] = "202%s+/colocations/v2/orders/",
  ["token.lua"] = "token requests: 1",
}

describe("the example", function()
  local e

  setup(function()
    e = emulator.start()
  end)
  before_each(function()
    e:reset()
  end)
  teardown(function()
    e:stop()
  end)

  for path in process.capture("ls examples/*.lua"):gmatch "%S+" do
    local name = path:match "[^/]+$"
    it(name .. " does what it says", function()
      local words = { "env" }
      for variable, value in pairs {
        EQUINIX_API_ENDPOINT = e.base_url,
        EQUINIX_API_CLIENTID = e.client_id,
        EQUINIX_API_CLIENTSECRET = e.client_secret,
      } do
        words[#words + 1] = process.quote(variable .. "=" .. value)
      end
      -- Not by LUA_PATH: an example may start programs on another Lua.
      words[#words + 1] = ("%s -e %s %s %s 2>&1 </dev/null"):format(lua,
        process.quote(("package.path, package.cpath = %q, %q"):format(
          package.path, package.cpath)), path, process.quote(e.ca_file))
      local output, code = process.capture(table.concat(words, " "))
      assert.equal(0, code, output)
      local expected = EXPECTED[name]
      assert(expected, "add the example to EXPECTED")
      assert.truthy(output:find(expected), output)
    end)
  end
end)
