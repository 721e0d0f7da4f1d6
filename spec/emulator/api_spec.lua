-- emulator/api: all calls check the token; and a real client reads every shape
-- of list from a running emulator.
local api = require "equinix.emulator.api"
local emulator = require "spec.support.emulator"
local equinix = require "equinix"
local worlds = require "spec.support.world"

describe("the emulator's calls", function()
  it("each answer 401 without a valid token", function()
    local world = worlds.new()
    for _, route in ipairs(api.routes) do
      local path = route.path:gsub("{id}", "1-1")
      for _, token in ipairs { "", "unknown", false } do
        local response = world:send(route.method, path, {
          token = token or nil, json = {},
        })
        assert.equal(401, response.status, route.path)
        assert.equal("EQ-3000039", response.json[1].errorCode)
        assert.equal(response.headers["X-Correlation-Id"],
          response.json[1].correlationId)
      end
    end
  end)

  it("accept a token until it is revoked", function()
    local world = worlds.new()
    local token = world:token().json.access_token
    local function statuses()
      local found = {}
      for _, route in ipairs(api.routes) do
        local path = route.path:gsub("{id}", "1-1")
        local response = world:send(route.method, path, {
          token = token, json = { x = 1 },
        })
        found[response.status] = (found[response.status] or 0) + 1
      end
      return found
    end
    assert.is_nil(statuses()[401])
    assert.is_nil(statuses()[405])
    world:config { revoke_all = true }
    assert.same({ [401] = #api.routes }, statuses())
  end)

  it("include those that are promised", function()
    local found = {}
    for _, route in ipairs(api.routes) do
      found[route.method .. " " .. route.path] = true
    end
    for _, call in ipairs {
      "POST /colocations/v2/orders/shipments", "GET /fabric/v4/ports",
      "POST /fabric/v4/connections/search", "GET /fabric/v4/metros",
      "POST /fabric/v4/connections", "GET /fabric/v4/health",
      "GET /ne/v1/devices", "POST /ne/v1/aclTemplates",
      "GET /power/v1/current", "GET /colocations/v2/locations",
      "POST /v1/retrieve-orders", "POST /v1/orders/smarthands/cageCleanup",
    } do
      assert.is_true(found[call], call)
    end
  end)
end)

-- More than a page may have: max_limit is 7.
local ASKED = 10
local LISTS = {
  { shape = "a", path = "/ne/v1/devices",
    fields = { query = { limit = ASKED } } },
  { shape = "b", path = "/fabric/v4/connections/search", fields = {
    method = "POST", json = { pagination = { limit = ASKED } } } },
  { shape = "c", path = "/ne/v1/device/acl-template",
    fields = { query = { size = ASKED } } },
  { shape = "d", path = "/v1/retrieve-orders", fields = {
    method = "POST", json = { page = { size = ASKED } } } },
  { shape = "e", path = "/power/v1/current", one_page = true },
}

describe("a client of the running emulator", function()
  local e, client

  setup(function()
    e = emulator.start { plain = true, config = { max_limit = 7 } }
    client = assert(equinix.new {
      client_id = e.client_id,
      client_secret = e.client_secret,
      base_url = e.base_url,
    })
  end)
  before_each(function()
    e:reset()
    client:forget()
  end)
  teardown(function()
    client:close()
    e:stop()
  end)

  -- How often each item came; fails when the list does not end.
  local function read(list)
    local times, n = {}, 0
    for item in client:items(list.path, list.fields) do
      local id = item.uuid or item.orderNumber or item.levelValue
      times[id], n = (times[id] or 0) + 1, n + 1
      assert(n <= 100, "there is no end to " .. list.path)
    end
    return times, n
  end

  local function assert_each_once(list, expected)
    local times, n = read(list)
    for id, count in pairs(times) do
      assert.equal(1, count, id)
    end
    assert.equal(expected, n)
  end

  local function pages_read(list)
    return e:count((list.fields and list.fields.method or "GET") .. " "
      .. list.path)
  end

  for _, list in ipairs(LISTS) do
    local name = "shape " .. list.shape

    it("gets every item of " .. name .. " once, though pages are cut short",
      function()
        assert_each_once(list, 25)
        assert.equal(list.one_page and 1 or 4, pages_read(list))
        assert.equal(1, e:count "POST /oauth2/v1/token")
        e:config { entries = 28 } -- the last page is as full as the others
        assert_each_once(list, 28)
        e:config { entries = 0 }
        assert_each_once(list, 0)
      end)

    it("gets every item of " .. name .. " once, though the total changes",
      function()
        -- 25 at the first page, and one more at each that follows.
        e:config { total_change = 1 }
        assert_each_once(list, list.one_page and 25 or 28)
        -- 25, 22, 19: the third page has the rest, and is the last one.
        e:config { total_change = -3 }
        assert_each_once(list, list.one_page and 25 or 19)
      end)

    it("gets every item of " .. name .. " once, wherever its links point",
      function()
        for _, kind in ipairs { "relative", "absolute", "foreign",
          "none" } do
          e:config { next_links = kind }
          assert_each_once(list, 25)
        end
      end)
  end

  it("begins at page 1 where a list counts from 1", function()
    e:config { first_page = 1 }
    assert_each_once({ path = "/ne/v1/device/acl-template",
      fields = { query = { page = 1, size = ASKED } } }, 25)
  end)

  it("reads the errors of every API", function()
    local function refused(path, fields)
      local response, err = client:post(path, fields)
      assert.is_nil(response)
      assert.equal(400, err.status)
      return err
    end
    local fabric = refused("/fabric/v4/connections?dryRun=true",
      { json = { name = "x" } })
    assert.equal("IC-USR-014-01", fabric.code)
    assert.equal(5, #fabric.errors)
    local edge = refused("/ne/v1/aclTemplates", { json = { name = "x" } })
    assert.equal("EMU-NE-400", edge.code)
    assert.equal("description", edge.errors[1].property)
    local hands = refused("/v1/orders/smarthands/cageCleanup",
      { json = { x = 1 } })
    assert.equal(6, #hands.errors)
    assert.equal("contacts", hands.errors[3].property)
    assert.matches("^%d+$", hands.correlation_id)
  end)
end)
