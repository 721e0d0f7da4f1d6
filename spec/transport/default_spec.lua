-- default: which transport where. (nginx and HAProxy have specs of their own:
-- their clients are given none.)
local default = require "equinix.transport.default"

describe("the default transport", function()
  local before
  before_each(function()
    before = { core = rawget(_G, "core"), ngx = rawget(_G, "ngx") }
  end)
  after_each(function()
    rawset(_G, "core", before.core)
    rawset(_G, "ngx", before.ngx)
  end)

  it("is libcurl in this thread, in a plain program", function()
    assert.equal("curl", default.name())
    assert.equal(require "equinix.transport.curl", default.find())
  end)

  it("is that of the server around it", function()
    rawset(_G, "ngx", { get_phase = print })
    assert.equal("nginx", default.name())
    rawset(_G, "ngx", nil)
    rawset(_G, "core", { register_task = print })
    assert.equal("haproxy", default.name())
  end)

  it("is not misled by other globals of these names", function()
    rawset(_G, "ngx", {})
    for _, value in ipairs { {}, "core", true } do
      rawset(_G, "core", value)
      assert.equal("curl", default.name())
    end
  end)
end)
