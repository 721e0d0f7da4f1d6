-- media_type: what a Content-Type says about a body.
local mcp = require "spec.support.mcp"
local media_type = require "equinix.http.media_type"
local rest = require "equinix.service.rest"

local JSON = { "application/json", "Application/JSON",
  "application/json; charset=utf-8", " application/json ;x=y",
  "application/problem+json", "application/vnd.api-v1+json;a=b" }

local OTHERS = { "", "text/json", "json", "text/plain", "application/jsonx",
  "application/json2", "application/+json", "text/x+json",
  "application/x-www-form-urlencoded", "application/x+json+xml",
  "multipart/form-data; application/json" }

describe("a media type", function()
  it("is JSON with any parameters, in any case, and with the suffix +json",
    function()
      for _, text in ipairs(JSON) do
        assert.is_true(media_type.is_json(text), text)
      end
    end)

  it("is not JSON otherwise, or when it is missing", function()
    for _, text in ipairs(OTHERS) do
      assert.is_false(media_type.is_json(text), text)
    end
    assert.is_false(media_type.is_json(nil))
  end)

  it("is judged by the same rule in REST and in MCP", function()
    local api = rest.new { version = "1", service = {
      call = function()
        return { status = 200, headers = {}, body = "{}" }
      end,
      again = function() end,
    } }
    local server = mcp.new()
    local function statuses(text)
      return server:post(mcp.message "ping", mcp.headers {
        ["content-type"] = text }).status, api:handle { method = "POST",
        path = "/oauth2/v1/token", body = "{}",
        headers = mcp.headers { ["content-type"] = text } }.status
    end
    for _, text in ipairs(JSON) do
      assert.same({ 200, 200 }, { statuses(text) }, text)
    end
    for _, text in ipairs(OTHERS) do
      assert.same({ 415, 415 }, { statuses(text) }, text)
    end
  end)
end)

describe("media_type.is_html", function()
  it("is true for a web page only", function()
    for _, text in ipairs { "text/html", "Text/HTML; charset=utf-8" } do
      assert.is_true(media_type.is_html(text))
    end
    for _, text in ipairs { "", "application/json", "text/plain" } do
      assert.is_false(media_type.is_html(text))
    end
    assert.is_false(media_type.is_html(nil))
  end)
end)
