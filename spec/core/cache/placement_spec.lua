-- placement: which entry a name gets when there are more names than entries,
-- by scripts/full.lua and scripts/notes.lua, each in a process of its own.
local core = require "equinix.core"
local host = require "spec.support.host_script"

describe("a full token cache", function()
  it("evicts the least used, and nothing that is needed", function()
    host.check "full"
  end)
end)

describe("notes beside tokens", function()
  it("displace no token, and no note that has to stay", function()
    host.check("notes", nil, { places = 3 })
  end)
end)

describe("a table that is too small for its users", function()
  local shared = core.tokens.info().shared

  for _, places in ipairs { 3, 16 } do
    it(("of %d places never mixes up names, among threads"):format(places),
      function()
        host.check("crowd", nil, { places = places,
          workers = "--threads 6" })
      end)

    if shared then
      it(("of %d places is right after its users were killed"):format(places),
        function()
          host.check("crowd", "kill", { places = places,
            workers = "--preload equinix.core --forks 20" })
        end)
    end
  end
end)
