-- trace: an event is one line, with its headers and its body some more.
local trace = require "equinix.client.trace"

local function blind()
  return false
end

describe("the lines of an event", function()
  it("are one for a request and one for its answer", function()
    assert.same({ "#3 > GET /x" }, trace.lines("request", { number = 3,
      op = "GET /x" }, blind))
    assert.same({ "#3 > PUT https://a/x?b=1, 5 bytes" },
      trace.lines("request", { number = 3, op = "PUT /x", method = "PUT",
        url = "https://a/x?b=1", bytes = 5 }, blind))
    assert.same({ "#3 < 200 in 0.132 s, 7 bytes, HTTP/2, new connection" },
      trace.lines("response", { number = 3, status = 200, seconds = 0.1324,
        bytes = 7, http_version = "2", connects = 1 }, blind))
    assert.same({ "#3 < no answer after 1.000 s: network ECONNREFUSED" },
      trace.lines("response", { number = 3, seconds = 1, kind = "network",
        code = "ECONNREFUSED" }, blind))
  end)

  it("are more with headers and the beginning of a body", function()
    assert.same({ "#1 < 200 in 0.000 s, 2 bytes", "#1 < A: b",
      "#1 < body: \\x1b\\x0d\\x0a" }, trace.lines("response", { number = 1,
        status = 200, seconds = 0, bytes = 2, headers = { "A: b" },
        body = "\27\r\n" }, blind))
  end)

  it("have the fields of any other event, in order", function()
    assert.same({ "retry: attempt=1 delay=0.52 op=GET /x status=503" },
      trace.lines("retry", { op = "GET /x", attempt = 1, delay = 0.52,
        status = 503 }, blind))
    assert.same({ "token_rejected" }, trace.lines("token_rejected", {}, blind))
    assert.same({ "latched: retry_after=never" }, trace.lines("latched", {
      retry_after = math.huge }, blind))
  end)

  it("are short, and none that has a secret in it is shown", function()
    local lines = trace.lines("wait", { seconds = ("\1"):rep(9999) }, blind)
    assert.is_true(#lines[1] < 1600)
    assert.same({ "a line is not shown: a secret is in it" },
      trace.lines("x", { op = "s" }, function()
        return true
      end))
  end)
end)
