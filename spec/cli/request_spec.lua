-- cli/request: `equinix-auth request METHOD PATH`.
local command = require "spec.support.command"
local emulator = require "spec.support.emulator"
local json = require "equinix.base.json"

local ORDER = '{"type":"INBOUND","requestedDateTime":"2026-12-01T10:00:00Z",'
  .. '"cageId":"AM1:01:000111","details":{"carrier":"UPS",'
  .. '"numberOfBoxes":2}}'
local SHIPMENTS = "/colocations/v2/orders/shipments"

describe("equinix-auth request", function()
  local e
  setup(function()
    e = emulator.start { plain = true }
  end)
  before_each(function()
    e:reset()
  end)
  teardown(function()
    e:stop()
  end)

  local function run(words, stdin)
    table.insert(words, 1, "request")
    return command.run(words, { env = command.env(e), stdin = stdin })
  end

  local function last_request()
    local requests = e:log().requests
    return requests[#requests]
  end

  it("prints the body of the response", function()
    local code, out, said = run { "GET", "/fabric/v4/ports",
      "-q", "limit=3", "-q", "offset=1" }
    assert.equal(0, code, said)
    assert.equal("", said)
    local body = json.decode(out)
    assert.equal(3, #body.data)
    assert.equal(1, body.pagination.offset)
  end)

  it("accepts a method in any case", function()
    assert.equal(0, (run { "get", "/fabric/v4/health" }))
  end)

  it("sends JSON from an argument, from a file and from stdin", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write(ORDER)
    file:close()
    finally(function()
      os.remove(path)
    end)
    for _, data in ipairs { ORDER, "@" .. path, "-" } do
      local code, out, said = run({ "POST", SHIPMENTS, "-d", data },
        data == "-" and ORDER or nil)
      assert.equal(0, code, said)
      assert.equal("", out)
      -- The Location is a message on stderr, since there is no body.
      assert.matches("^equinix%-auth: 202, Location: /colocations/", said)
      assert.equal("application/json", last_request().content_type)
      assert.equal(#ORDER, last_request().bytes)
    end
  end)

  it("prints status and headers with --include", function()
    local code, out = run { "POST", SHIPMENTS, "-i", "-d", ORDER }
    assert.equal(0, code)
    assert.matches("^HTTP 202\n", out)
    assert.matches("\n[Ll]ocation: /colocations/v2/orders/1%-%d+\n", out)
  end)

  it("sends the headers that -H gives", function()
    local code = run { "POST", SHIPMENTS, "-d", "a=1",
      "-H", "Content-Type: application/x-www-form-urlencoded" }
    assert.equal(1, code) -- 415, but it was sent
    assert.equal("application/x-www-form-urlencoded",
      last_request().content_type)
  end)

  it("sends nothing when the command line is wrong", function()
    for _, words in ipairs {
      { "GET", "fabric" }, { "GET", "//elsewhere.invalid/" },
      { "GET", "/x", "-q", "name" }, { "GET", "/x", "-H", "name" },
      { "GET", "/x", "-H", "Authorization: Bearer mine" },
      { "POST", SHIPMENTS, "-d", "{" },
      { "POST", SHIPMENTS, "-d", "@/nowhere" },
    } do
      local name = table.concat(words, " ")
      local code, out, said = run(words)
      assert.equal(2, code, name)
      assert.equal("", out)
      assert.matches("^equinix%-auth: ", said)
      assert.is_nil(said:find "traceback")
      assert.is_nil(said:find "internal error")
    end
    assert.same({}, e:log().routes)
  end)

  it("sends the token only to the endpoint", function()
    local code = run { "GET", "https://elsewhere.invalid/fabric" }
    assert.is_true(code ~= 0)
    assert.equal(0, e:log().token_requests)
  end)
end)
