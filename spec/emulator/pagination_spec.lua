-- emulator/pagination: a page of a list, in each of the five shapes. What is
-- promised of one shape is promised of all that have pages.
local worlds = require "spec.support.world"

-- How a page of a shape is requested, and what its response has: its entries,
-- their number on all pages, and the link to the next page.
local SHAPES = {
  a = {
    first = 0,
    ask = function(place, size)
      return "GET", "/ne/v1/devices", {
        query = { offset = tostring(place), limit = tostring(size) },
      }
    end,
    read = function(body)
      return body.data, body.pagination.total, body.pagination.next
    end,
  },
  b = {
    first = 0,
    ask = function(place, size)
      return "POST", "/fabric/v4/connections/search", {
        json = { pagination = { offset = place, limit = size } },
      }
    end,
    read = function(body)
      return body.data, body.pagination.total, body.pagination.next
    end,
  },
  c = {
    pages = true,
    ask = function(place, size)
      return "GET", "/ne/v1/device/acl-template", {
        query = { page = tostring(place), size = tostring(size) },
      }
    end,
    read = function(body)
      return body.content, body.totalCount
    end,
  },
  d = {
    pages = true,
    ask = function(place, size)
      return "POST", "/v1/retrieve-orders", {
        json = { page = { number = place, size = size } },
      }
    end,
    read = function(body)
      local link
      for _, entry in ipairs(body.links) do
        link = entry.rel == "next" and entry.href or link
      end
      return body.content, body.page.totalElements, link
    end,
  },
}

for name, shape in pairs(SHAPES) do
  describe("shape " .. name .. " of the emulator's lists", function()
    local world, token
    before_each(function()
      world = worlds.new { entries = 25 }
      token = world:token().json.access_token
    end)

    local function page(place, size)
      local method, path, options = shape.ask(place, size)
      options.token = token
      local response = world:send(method, path, options)
      assert.equal(200, response.status, response.body)
      local found, total, link = shape.read(response.json)
      return found, total, link, response
    end

    -- All entries by their ids, with steps of as many as a page had.
    local function read_all(size)
      local seen, n, place = {}, 0, 0
      while true do
        local found, total = page(place, size)
        for _, entry in ipairs(found) do
          local text = entry.uuid or entry.orderNumber
          assert.is_nil(seen[text], text)
          seen[text], n = true, n + 1
        end
        place = place + (shape.pages and 1 or #found)
        if #found == 0 or n >= total then
          return n, total
        end
      end
    end

    it("gives each entry once", function()
      for _, size in ipairs { 1, 7, 24, 25, 26 } do
        assert.equal(25, (read_all(size)))
      end
    end)

    it("gives no more than max_limit, whatever is asked for", function()
      world:config { max_limit = 7 }
      assert.equal(7, #page(0, 100))
      assert.equal(25, (read_all(100)))
    end)

    it("is an empty array past its end, and when there is nothing",
      function()
        local found, total, _, response = page(30, 10)
        assert.equal(0, #found)
        assert.equal(25, total)
        assert.matches('"%a+":%[%]', response.body)
        world:config { entries = 0 }
        assert.equal(0, (read_all(10)))
      end)

    it("grows and shrinks after each page with total_change", function()
      world:config { total_change = 2, max_limit = 10 }
      for i = 0, 3 do
        assert.equal(25 + 2 * i, select(2, page(0, 10)))
      end
      world:config { total_change = 2 } -- counts anew
      local n, total = read_all(10)
      assert.equal(29, n)
      assert.equal(29, total)
      world:config { total_change = -20 }
      assert.equal(10, #page(0, 10))
      assert.equal(5, select(2, page(0, 10)))
      assert.equal(0, select(2, page(0, 10)))
      assert.equal(0, select(2, page(0, 10)))
    end)

    if name ~= "c" then -- which has no links
      it("links to a next page as next_links says, while there is one",
        function()
          local path = select(2, shape.ask(0, 5))
          for kind, prefix in pairs { relative = "/",
            absolute = "https://emulator.test/",
            foreign = "https://elsewhere.invalid/" } do
            world:config { next_links = kind }
            local _, _, link = page(0, 5)
            assert.equal(1, (link:find(prefix .. path:sub(2), 1, true)))
            -- The last page ends exactly where the list does.
            assert.is_nil((select(3, page(shape.pages and 4 or 20, 5))))
          end
          world:config { next_links = "none" }
          assert.is_nil((select(3, page(0, 5))))
        end)
    end
  end)
end

describe("the emulator's lists", function()
  local world, token
  before_each(function()
    world = worlds.new()
    token = world:token().json.access_token
  end)

  local function send(method, path, options)
    options.token = token
    return world:send(method, path, options)
  end

  it("refuse what is not a page, each with the errors of its API", function()
    for property, query in pairs { offset = { offset = "x" },
      limit = { limit = "0" } } do
      local response = send("GET", "/fabric/v4/ports", { query = query })
      assert.equal(400, response.status)
      assert.equal(property, response.json[1].additionalInfo[1].property)
      response = send("GET", "/ne/v1/devices", { query = query })
      assert.equal(property, response.json.property)
      local search = send("POST", "/fabric/v4/connections/search", {
        json = { pagination = { [property] = property == "limit" and 0
          or "x" } },
      })
      assert.equal(400, search.status)
    end
    for _, query in ipairs { { offset = "-1" }, { offset = "1.5" },
      { limit = "" }, { offset = ("9"):rep(12) } } do
      assert.equal(400, send("GET", "/fabric/v4/ports", {
        query = query,
      }).status)
    end
    for _, wrong in ipairs { { number = -1 }, { number = "x" },
      { size = 0 } } do
      local response = send("POST", "/v1/retrieve-orders", {
        json = { page = wrong },
      })
      assert.equal("page." .. next(wrong), response.json.errors[1].fields[1])
    end
    for _, query in ipairs { { page = "x" }, { size = "0" } } do
      assert.equal(next(query), send("GET", "/ne/v1/device/acl-template", {
        query = query,
      }).json.property)
    end
  end)

  it("count pages from first_page, where the query has a page", function()
    local function first_of(page)
      local response = send("GET", "/ne/v1/device/acl-template", {
        query = { page = page, size = "5" },
      })
      return response.status == 200 and response.json.content[1].name
        or response.status
    end
    assert.equal("template-0001", first_of "0")
    assert.equal("template-0006", first_of "1")
    world:config { first_page = 1 }
    assert.equal("template-0001", first_of(nil))
    assert.equal("template-0001", first_of "1")
    assert.equal("template-0006", first_of "2")
    assert.equal(400, first_of "0")
  end)

  it("read the page of a history from the body, not from the query", function()
    local body = send("POST", "/v1/retrieve-orders", {
      query = { page = "1" }, json = { page = { size = 5 } },
    }).json
    assert.same({ number = 0, size = 5, totalElements = 25, totalPages = 5 },
      body.page)
  end)

  it("do not change where they are fixed", function()
    world:config { total_change = 3 }
    for _ = 1, 3 do
      assert.equal(13, send("GET", "/fabric/v4/metros", {}).json
        .pagination.total)
    end
  end)
end)
