-- problem: an error as a caller sees it, by its kind.
local errors = require "equinix.base.error"
local json = require "equinix.base.json"
local problem = require "equinix.http.problem"

local function of(fields, own)
  fields.message = "about /etc/secret at 10.0.0.1"
  return problem.of(errors.new(fields), own)
end

describe("a problem", function()
  it("has the members of RFC 9457, and nothing of the error's message",
    function()
      for _, kind in ipairs { "config", "network", "timeout", "tls", "auth",
        "http", "protocol", "store", "closed", "memory", "unknown" } do
        local status, _, object = of { kind = kind }
        assert.is_true(status >= 500 and status <= 504, kind)
        assert.equal(status, object.status)
        assert.equal("about:blank", object.type)
        assert.equal(problem.title(status), object.title)
        assert.is_nil(object.detail:find("secret", 1, true))
        assert.is_nil(object.detail:find("10.0", 1, true))
      end
    end)

  it("has Equinix's status where Equinix refused", function()
    for _, status in ipairs { 400, 401, 403, 429, 500, 503 } do
      local got, _, object = of { kind = "http", status = status,
        code = "S1006", errors = { { code = "S1006" } },
        correlation_id = "c-1" }
      assert.equal(status, got)
      assert.equal("S1006", object.code)
      assert.same({ { code = "S1006" } }, object.errors)
      assert.equal("c-1", object.correlation_id)
      assert.is_nil(object.upstream_status)
      assert.matches("Equinix responded with " .. status, object.detail)
    end
  end)

  it("has another status of Equinix's in upstream_status", function()
    local status, _, object = of { kind = "protocol", status = 200 }
    assert.equal(502, status)
    assert.equal(200, object.upstream_status)
  end)

  it("says in whole seconds when to try again, at least one", function()
    for wait, said in pairs { [0.2] = "1", [59.01] = "60", [600] = "600" } do
      local _, headers = of { kind = "http", status = 503,
        retry_after = wait }
      assert.equal(said, headers["Retry-After"])
    end
    assert.is_nil((select(2, of { kind = "http" }))["Retry-After"])
  end)

  it("of latched credentials is about the caller's or the service's own",
    function()
      assert.equal(429, (of { kind = "auth", code = "latched" }))
      assert.equal(503, (of({ kind = "auth", code = "latched" }, true)))
    end)

  it("of this machine's settings has no code", function()
    local status, _, object = of { kind = "config", code = "no_thread_pool" }
    assert.equal(500, status)
    assert.is_nil(object.code)
  end)
end)

describe("problem.new", function()
  it("accepts further members", function()
    assert.same({ type = "about:blank", title = "Not Found", status = 404,
      detail = "No.", more = 1 }, problem.new(404, "No.", { more = 1 }))
  end)

  it("has a title for any other status", function()
    assert.equal("Error", problem.title(418))
    assert.equal("Server Error", problem.title(599))
  end)
end)

describe("the response with a problem", function()
  it("is JSON that no cache keeps, with the headers that are given",
    function()
      local response = problem.response(405, "This path allows GET.",
        { Allow = "GET" })
      assert.equal(405, response.status)
      assert.same({ Allow = "GET", ["Cache-Control"] = "no-store",
        ["Content-Type"] = "application/problem+json" }, response.headers)
      assert.same({ type = "about:blank", title = "Method Not Allowed",
        status = 405, detail = "This path allows GET." },
        json.decode(response.body))
    end)
end)
