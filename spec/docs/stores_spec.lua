-- docs/stores.md: the store of one's own runs as it stands there: it keeps the
-- contract, by the spec that stands there, and a client has its token in it.
local emulator = require "spec.support.emulator"
local process = require "spec.support.process"
local readme = require "spec.support.readme"

local PATH = "docs/stores.md"
local lua = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"

describe("the store in the chapter on stores", function()
  local root = process.capture "pwd"
  local desk

  -- The desk is in another folder.
  local function absolute(path)
    return (path:gsub("[^;]+", function(entry)
      return entry:find "^/" and entry or root .. "/" .. entry
    end))
  end

  before_each(function()
    desk = readme.desk {
      LUA_PATH = "./?.lua;" .. absolute(package.path),
      LUA_CPATH = absolute(package.cpath),
    }
    desk:write("my_store.lua", readme.block(PATH, "-- my_store.lua"))
  end)
  after_each(function()
    desk:stop()
  end)

  it("keeps the contract, as the chapter checks it", function()
    -- `busted` chooses a Lua by itself; here it is that of this spec.
    desk:write("run.lua", 'require "busted.runner" { standalone = false }\n')
    desk:write("bin/busted", ('#!/bin/sh\nexec %s run.lua "$@"\n'):format(lua))
    os.execute("chmod 700 " .. desk.dir .. "/bin/busted")
    local said, code = desk:paste(readme.block(PATH,
      "busted my_store_spec.lua"))
    assert.equal(0, code, said)
    assert.matches("%d%d successes / 0 failures / 0 errors", said)
  end)

  it("is where a client leaves its token", function()
    local e = emulator.start { plain = true }
    finally(function() e:stop() end)
    desk:write("main.lua", ([[
      local equinix = require "equinix"
      for _ = 1, 2 do
        local client = assert(equinix.new { store = require "my_store",
          base_url = %q, client_id = %q, client_secret = %q,
          on_event = function(name, fields)
            assert(name ~= "store_failed", fields.reason)
          end })
        assert(client:token())
        client:close()
      end
      local found
      for page = 0, 15 do
        found = found or require "my_store":load("latch." .. page)
      end
      assert(found, "the account has no page")]]):format(e.base_url,
      e.client_id, e.client_secret))
    local said, code = desk:paste(lua .. " main.lua")
    assert.equal(0, code, said)
    assert.equal(1, e:count "POST /oauth2/v1/token")
  end)
end)
