-- serve --capability: what becomes of answers that the emulator never gives. A
-- raw server sends them; REST and MCP are a real nginx's.
local capability = require "spec.support.capability_parts"
local echo_of = require "spec.support.echo"
local json = require "equinix.base.json"
local rawserver = require "spec.support.rawserver"
local serve = require "spec.support.serve"

local missing = serve.missing()
if missing then
  pending("serve --capability: " .. missing)
  return
end

local JSON = { ["content-type"] = "application/json" }
local TOKEN = "wE1Rd.Zq-7/T+k_03=x9~Yb5"

local PARTS = {
  operations = {
    { name = "get", method = "GET", path = "/api/{kind}",
      inputs = { { name = "X-Bound", ["in"] = "header",
        value = "{{SPEC_BOUND}}" } } },
    { name = "echo", method = "GET", path = "/echo/{way}" },
    { name = "post", method = "POST", path = "/api/{kind}",
      body = { type = "json", data = { name = "a \"b\" {{name}}x",
        whole = "{{name}}", count = "{{count}}", list = { "{{count}}", 7 },
        deep = { gone = "{{gone}}", kept = true } } } },
  },
  routes = {
    { method = "GET", path = "/get/{kind}", call = "get" },
    { method = "GET", path = "/echo/{way}", call = "echo" },
    { method = "POST", path = "/post/{kind}", call = "post", inputs = {
      { name = "name", ["in"] = "body", type = "string" },
      { name = "count", ["in"] = "body", type = "number" },
      { name = "gone", ["in"] = "body", type = "string" } } },
  },
  tools = { { name = "get", call = "get" }, { name = "echo", call = "echo" } },
  binds = { { namespace = "env", description = "Of the spec.",
    keys = { SPEC_BOUND = "SPEC_BOUND" } } },
}

