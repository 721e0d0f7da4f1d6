-- build: makes the transport's request of the fields of a call.
local build = require "equinix.http.build"
local options = require "equinix.client.options"

local CONFIG = assert(options.client({
  client_id = "id",
  client_secret = "s3cret-of-this-app",
  base_url = "https://api.example.com",
  ca_file = "/ca.pem",
  client_cert = "/cert.pem",
  client_key = "/key.pem",
  client_key_password_file = "/words",
  connect_timeout = 3,
  max_body = 1000,
}, 1))

local function request_of(fields)
  return build.request(CONFIG, fields)
end

local function header(request, name)
  for _, field in ipairs(request.headers) do
    if field[1]:lower() == name then
      return field[2]
    end
  end
end

describe("build.request", function()
  it("has what the transport needs, and an empty Authorization last",
    function()
      local request = assert(request_of { path = "/x" })
      assert.equal("GET", request.method)
      assert.equal("https://api.example.com/x", request.url)
      assert.equal("/ca.pem", request.ca_file)
      assert.equal("/cert.pem", request.client_cert)
      assert.equal("/key.pem", request.client_key)
      assert.equal("/words", request.client_key_password_file)
      assert.equal(3, request.connect_timeout)
      assert.equal(1000, request.max_body)
      assert.is_true(request.may_resend)
      assert.same({ "Authorization", "" }, request.headers[#request.headers])
    end)

  it("makes a table without functions, so another VM can take it", function()
    local function walk(value)
      assert.not_equal("function", type(value))
      if type(value) == "table" then
        for _, member in pairs(value) do
          walk(member)
        end
      end
    end
    walk(assert(request_of { path = "/x", json = { 1 },
      sink = function() end }))
  end)

  it("asks for a body that is saved by HTTP/1.1, whose ends are certain",
    function()
      for _, sink in ipairs { "/tmp/file", print } do
        assert.is_true(request_of({ path = "/x", sink = sink }).http1)
      end
      assert.is_nil(request_of({ path = "/x" }).http1)
    end)

  it("sets the Content-Type of a body, unless the caller does", function()
    local function content_type(fields)
      fields.path, fields.method = "/x", "POST"
      return header(assert(request_of(fields)), "content-type")
    end
    assert.equal("application/json", content_type { json = {} })
    assert.equal("application/x-www-form-urlencoded",
      content_type { form = { a = 1 } })
    assert.is_nil(content_type { body = "x" })
    assert.equal("text/x", content_type { json = {},
      headers = { ["content-type"] = "text/x" } })
  end)

  it("writes whole numbers without a fraction", function()
    local request = assert(request_of { path = "/x",
      headers = { ["X-N"] = 100 / 2 } })
    assert.equal("50", header(request, "x-n"))
  end)

  it("refuses what could change the meaning of the message", function()
    for _, fields in ipairs {
      { path = "/x", method = "GE T" },
      { path = "/x", method = "" },
      { path = "/x", headers = { ["A:"] = "1" } },
      { path = "/x", headers = { A = "1\n" } },
      { path = "/x", headers = { A = {} } },
      { path = "/x", headers = { ["content-length"] = 3 } },
      { path = "/x", headers = { ["Transfer-Encoding"] = "chunked" } },
      { path = "/x", headers = { Expect = "100-continue" } },
      { path = "/x", method = "HEAD", body = "x" },
      { path = "/x", json = { f = print } },
      { path = "//x" },
    } do
      local request, problem = request_of(fields)
      assert.is_nil(request)
      assert.equal("config", problem.kind)
    end
  end)
end)

describe("build.authorize", function()
  it("sets the Authorization, whatever other headers there are", function()
    local request = assert(request_of { path = "/x", headers = { A = "b" } })
    build.authorize(request, "Bearer t")
    assert.equal("Bearer t", header(request, "authorization"))
    assert.equal("b", header(request, "a"))
    build.authorize(request, "Bearer u")
    assert.equal("Bearer u", header(request, "authorization"))
  end)

  it("sets it for all requests that share plain headers", function()
    local plain = build.plain_headers(CONFIG, "Bearer t")
    local request = assert(build.request(CONFIG, { path = "/x" }, plain))
    assert.equal("Bearer t", header(request, "authorization"))
    build.authorize(request, "Bearer u")
    assert.equal("Bearer u", plain[#plain][2])
  end)
end)
