-- serve --capability: the user's own file, through a real nginx, with the
-- emulator behind it.
local capability = require "spec.support.capability_parts"
local core = require "equinix.core"
local emulator = require "spec.support.emulator"
local json = require "equinix.base.json"
local process = require "spec.support.process"
local serve = require "spec.support.serve"

local missing = serve.missing()
if missing then
  pending("serve --capability: " .. missing)
  return
end

local JSON = { ["content-type"] = "application/json" }

local SHIPMENT = '{"type":"INBOUND","requestedDateTime":"'
  .. os.date("!%Y-%m-%dT10:00:00Z", os.time() + 7 * 86400)
  .. '","cageId":"AM1:01:000111","details":{"carrier":"UPS",'
  .. '"numberOfBoxes":2}}'

local PARTS = {
  operations = {
    { name = "ports", method = "GET", path = "/fabric/v4/ports", inputs = {
      { name = "limit", ["in"] = "query", type = "integer" },
      { name = "name", ["in"] = "query", type = "array" } } },
    { name = "connection", method = "GET",
      path = "/fabric/v4/connections/{uuid}" },
    { name = "connect", method = "POST", path = "/fabric/v4/connections",
      inputs = { { name = "dryRun", ["in"] = "query", type = "boolean" },
        { name = "body", ["in"] = "body", type = "object" } } },
    { name = "search", method = "POST",
      path = "/fabric/v4/connections/search",
      inputs = { { name = "body", ["in"] = "body", type = "object" } } },
  },
  routes = {
    { method = "GET", path = "/ports", name = "list-ports", call = "ports",
      inputs = { { name = "limit", ["in"] = "query", type = "integer" } } },
    { method = "GET", path = "/ports/names", call = "ports",
      output = { { type = "array", mapping = "$.data[*].name" } } },
    { method = "GET", path = "/connections/{uuid}", call = "connection" },
    { method = "POST", path = "/connections", call = "connect",
      inputs = { { name = "body", ["in"] = "body", type = "object",
        required = true } } },
    { method = "POST", path = "/connections/search", call = "search" },
  },
  tools = {
    { name = "list-ports", call = "ports", hints = { readOnly = true },
      inputs = { { name = "limit", type = "integer", required = false } } },
    { name = "connection", call = "connection" },
    { name = "connect", call = "connect" },
  },
}

