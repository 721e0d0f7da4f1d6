-- place, inside nginx: there a lock is extended by the light thread that waits
-- for the response, while other requests go on.
local emulator = require "spec.support.emulator"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"

local missing = nginx.missing()
if missing then
  pending("a lock that is extended inside nginx: " .. missing)
  return
end

describe("a leader inside nginx", function()
  it("extends its lock while its request runs, and saves its token",
    function()
      local e, dir = emulator.start(), process.tempdir()
      local n = nginx.start { files = { ["demo.lua"] = nginx.client(e, ([[
        store = (function()
          require("equinix.tokens.place").LEASE = 6
          local store = assert(require "equinix.store.file" { dir = %q })
          local extended = 0
          return setmetatable({
            extend = function(_, ...)
              extended = extended + 1
              return store:extend(...)
            end,
            count = function() return extended end,
            over = function(self, transport)
              local port = require "equinix.transport.nginx"
              assert(transport.spawn == port.spawn) -- or one around it
              return self
            end,
          }, { __index = function(_, name)
            return function(_, ...) return store[name](store, ...) end
          end })
        end)(),
        on_event = function(name, fields)
          if name == "store_failed" then failed = fields.reason end
        end,
      ]]):format(dir .. "/store")) } }
      finally(function()
        n:stop()
        e:stop()
        process.remove(dir)
      end)
      e:config { token_latency = 5 }
      local token, extended, failed = n:run [[
        local token = assert(demo:token()).access_token
        return token, demo.config.store:count(), failed
      ]]
      assert.is_string(token)
      assert(extended >= 1, extended)
      assert.is_nil(failed)
      assert.equal(1, e:count "POST /oauth2/v1/token")
      local there = process.capture("ls " .. dir .. "/store")
      assert.matches("token%.", there)
    end)
end)
