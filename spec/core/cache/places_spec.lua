-- places: how many tokens the cache has places for, by scripts/places.lua;
-- each run is a process of its own, since a process has one table.
local host = require "spec.support.host_script"
local process = require "spec.support.process"
local write = require("equinix.base.file").write

describe("EQUINIX_CACHE_PLACES", function()
  for _, places in ipairs { 1, 3, 256, 257, 700 } do
    it(("makes a cache of %d places, used to the last"):format(places),
      function()
        host.check("places", ("%d"):format(places), { places = places })
      end)
  end

  it("makes one of 256 when it is empty", function()
    host.check("places", "256", { places = "" })
  end)

  it("goes up to 65536, and takes memory for what is used only", function()
    local dir = process.tempdir()
    write(dir .. "/large.lua", [[
      local core = require "equinix.core"
      assert(core.tokens.info().slots == 65536)
      local file = assert(io.open "/proc/self/status")
      print(file:read "*a":match "VmHWM:%s*(%d+)")
      file:close()
    ]])
    local output, code = host.run(dir .. "/large.lua", nil,
      { places = 65536 })
    process.remove(dir)
    assert.equal(0, code, output)
    assert.is_true(tonumber(output) < 100 * 1024, output)
  end)

  for _, wrong in ipairs { "0", "65537", "many", "-1", "1e3", "2.5" } do
    it(("is refused by equinix.new when it is %s"):format(wrong), function()
      local code = [[
        local client, err = require "equinix".new {
          client_id = "id", client_secret = "secret" }
        assert(client == nil and err.kind == "config", err)
        io.write(err.message)
      ]]
      local output = host.run("-e " .. process.quote(code), nil,
        { places = wrong, program = host.LUA })
      assert.equal("EQUINIX_CACHE_PLACES must be a whole number from 1 to "
        .. "65536", output)
    end)
  end
end)
