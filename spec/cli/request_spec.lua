-- cli/request: `equinix-auth request METHOD PATH`.
local command = require "spec.support.command"
local emulator = require "spec.support.emulator"
local json = require "equinix.base.json"
local process = require "spec.support.process"

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
      { "GET", "/x", "--output", "csv" }, { "GET", "/x", "--fields", "a,,b" },
      { "GET", "/x", "--fields", "" }, { "GET", "/x", "--fields", "a.b." },
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

  it("shows the list of an answer as a table, in a pipe uncut", function()
    local code, out, said = run { "GET", "/fabric/v4/ports", "-q", "limit=2",
      "--output", "table", "--fields", "name,location.metroCode,href" }
    assert.equal(0, code, said)
    assert.equal("", said)
    assert.matches("^name       location%.metroCode  href\n"
      .. "port%-0001  AM                  http://%S+0001\n"
      .. "port%-0002  CH                  http://%S+0002\n$", out)
  end)

  it("shows one object as one row, or its fields as one object", function()
    -- The emulator's members have no order.
    local _, out = run { "GET", "/fabric/v4/health", "--output", "table" }
    assert.matches("^state    .*version.*\nHEALTHY  .*v4.*\n$", out)
    _, out = run { "GET", "/fabric/v4/health", "--fields", "state" }
    assert.equal('{"state":"HEALTHY"}\n', out)
  end)

  it("shows all pages in any form, and what a field should be", function()
    local code, out, said = run { "GET", "/fabric/v4/ports", "--all-pages",
      "--output", "tsv", "--fields", "name,stat,location.metroCode" }
    assert.equal(0, code)
    assert.equal(25, select(2, out:gsub("port%-%d+\t\t%u%u\n", "")))
    assert.equal("equinix-auth: --fields: no item has 'stat', did you mean "
      .. "'state'?\n", said)
  end)

  it("writes another form into a file, completely or not at all", function()
    local path = os.tmpname()
    finally(function()
      os.remove(path)
    end)
    local words = { "GET", "/fabric/v4/metros", "--output", "tsv", "--fields",
      "code", "-o", path }
    local code, out, said = run(words)
    assert.equal(0, code, said)
    assert.equal("", out)
    local text = require("equinix.base.file").read(path)
    assert.matches("^AM\nCH\n", text)
    e:config { html = true, scope = "/fabric" }
    table.remove(words, 1)
    code, out, said = run(words)
    assert.equal(1, code)
    assert.equal("", out)
    assert.matches("^equinix%-auth: the answer is not JSON", said)
    assert.equal(text, require("equinix.base.file").read(path))
  end)

  it("fits a table to the terminal", function()
    if process.capture "command -v script" == "" then
      return pending "script (bsdutils) is not installed"
    end
    local words = { "COLUMNS=50" }
    for name, value in pairs(command.env(e)) do
      words[#words + 1] = name .. "=" .. value
    end
    words[#words + 1] = "bin/equinix-auth request GET /fabric/v4/ports "
      .. "--no-store -q limit=3 --output table --fields name,uuid,href"
    local seen, code = process.capture(("script -qec %s /dev/null </dev/null")
      :format(process.quote(table.concat(words, " "))))
    assert.equal(0, code)
    local lines = 0
    for line in (seen .. "\n"):gmatch "([^\r\n]+)" do
      lines = lines + 1
      assert.is_true(#line:gsub("[\128-\191]", "") <= 50, line)
      assert.matches(lines == 1 and "^name" or "^port%-000%d  .*…$", line)
    end
    assert.equal(4, lines)
  end)
end)