describe("equinix-auth serve --capability", function()
  local e, s, remove, path
  setup(function()
    e = emulator.start { plain = true }
    path, remove = capability.file(PARTS)
    s = serve.start(e, { "--no-store", "--capability", path,
      "--token-exposure", "handle" })
  end)
  teardown(function()
    s:stop()
    e:stop()
    remove()
  end)

  local function get(target, options)
    local status, headers, object, body = s:rest("GET", target, options)
    return status, object, body, headers
  end

  -- All requests to the API that the emulator got.
  local function sent()
    local sum = 0
    for route, count in pairs(e:log().routes) do
      sum = sum + (route:find("_emulator", 1, true) and 0 or count)
    end
    return sum
  end

  it("answers a route with Equinix's response, byte for byte", function()
    local token = json.decode(e:send("POST", "/oauth2/v1/token", { body = {
      grant_type = "client_credentials", client_id = e.client_id,
      client_secret = e.client_secret } }).body).access_token
    local theirs = e:send("GET", "/fabric/v4/ports?limit=2",
      { headers = { { "Authorization", "Bearer " .. token } } }).body
    local status, _, body, headers = get "/ports?limit=2"
    assert.equal(200, status)
    assert.equal(core.sha256(theirs), core.sha256(body))
    assert.equal("application/json", headers["content-type"])
    assert.equal("no-store", headers["cache-control"])
  end)

  it("maps it where the file says how", function()
    local status, object = get "/ports/names?limit=2"
    assert.equal(200, status)
    assert.same({ "port-0001", "port-0002" }, object)
  end)

  it("passes Equinix's refusals on, with their bodies", function()
    local status, object, _, headers = get "/connections/none"
    assert.equal(404, status)
    assert.equal("EQ-3045811", object[1].errorCode)
    assert.equal("application/json", headers["content-type"])
    status, _, object = s:rest("POST", "/connections", { headers = JSON,
      body = '{"type":"EVPL_VC"}' })
    assert.equal(400, status)
    assert.is_string(object[1].errorCode)
  end)

  it("sends nothing for what it does not understand, and names it",
    function()
      get "/ports" -- so that there is a token
      local before = sent()
      for target, named in pairs {
        ["/ports?limt=2"] = "limt (did you mean limit?)",
        ["/ports?limit=2&limit=3"] = "limit is given twice",
        ["/ports?limit=two"] = "limit must be of type integer",
        ["/ports?limit=2%"] = "begins no escape",
        ["/ports?%00=1"] = "a name that is not known",
        ["/connections/"] = "uuid", ["/connections/%2f"] = "uuid",
        ["/connections/%2e%2e"] = "uuid", ["/connections/.%2E"] = "uuid",
        ["/connections/a%2Fb"] = "uuid", ["/connections/a%5cb"] = "uuid",
        ["/connections/%25"] = "uuid", ["/connections/a%0ab"] = "uuid",
        ["/connections/%ff"] = "uuid", ["/connections/%c3%28"] = "uuid",
      } do
        local status, object, body = get(target)
        assert.equal(400, status, target .. " " .. tostring(body))
        assert.is_truthy(object.detail:find(named, 1, true), object.detail)
      end
      for _, target in ipairs { "/connections/..%2f..%2foauth2%2fv1%2ftoken",
        "/connections/../../oauth2/v1/token", "/connections/%00",
        "/oauth2/v1/token", "/fabric/v4/ports" } do
        local status = get(target)
        assert.is_true(status == 400 or status == 404, target)
      end
      for body, named in pairs {
        ["[]"] = false, ["{"] = "not valid JSON", ['{"a":1,"a":2}'] =
          "duplicate name", [""] = "body is missing" } do
        local status, _, object = s:rest("POST", "/connections",
          { headers = JSON, body = body })
        assert.equal(named and 400, named and status, body)
        assert.is_truthy(not named
          or object.detail:find(named, 1, true), body)
      end
      local status, _, object = s:rest("GET", "/ports", { headers =
        { authorization = "Basic YTpi" } })
      assert.equal(400, status)
      assert.is_truthy(object.detail:find "Authorization: Basic")
      assert.equal(before + 1, sent()) -- "[]" is a body
    end)

  it("says which methods a path has", function()
    for target, allow in pairs { ["/ports"] = "GET", ["/connections"] = "POST",
      ["/connections/search"] = "POST", ["/connections/x"] = "GET" } do
      local status, headers = s:rest("DELETE", target)
      assert.equal(405, status, target)
      assert.equal(allow, headers.allow)
    end
  end)

  it("counts and logs by the route, whatever its callers wrote", function()
    for i = 1, 3 do
      get("/connections/" .. i)
    end
    local _, _, _, text = s:rest("GET", "/metrics")
    assert.is_truthy(text:find('path="/connections/{uuid}",status="404"', 1,
      true))
    assert.is_nil(text:find("/connections/1", 1, true))
    assert.is_truthy(process.eventually(function()
      return s:log():find('"path":"/connections/{uuid}"', 1, true)
    end))
    assert.is_nil(s:log():find("/connections/1", 1, true))
  end)

  it("has an OpenAPI document of it", function()
    local _, document = get "/openapi.json"
    local list = document.paths["/ports"].get
    assert.equal("list-ports", list.operationId)
    assert.equal("limit", list.parameters[1].name)
    assert.is_nil(document.paths["/oauth2/v1/token"])
    assert.is_table(document.paths["/connections"].post.requestBody)
    assert.is_nil(document.components.schemas.Token)
  end)

  local function call(name, arguments)
    local _, _, object = s:send(s.mcp_url, "POST", { headers = JSON,
      body = ('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":'
        .. '{"name":"%s","arguments":%s}}'):format(name, arguments) })
    return object.result
  end

  it("offers the tools, and what they return", function()
    local _, _, object = s:send(s.mcp_url, "POST", { headers = JSON,
      body = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' })
    local names = {}
    for i, tool in ipairs(object.result.tools) do
      names[i] = tool.name
    end
    assert.same({ "list-ports", "connection", "connect" }, names)
    assert.same({ readOnlyHint = true }, object.result.tools[1].annotations)
    local _, _, _, theirs = s:rest("GET", "/ports?limit=1")
    local result = call("list-ports", '{"limit":1}')
    assert.equal(theirs, result.content[1].text)
    assert.equal("port-0001", result.structuredContent.data[1].name)
    assert.is_true(call("connection", '{"uuid":"../x"}').isError)
    assert.is_true(call("connection", '{"uuid":"x"}').isError)
    assert.is_truthy(call("list-ports", '{"limit":"1"}').content[1].text
      :find("limit must be of type integer", 1, true))
    assert.is_truthy(call("list-ports", '{"limt":1}').content[1].text
      :find("unknown argument limt; did you mean limit?", 1, true))
    assert.is_truthy(call("connection", '{}').content[1].text
      :find("uuid is missing", 1, true))
  end)

  it("keeps what it serves over a reload, when the file is gone", function()
    local old = s:workers()[1]
    os.rename(path, path .. ".away")
    s.program:signal "HUP"
    assert.is_truthy(process.eventually(function()
      for _, pid in ipairs(s:workers()) do
        if pid == old then
          return false
        end
      end
      return true
    end))
    os.rename(path .. ".away", path)
    assert.equal(200, (get "/ports"))
  end)
end)

describe("equinix-auth serve --capability --read-only", function()
  it("serves only what reads, of both faces", function()
    local e = emulator.start { plain = true }
    local path, remove = capability.file(PARTS)
    local s = serve.start(e, { "--no-store", "--capability", path,
      "--read-only" })
    finally(function()
      s:stop()
      e:stop()
      remove()
    end)
    assert.equal(404, (s:rest("POST", "/connections")))
    assert.equal(200, (s:rest("GET", "/ports")))
    local _, _, object = s:send(s.mcp_url, "POST", { headers = JSON,
      body = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' })
    assert.equal(2, #object.result.tools)
  end)
end)

describe("a capability file with one face", function()
  local function start(e, parts)
    local path, remove = capability.file(parts)
    local s = serve.start(e, { "--no-store", "--capability", path })
    finally(function()
      s:stop()
      e:stop()
      remove()
    end)
    local said = assert(process.eventually(function()
      return s.program:stdout():match '[^\n]*"ready"[^\n]*'
    end))
    return s, json.decode(said)
  end

  it("listens for that face only", function()
    local e = emulator.start { plain = true }
    local s, said = start(e, { operations = PARTS.operations,
      routes = PARTS.routes })
    assert.equal(200, (s:rest("GET", "/ports")))
    assert.is_nil(s.mcp_url or s.mcp_port or said.mcp_url)
    assert.equal(s.rest_url, said.rest_url)
  end)

  it("may be without REST", function()
    local e = emulator.start { plain = true }
    local s, said = start(e, { operations = PARTS.operations,
      tools = PARTS.tools })
    assert.is_nil(s.rest_url or s.rest_port or said.rest_url)
    assert.equal(200, (s:send(s.mcp_url, "POST", { headers = JSON,
      body = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' })))
  end)

  it("says where something was made, with no word about it", function()
    local e = emulator.start { plain = true }
    local path, remove = capability.file {
      operations = { { name = "ship", method = "POST",
        path = "/colocations/v2/orders/shipments",
        inputs = { { name = "body", ["in"] = "body", type = "object" } } } },
      routes = { { method = "POST", path = "/ship", call = "ship" } },
      tools = { { name = "ship", call = "ship" } },
    }
    local s = serve.start(e, { "--no-store", "--capability", path })
    finally(function()
      s:stop()
      e:stop()
      remove()
    end)
    local status, headers, _, body = s:rest("POST", "/ship",
      { headers = JSON, body = SHIPMENT })
    assert.equal(202, status, body)
    assert.equal("", body)
    local order = "^/colocations/v2/orders/[^/]+$"
    assert.is_truthy(headers.location:find(order), headers.location)
    local _, _, object = s:send(s.mcp_url, "POST", { headers = JSON,
      body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":'
        .. '"ship","arguments":{"body":' .. SHIPMENT .. '}}}' })
    local result = object.result
    assert.is_truthy(result.structuredContent.location:find(order))
    assert.same(result.structuredContent, json.decode(result.content[1].text))
  end)
end)
