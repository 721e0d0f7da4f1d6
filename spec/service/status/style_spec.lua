-- status/style: the style sheet and its digest.
local process = require "spec.support.process"
local style = require "equinix.service.status.style"

describe("the style sheet", function()
  it("is named by the digest that a browser computes", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "wb"))
    file:write(style.TEXT)
    file:close()
    local digest = process.capture("openssl dgst -sha256 -binary " .. path
      .. " | openssl base64")
    os.remove(path)
    assert.equal("'sha256-" .. digest .. "'", style.source())
  end)

  it("has each colour in light and dark, and loads nothing", function()
    local light, dark = style.TEXT:match ":root(%b{}).-:root(%b{})"
    local count = 0
    for name in light:gmatch "(%-%-%l+):" do
      count = count + 1
      assert.is_truthy(dark:find(name .. ":", 1, true), name)
    end
    assert.is_true(count >= 10)
    assert.is_nil(style.TEXT:find "url%(")
    assert.is_nil(style.TEXT:find "@import")
    assert.is_nil(style.TEXT:find "<")
  end)
end)
