-- list_page: what is a page of a list, by client:items and client:pages.
local equinix = require "equinix"
local json = require "equinix.base.json"
local list_page = require "equinix.http.list_page"
local lists = require "spec.support.lists"

local function collect(iterator)
  local items = {}
  for item in iterator do
    items[#items + 1] = item
  end
  return items
end

describe("a response to a request for a list", function()
  local server, client
  setup(function()
    server = lists.serve(lists.RESPONSES)
    client = assert(equinix.new { token = "t", base_url = server.url })
  end)
  teardown(function()
    client:close()
    server:stop()
  end)

  -- Calls f with each response, its path and its number of items.
  local function each(f)
    for i, response in ipairs(lists.RESPONSES) do
      f(response, "/" .. i .. "?limit=5")
    end
  end

  it("has its items in every shape", function()
    each(function(response, path)
      if response.items then
        local items = collect(client:items(path))
        assert.equal(#response.items, #items, response[1])
        for i, text in ipairs(response.items) do
          assert.same(json.decode(text), items[i], response[1])
        end
      end
    end)
  end)

  it("is one page", function()
    each(function(response, path)
      if response.items then
        local n = 0
        for page in client:pages(path) do
          n = n + 1
          assert.same(json.decode(response[1]), page)
        end
        assert.equal(1, n, response[1])
      end
    end)
  end)

  it("is an error where it is no list, for both iterators", function()
    each(function(response, path)
      for _, method in ipairs { "items", "pages" } do
        local ok, err = pcall(function()
          return collect(client[method](client, path))
        end)
        assert.equal(response.items ~= nil, ok, response[1])
        if not ok then
          assert.equal("protocol", err.kind)
          assert.equal("unknown_list", err.code)
          assert.equal(200, err.status)
          assert.equal(response[1], err.response.body)
          assert.equal("GET " .. path:match "^[^?]*", err.op)
          assert.equal(1, err.message:find(err.op .. ": ", 1, true))
          assert.truthy(err.message:find(response.message, 1, true),
            err.message)
          assert.falsy(err.message:find "[%c\128-\255]", err.message)
          assert.falsy(err.message:find("secret text", 1, true))
          assert.is_false(err.retryable)
        end
      end
    end)
  end)
end)

describe("the place of the items", function()
  it("is a path of members", function()
    for text, place in pairs {
      ["[1]"] = { kind = "list", path = {} },
      ['{"data":[1]}'] = { kind = "list", path = { "data" } },
      ['{"payLoad":{"data":[1]}}'] = { kind = "list",
        path = { "payLoad", "data" } },
      ['{"content":{"a":1}}'] = { kind = "one", path = { "content" } },
      ['{"data":null}'] = { kind = "none", path = { "data" } },
    } do
      assert.same(place, list_page.find(json.decode(text), text))
    end
  end)
end)
