-- serve/send: what nginx makes of a response.
local nginx = require "spec.support.nginx"

local missing = nginx.missing()
if missing then
  pending("sending by nginx: " .. missing)
  return
end

describe("a response that nginx sends", function()
  local n

  setup(function()
    n = nginx.start { server = [[
      default_type application/json;
      location / { content_by_lua_block {
        require("equinix.serve.send").response(
          require("responses")[ngx.var.uri],
          ngx.var.uri == "/page" and "id-1" or nil)
      } }
    ]], files = { ["responses.lua"] = [[return {
      ["/token"] = { status = 200, body = '{"a":1}',
        headers = { ["Content-Type"] = "application/json", Age = "7",
          Allow = "GET" } },
      ["/page"] = { status = 200, body = "page",
        headers = { ["Content-Type"] = "text/html" },
        more = { { "X-One", "1" }, { "X-Two", "2" } } },
      ["/text"] = { status = 200, body = "four",
        headers = { ["Content-Type"] = "text/plain" } },
      ["/refused"] = { status = 401, body = "no", headers = {
        ["Content-Type"] = "application/problem+json",
        ["WWW-Authenticate"] = "Bearer", ["Retry-After"] = "3",
        Allow = "POST" } },
    }]] } }
  end)
  teardown(function()
    n:stop()
  end)

  local function get(path)
    local response = assert(n:send("GET", path))
    local headers = {}
    for _, field in ipairs(response.headers) do
      headers[field[1]:lower()] = field[2]
    end
    return response.status, headers, response.body
  end

  it("has its type, its length and its age", function()
    for _ = 1, 2 do
      local status, headers, body = get "/token"
      assert.equal(200, status)
      assert.equal("application/json", headers["content-type"])
      assert.equal("7", headers["content-length"])
      assert.equal("7", headers.age)
      assert.is_nil(headers.allow) -- is about errors
      assert.equal('{"a":1}', body)
      status, headers, body = get "/text"
      assert.equal(200, status)
      assert.equal("text/plain", headers["content-type"])
      assert.equal("4", headers["content-length"])
      assert.is_nil(headers.age)
      assert.equal("four", body)
    end
  end)

  it("has an id and further headers, where it is given some", function()
    local status, headers, body = get "/page"
    assert.equal(200, status)
    assert.equal("1", headers["x-one"])
    assert.equal("2", headers["x-two"])
    assert.equal("id-1", headers["x-request-id"])
    assert.equal("page", body)
    assert.is_nil(select(2, get "/token")["x-request-id"])
  end)

  it("says more where it is an error", function()
    local status, headers, body = get "/refused"
    assert.equal(401, status)
    assert.equal("application/problem+json", headers["content-type"])
    assert.equal("Bearer", headers["www-authenticate"])
    assert.equal("3", headers["retry-after"])
    assert.equal("POST", headers.allow)
    assert.equal("2", headers["content-length"])
    assert.equal("no", body)
  end)
end)
