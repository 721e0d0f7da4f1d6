-- equinix_request: a response that repeats the request's headers reaches no
-- agent. Real servers repeat them, in every way that is promised to be seen.
local echo_of = require "spec.support.echo"
local equinix = require "equinix"
local mcp = require "spec.support.mcp"
local rawserver = require "spec.support.rawserver"
local scripted = require "spec.support.scripted"
local service = require "equinix.service.token_service"

local TOKEN = "wE1Rd.Zq-7/T+k_03=x9~Yb5"

describe("a path that echoes headers", function()
  local upstream, server
  before_each(function()
    -- /fabric/NAME answers as the way of that name says.
    upstream = rawserver.start(([[
      local c = ...
      local ways = require "spec.support.echo"
      local token = %q
      while true do
        local request = c:request()
        if not request then
          return
        elseif request.path:find "^/oauth2" then
          c:send(c.ok('{"access_token":"' .. token
            .. '","token_timeout":"3600"}'))
        else
          local status, name = request.path:match "^/fabric/(%%d+)/([%%w_]+)"
          local body = ways[name](request.headers.authorization, request)
          c:send(("HTTP/1.1 %%s X\r\nContent-Length: %%d\r\n\r\n%%s"):format(
            status, #body, body))
        end
      end
    ]]):format(TOKEN))
    local client = assert(equinix.new { base_url = upstream.url,
      client_id = scripted.unique(), client_secret = "s3cret-of-this-app",
      retry = false })
    server = mcp.new { service = service.new(client), client = client,
      exposure = "handle" }
  end)
  after_each(function()
    upstream:stop()
  end)

  local function call(path, query)
    local handle = server:call("getoauth2accesstoken").structuredContent
      .token_handle
    return server:call("equinix_request", { method = "GET",
      path = "/fabric/" .. path, query = query, token_handle = handle })
  end

  it("is not heard, however it writes them", function()
    for name in pairs(echo_of) do
      for _, status in ipairs { 200, 400, 404 } do
        local result, text = call(status .. "/" .. name)
        if name == "harmless" then
          assert.equal(status ~= 200, result.isError or false, text)
        else
          assert.is_true(result.isError, name .. " " .. text)
          assert.is_nil(result.structuredContent)
          assert.matches("not passed on", text)
          assert.is_true(#text < 400)
        end
      end
    end
  end)

  it("is not called again, whatever it would write then", function()
    call "200/plain"
    local before = #upstream:requests()
    local result, text = call("200/plain", { encode = "some other way" })
    assert.is_true(result.isError)
    assert.matches("repeats the headers", text)
    assert.equal(before, #upstream:requests())
    assert.is_nil(call("200/harmless").isError)
  end)
end)
