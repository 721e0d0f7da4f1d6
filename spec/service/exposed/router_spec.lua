-- router: which route a path belongs to.
local router = require "equinix.service.exposed.router"

local function made(routes)
  local r = router.new()
  for value, route in pairs(routes) do
    r:add(route[1], route[2], value)
  end
  return r
end

-- What was found there, and what the variables stand for.
local function find(r, method, path)
  local entry, values = r:find(path)
  return entry and entry.methods[method], values, entry
end

local ID = { name = "id" }

describe("the router", function()
  it("prefers what is written out, segment by segment", function()
    local r = made {
      list = { "GET", { "/ports" } },
      search = { "GET", { "/ports/search" } },
      one = { "GET", { "/ports/", ID } },
      deep = { "GET", { "/ports/", ID, "/stats" } },
      other = { "GET", { "/ports/search/", ID } },
      any = { "GET", { "/", { name = "a" }, "/", { name = "b" }, "/x" } },
    }
    assert.equal("list", find(r, "GET", "/ports"))
    assert.equal("search", find(r, "GET", "/ports/search"))
    assert.equal("other", find(r, "GET", "/ports/search/stats"))
    assert.equal("deep", find(r, "GET", "/ports/7/stats"))
    local found, values = find(r, "GET", "/ports/7")
    assert.equal("one", found)
    assert.same({ "7" }, values)
    found, values = find(r, "GET", "/ports/7/x")
    assert.equal("any", found)
    assert.same({ "ports", "7" }, values)
    found, values = find(r, "GET", "/a/b/x")
    assert.equal("any", found)
    assert.same({ "a", "b" }, values)
  end)

  it("takes a path as it came, an empty segment too", function()
    local r = made { one = { "GET", { "/ports/", ID } } }
    local _, values = find(r, "GET", "/ports/")
    assert.same({ "" }, values)
    _, values = find(r, "GET", "/ports/%2f")
    assert.same({ "%2f" }, values)
    for _, path in ipairs { "/ports", "/Ports/1", "/ports/1/", "/ports//1",
      "/p%6frts/1", "", "/", "*", "ports/1" } do
      assert.is_nil((r:find(path)), path)
    end
  end)

  it("has all methods of a path in one entry, under their own names",
    function()
      local r = made {
        read = { "GET", { "/p/", ID } },
        drop = { "DELETE", { "/p/", { name = "uuid" } } },
      }
      local _, _, entry = find(r, "GET", "/p/1")
      assert.equal("DELETE, GET", entry.allow)
      assert.same({ "id" }, entry.names.GET)
      assert.same({ "uuid" }, entry.names.DELETE)
      assert.is_nil(entry.methods.POST)
    end)

  it("finds a path among many, however long it is", function()
    local r = router.new()
    for i = 1, 500 do
      r:add("GET", { "/r" .. i .. "/", ID }, i)
    end
    assert.equal(499, find(r, "GET", "/r499/x"))
    assert.is_nil((r:find(("/a"):rep(4000))))
  end)
end)