-- /api/KIND answers as the kind says, /echo/WAY repeats its headers so.
local UPSTREAM = ([[
  local c = ...
  local ways = require "spec.support.echo"
  local token = %q
  local function send(status, body, headers)
    c:send(("HTTP/1.1 %%s X\r\nContent-Length: %%d\r\n%%s\r\n%%s"):format(
      status, #body, headers or "", body))
  end
  local JSON = "Content-Type: application/json\r\n"
  local kinds = {
    plain = function() send(200, ' {"b":1.50,"a":[] }\n', JSON) end,
    created = function() send(201, '[1]', JSON) end,
    nothing = function() c:send "HTTP/1.1 204 X\r\n\r\n" end,
    empty = function() send(202, "") end,
    page = function() send(200, "<html>", "Content-Type: text/html\r\n") end,
    gone = function() send(410, "<b>gone</b>", "Content-Type: text/html\r\n"
      .. "Retry-After: 7\r\n") end,
    busy = function() send(503, '{"errorCode":"B"}', JSON) end,
    elsewhere = function() send(302, "", "Location: http://127.0.0.2:"
      .. c.share.port .. "/api/plain\r\n") end,
    inside = function() send(302, "", "Location: /api/plain\r\n") end,
    token = function() send(302, "", "Location: /oauth2/v1/token\r\n") end,
    gateway = function() send(302, "",
      "Location: /gateway/oauth2/v1/token\r\n") end,
    dots = function() send(302, "",
      "Location: /api/%%%%2e%%%%2e/oauth2/v1/token\r\n") end,
  }
  while true do
    local request = c:request()
    if not request then
      return
    end
    c.share.port = request.headers.host:match ":(%%d+)"
    local way = request.path:match "^/echo/([%%w_]+)"
    local kind = request.path:match "^/api/(%%w+)"
    if request.path:find "^/oauth2" then
      send(200, '{"access_token":"' .. token .. '","token_timeout":"3600"}')
    elseif way then
      send(200, ways[way](request.headers.authorization, request))
    else
      kinds[kind]()
    end
  end
]]):format(TOKEN)

describe("what Equinix answers to a capability", function()
  local upstream, s, remove
  setup(function()
    upstream = rawserver.start(UPSTREAM)
    local path
    path, remove = capability.file(PARTS)
    s = serve.start({ base_url = upstream.url, client_id = "app",
      client_secret = "s3cret-of-this-app" }, { "--no-store", "--capability",
      path, "--token-exposure", "handle" }, { env = {
        SPEC_BOUND = "bound value" } })
  end)
  teardown(function()
    s:stop()
    upstream:stop()
    remove()
  end)

  local function last()
    local list = upstream:requests()
    return list[#list], #list
  end

  local function call(name, arguments)
    local _, _, object, text = s:send(s.mcp_url, "POST", { headers = JSON,
      body = assert(json.encode { jsonrpc = "2.0", id = 1,
        method = "tools/call", params = { name = name,
          arguments = arguments } }) })
    return object.result, text
  end

  it("is passed on byte for byte, with its status", function()
    local status, _, _, body = s:rest("GET", "/get/plain")
    assert.equal(200, status)
    assert.equal(' {"b":1.50,"a":[] }\n', body)
    assert.equal("bound value", last().headers["x-bound"])
    assert.equal("Bearer " .. TOKEN, last().headers.authorization)
    assert.equal(201, (s:rest("GET", "/get/created")))
    local result, text = call("get", { kind = "plain" })
    assert.equal(' {"b":1.50,"a":[] }\n', result.content[1].text)
    assert.is_truthy(text:find('"structuredContent":{"b":1.50,"a":[] }', 1,
      true))
    assert.is_nil(call("get", { kind = "created" }).structuredContent)
  end)

  it("may have no body", function()
    for kind, status in pairs { nothing = 204, empty = 202 } do
      local seen, _, _, body = s:rest("GET", "/get/" .. kind)
      assert.equal(status, seen)
      assert.equal("", body)
      local result = call("get", { kind = kind })
      assert.is_nil(result.isError)
      assert.equal(0, #result.content)
    end
  end)

  it("is a 502 where it is no JSON", function()
    local status, headers, object = s:rest("GET", "/get/page")
    assert.equal(502, status)
    assert.equal("application/problem+json", headers["content-type"])
    assert.equal(200, object.upstream_status)
    assert.is_true(call("get", { kind = "page" }).isError)
  end)

  it("keeps its status, its body and Retry-After where it is a refusal",
    function()
      local status, headers, _, body = s:rest("GET", "/get/gone")
      assert.equal(410, status)
      assert.equal("<b>gone</b>", body)
      assert.equal("7", headers["retry-after"])
      assert.equal("text/plain; charset=utf-8", headers["content-type"])
      local result = call("get", { kind = "gone" })
      assert.is_true(result.isError)
      assert.is_truthy(result.content[1].text:find("410", 1, true))
    end)

  it("is asked for once where it may not be repeated", function()
    local _, before = last()
    local status, _, object = s:rest("POST", "/post/busy")
    assert.equal(503, status)
    assert.equal("B", object.errorCode)
    assert.equal(before + 1, (select(2, last())))
  end)

  it("comes to a body whose values keep their types and their place",
    function()
      local status = s:rest("POST", "/post/created", { headers = JSON,
        body = '{"name":"x\\",\\"y\\":\\"{{count}}","count":1.0}' })
      assert.equal(201, status)
      assert.same({ name = 'a "b" {{name}}x', whole = 'x","y":"{{count}}',
        count = 1, list = { 1, 7 }, deep = { kept = true } },
        json.decode(last().body))
      assert.is_truthy(last().body:find('"count":1.0', 1, true))
      s:rest("POST", "/post/created")
      assert.same({ name = 'a "b" {{name}}x', list = { 7 },
        deep = { kept = true } }, json.decode(last().body))
    end)

  it("leads to another place only within Equinix, and never to a token",
    function()
      assert.equal(200, (s:rest("GET", "/get/inside")))
      for _, kind in ipairs { "elsewhere", "token", "dots", "gateway" } do
        local _, before = last()
        local status, _, object = s:rest("GET", "/get/" .. kind)
        assert.equal(502, status, kind)
        assert.equal(302, object.upstream_status)
        assert.equal(before + 1, (select(2, last())), kind)
        assert.is_true(call("get", { kind = kind }).isError)
      end
    end)

  it("is not passed on where it repeats the token", function()
    for way in pairs(echo_of) do
      if way ~= "harmless" then
        local status, _, object, body = s:rest("GET", "/echo/" .. way)
        assert.equal(502, status, way .. " " .. body)
        assert.equal("token_echo", object.code)
        local _, before = last()
        local result, text = call("echo", { way = way })
        assert.is_true(result.isError, way)
        for _, seen in ipairs { body, text } do
          assert.is_nil(seen:find(TOKEN, 1, true))
        end
        -- REST and MCP share a memory, in each worker: two of them at most.
        assert.equal(502, (s:rest("GET", "/echo/" .. way)))
        assert.is_true((select(2, last())) <= before + 1)
      end
    end
  end)

  it("does not come where a bound variable is missing", function()
    local path, drop = capability.file(PARTS)
    finally(drop)
    local found, stderr = serve.try({ base_url = upstream.url,
      client_id = "app", client_secret = "s" }, { "--capability", path })
    assert.is_nil(found)
    assert.is_truthy(stderr:find("SPEC_BOUND", 1, true), stderr)
  end)
end)
