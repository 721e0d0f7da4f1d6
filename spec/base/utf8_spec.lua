-- utf8: where a character beyond ASCII ends.
local utf8 = require "equinix.base.utf8"

describe("equinix.base.utf8", function()
  it("finds the end of a character", function()
    for _, text in ipairs { "\194\128", "\223\191", "\224\160\128",
      "\237\159\191", "\239\191\191", "\240\144\128\128",
      "\244\143\191\191" } do
      assert.equal(#text + 1, utf8.after(text .. "\128", 1))
      assert.equal(#text + 2, utf8.after("a" .. text, 2))
    end
  end)

  it("finds none in what is no UTF-8", function()
    for _, text in ipairs { "\128", "\191", "\192\128", "\193\191",
      "\224\159\191", "\237\160\128", "\240\143\191\191",
      "\244\144\128\128", "\245\128\128\128", "\255", "\194", "\194a",
      "\226\130" } do
      assert.is_nil(utf8.after(text, 1))
    end
  end)
end)
