-- lists: pages and items of a client, one call for each page. What a page is
-- and when a list ends is in http/list_page_spec and http/pagination_spec.
local scripted = require "spec.support.scripted"

local function page(offset, names)
  local data = {}
  for i, name in ipairs(names) do
    data[i] = { name = name }
  end
  return scripted.json(200, { data = data,
    pagination = { offset = offset, limit = 2, total = 3 } })
end

local function client(...)
  return scripted.client { scripted.token "t", ... }
end

describe("the items of a list", function()
  it("come page by page, in order, one call for each page", function()
    local c, transport = client(page(0, { "a", "b" }), page(2, { "c" }))
    local names = {}
    for item in c:items "/fabric/v4/ports" do
      names[#names + 1] = item.name
      assert.equal(#names <= 2 and 2 or 3, #transport.sent)
    end
    assert.same({ "a", "b", "c" }, names)
  end)

  it("raise the error of a page, as an equinix.Error", function()
    local c = client(page(0, { "a", "b" }), scripted.json(403, ""))
    local next_item = c:items "/fabric/v4/ports"
    next_item()
    next_item()
    local ok, err = pcall(next_item)
    assert.is_false(ok)
    assert.equal(403, err.status)
  end)

  it("bring the error into the loop, when that is asked for", function()
    local c = client(page(0, { "a", "b" }), scripted.json(403, ""))
    local seen = {}
    for item, err in c:items("/fabric/v4/ports", { raise = false }) do
      seen[#seen + 1] = item and item.name or err.status
    end
    assert.same({ "a", "b", 403 }, seen)
    c = client(page(0, { "a", "b" }), scripted.json(403, ""))
    seen = {}
    for body, err in c:pages("/fabric/v4/ports", { raise = false }) do
      seen[#seen + 1] = body and #body.data or err.status
    end
    assert.same({ 2, 403 }, seen)
    assert.has_error(function()
      c:items("/fabric/v4/ports", { raise = 0 })
    end, "equinix: request field 'raise' must be a boolean, not a number")
  end)

  it("end with an error when the client is closed meanwhile", function()
    local c = client(page(0, { "a", "b" }), page(2, { "c" }))
    local next_item = c:items "/fabric/v4/ports"
    next_item()
    c:close()
    next_item()
    local ok, err = pcall(next_item)
    assert.is_false(ok)
    assert.equal("closed", err.kind)
  end)
end)

describe("the pages of a list", function()
  it("come with the responses that they are from", function()
    local c = client(page(0, { "a", "b" }), page(2, { "c" }))
    local sizes = {}
    for body, response in c:pages "/fabric/v4/ports" do
      sizes[#sizes + 1] = #body.data
      assert.equal(200, response.status)
    end
    assert.same({ 2, 1 }, sizes)
  end)
end)
