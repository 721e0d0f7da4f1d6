-- response: a server's response, as callers read it.
local err = require "equinix.base.error"
local json = require "equinix.base.json"
local equinix = require "equinix"
local rawserver = require "spec.support.rawserver"
local response = require "equinix.http.response"

local function response_of(body, headers)
  return response.new({ status = 200, headers = headers, body = body,
    elapsed = 0.25 }, "https://api.equinix.com/x")
end

describe("a response", function()
  it("has status, body, url and elapsed", function()
    local one = response_of "SECRET"
    assert.equal(200, one.status)
    assert.equal("SECRET", one.body)
    assert.equal("https://api.equinix.com/x", one.url)
    assert.equal(0.25, one.elapsed)
    assert.equal("equinix.Response (200, 6 bytes)", tostring(one))
    assert.equal("", response_of(nil).body)
  end)

  it("finds its headers in any case and lists them in lower case", function()
    local headers = response_of("", { { "X-ReQuest-ID", "a" } }).headers
    for _, name in ipairs { "x-request-id", "X-Request-Id", "X-REQUEST-ID" } do
      assert.equal("a", headers[name])
    end
    assert.equal("x-request-id", (next(headers)))
    assert.is_nil(headers.other)
    assert.is_nil(headers[1])
    assert.is_nil(next(response_of("").headers))
  end)

  it("joins repeated headers, in order", function()
    local headers = response.headers { { "Link", "a" }, { "Vary", "v" },
      { "link", "b" }, { "LINK", "" } }
    assert.equal("a, b, ", headers.link)
    assert.equal("v", headers.vary)
  end)

  it("reads its JSON, false and null included", function()
    assert.same({ data = { 1 } }, response_of('{"data":[1]}'):json())
    assert.is_false(response_of("false"):json())
    assert.equal(json.null, response_of("null"):json())
  end)

  it("is read without the byte order mark before its JSON", function()
    assert.same({ data = { 1 } },
      response_of('\239\187\191{"data":[1]}'):json())
    assert.is_nil((response_of "\239\187\191":json()))
  end)

  it("whose body is not JSON says so and quotes nothing of it", function()
    for _, body in ipairs { "", "<html>SECRET</html>", '{"a":SECRET}' } do
      local one = response_of(body)
      local value, problem = one:json()
      assert.is_nil(value)
      assert.is_true(err.is(problem))
      assert.equal("protocol", problem.kind)
      assert.equal("not_json", problem.code)
      assert.equal(one, problem.response)
      assert.not_matches("SECRET", tostring(problem))
    end
    local _, problem = response_of(""):json()
    assert.matches("it is empty", problem.message)
  end)
end)

describe("a response whose headers are one text", function()
  it("parses them at the first use", function()
    local one = response.new({ status = 200, body = "", elapsed = 0,
      head = "Content-Type: text/plain\r\nX-Empty:\r\nX-Twice: a\r\n"
        .. "x-twice:  b \r\nLocation: https://h:1/p?q=1:2\r\n" }, "u")
    assert.is_nil(rawget(one, "headers"))
    assert.equal("text/plain", one.headers["content-type"])
    assert.equal("", one.headers["X-Empty"])
    assert.equal("a, b", one.headers["X-Twice"])
    assert.equal("https://h:1/p?q=1:2", one.headers.location)
    assert.equal(one.headers, one.headers)
  end)
end)

describe("response.SUCCESS", function()
  it("has 2xx and nothing else", function()
    for status = 0, 1000 do
      assert.equal(status >= 200 and status < 300 or nil,
        response.SUCCESS[status], status)
    end
  end)
end)

describe("a server that begins its JSON with a byte order mark", function()
  local server
  setup(function()
    server = rawserver.start [[
      local c = ...
      local request = c:request()
      while request do
        c:send(c.ok("\239\187\191" .. (request.path:find "/token"
          and '{"access_token":"one","token_timeout":"3599"}'
          or '{"data":[1.5]}')))
        request = c:request()
      end
    ]]
  end)
  teardown(function()
    server:stop()
  end)

  it("is understood, for tokens and for responses", function()
    local client = assert(equinix.new {
      base_url = server.url, client_id = "bom", client_secret = "a secret",
    })
    assert.equal("one", assert(client:token()).access_token)
    local got = assert(client:get "/fabric/v4/ports")
    assert.same({ data = { 1.5 } }, assert(got:json()))
    client:close()
  end)
end)
