-- sink_error: which failure was the sink's. Real files are in
-- spec/client/error_details_spec.
local sink_error = require "equinix.http.sink_error"

local function of(code, request, kind)
  return sink_error.of({ kind = kind or "config", code = code,
    message = "m", maybe_sent = false }, request or { sink = "/a/b" }, "GET /")
end

describe("the error of a sink", function()
  it("names path and cause", function()
    local err = of "ENOSPC"
    assert.equal("GET /: the file '/a/b' can't be written: ENOSPC, the disk "
      .. "is full", err.message)
    assert.equal("ENOSPC", err.code)
    assert.equal("config", err.kind)
    assert.is_false(err.maybe_sent)
    assert.equal("GET /: the file '/a/b' can't be written: EIO",
      of("EIO").message)
  end)

  it("is none where something else failed", function()
    assert.is_nil(of("CURLE_SSL_CERTPROBLEM"))
    assert.is_nil(of("ECONNREFUSED", nil, "network"))
    assert.is_nil(of("ENOENT", {}))
    assert.is_nil(of(nil))
  end)
end)
