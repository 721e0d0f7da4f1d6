-- traceparent: which values may be passed on (W3C Trace Context, 3.2).
local grant = require "equinix.oauth.grant"
local mcp = require "spec.support.mcp"
local traceparent = require "equinix.http.traceparent"

local TRACE, PARENT = ("0a"):rep(16), ("b1"):rep(8)

local function value(version, trace, parent, flags)
  return table.concat({ version, trace, parent, flags }, "-")
end

local VALID = { value("00", TRACE, PARENT, "01"),
  value("00", TRACE, PARENT, "00"), value("fe", TRACE, PARENT, "ff"),
  value("00", ("0"):rep(31) .. "1", ("0"):rep(15) .. "1", "00") }

local INVALID = { "", "nonsense", value("ff", TRACE, PARENT, "01"),
  value("00", ("0"):rep(32), PARENT, "01"),
  value("00", TRACE, ("0"):rep(16), "01"),
  value("00", TRACE:upper(), PARENT, "01"),
  value("00", TRACE, PARENT:upper(), "01"),
  value("00", TRACE, PARENT, "0A"), value("0A", TRACE, PARENT, "01"),
  value("00", TRACE:sub(2), PARENT, "01"),
  value("00", TRACE, PARENT .. "b1", "01"),
  value("00", TRACE, PARENT, "01-more"),
  value("00", TRACE, PARENT, "01\r\nX: 1"),
  value("00", TRACE, PARENT, "01") .. "\n",
  " " .. value("00", TRACE, PARENT, "01") }

describe("a traceparent", function()
  it("is valid in the form of the recommendation", function()
    for _, text in ipairs(VALID) do
      assert.is_true(traceparent.is_valid(text), text)
    end
  end)

  it("is invalid with version ff, zeros, upper case or another length",
    function()
      for _, text in ipairs(INVALID) do
        assert.is_false(traceparent.is_valid(text), text)
      end
      assert.is_false(traceparent.is_valid(nil))
    end)

  it("is passed on by the same rule in token requests and in MCP", function()
    local function sent(text)
      local request = grant.raw({ base_url = "https://x.example" }, "/", "{}",
        text)
      local last = request.headers[#request.headers]
      return last[1] == "traceparent" and last[2] or nil
    end
    local server = mcp.new()
    local function seen(text)
      server:result("tools/call", { name = "getoauth2accesstoken",
        _meta = { traceparent = text } })
      return server.service.asked[#server.service.asked].context.traceparent
    end
    for _, text in ipairs(VALID) do
      assert.equal(text, sent(text))
      assert.equal(text, seen(text))
    end
    for _, text in ipairs(INVALID) do
      assert.is_nil(sent(text), text)
      assert.is_nil(seen(text), text)
    end
  end)
end)
