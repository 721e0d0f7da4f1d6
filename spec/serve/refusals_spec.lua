-- refusals: what nginx refuses by itself. Real ones are in failures_spec.lua.
local refusals = require "equinix.serve.refusals"

describe("a refusal of nginx's", function()
  it("has a status that HTTP has", function()
    for status, public in pairs { [494] = 431, [495] = 400, [499] = 400,
      [400] = 400, [413] = 413, [502] = 502 } do
      assert.equal(public, refusals.status(status))
    end
  end)

  it("has a sentence, whatever the status is", function()
    assert.equal("The URL is too long.", refusals.detail(414))
    assert.equal("Not Implemented.", refusals.detail(501))
    assert.equal("Server Error.", refusals.detail(599))
  end)
end)
