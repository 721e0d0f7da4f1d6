-- base/template: texts with places for values.
local fill = require("equinix.base.template").fill

describe("a template", function()
  it("gets each value wherever its name stands", function()
    assert.equal("a 1 b a", fill("%(x)s %(n_2)s b %(x)s",
      { x = "a", n_2 = 1 }))
  end)

  it("takes a value as it is, whatever is in it", function()
    assert.equal("%1 %(x)s %%", fill("%(x)s", { x = "%1 %(x)s %%" }))
  end)

  it("leaves a place without a value as it is", function()
    assert.equal("%(x)s 100%", fill("%(x)s 100%", {}))
  end)
end)
