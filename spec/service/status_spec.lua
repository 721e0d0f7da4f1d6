-- status: who gets the status page, and what it is made of.
local rest = require "equinix.service.rest"
local scripted = require "spec.support.scripted"
local service = require "equinix.service.token_service"
local status = require "equinix.service.status"

local HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

local function serve(options)
  local client = scripted.client { scripted.token "the-token-itself" }
  options = options or {}
  options.service, options.client = service.new(client), client
  options.version = "1.2.3"
  local api = rest.new(options)
  return function(headers, method, query)
    headers.host = headers.host or "localhost"
    return api:handle { method = method or "GET", path = "/", query = query,
      headers = headers, body = "" }
  end, client
end

describe("the status page", function()
  it("is for those who ask for HTML", function()
    local ask = serve()
    for _, accept in ipairs { HTML, "text/html", "TEXT/HTML;q=0.1",
      "application/xhtml+xml", "a/b , text/html;charset=utf-8" } do
      local response = ask { accept = accept }
      assert.equal(200, response.status, accept)
      assert.equal("text/html; charset=utf-8",
        response.headers["Content-Type"])
      assert.equal("no-store", response.headers["Cache-Control"])
    end
    assert.equal(200, ask({ accept = HTML }, "HEAD").status)
  end)

  it("is not for programs, which get what they always got", function()
    local ask = serve()
    for _, accept in ipairs { "*/*", "application/json", "text/*", "",
      "text/html;q=0", "text/html; q=0.000", "text/htmlx",
      ("x"):rep(1020) .. ",text/html" } do
      local response = ask { accept = accept }
      assert.equal(404, response.status, accept)
      assert.equal("application/problem+json",
        response.headers["Content-Type"])
    end
    assert.equal(404, ask({}).status)
    assert.equal(404, ask({ accept = HTML }, "POST").status)
  end)

  it("is behind the same door as all else", function()
    local ask = serve { auth_token = "the-auth-token-0123456" }
    assert.equal(401, ask({ accept = HTML }).status)
    assert.equal(200, ask({ accept = HTML,
      authorization = "Bearer the-auth-token-0123456" }).status)
    ask = serve()
    assert.equal(403, ask({ accept = HTML, host = "evil" }).status)
    assert.equal(403, ask({ accept = HTML, origin = "http://evil" }).status)
  end)

  it("is for no other site, but for a visit", function()
    local ask = serve()
    for _, case in ipairs {
      { 200, "same-origin", "cors", "empty" },
      { 200, "none", "navigate", "document" },
      { 200, "cross-site", "navigate", "document" },
      { 403, "cross-site", "navigate", "iframe" },
      { 403, "same-site", "navigate", "frame" },
      { 403, "cross-site", "no-cors", "image" },
      { 403, "cross-site", "no-cors", "script" },
      { 403, "same-site", "cors", "empty" },
      { 403, "anything", "no-cors", "document" },
    } do
      assert.equal(case[1], ask({ accept = HTML, ["sec-fetch-site"] = case[2],
        ["sec-fetch-mode"] = case[3], ["sec-fetch-dest"] = case[4] }).status,
        table.concat(case, " "))
    end
  end)

  it("may be in no frame, and lets no site read it", function()
    local ask, found = serve(), {}
    for _, header in ipairs(ask({ accept = HTML }).more) do
      found[header[1]] = header[2]
    end
    assert.equal("same-origin", found["Cross-Origin-Resource-Policy"])
    assert.equal("same-origin", found["Cross-Origin-Opener-Policy"])
    assert.equal("DENY", found["X-Frame-Options"])
    assert.equal("nosniff", found["X-Content-Type-Options"])
    local policy = found["Content-Security-Policy"]
    assert.matches("^default%-src 'none'; ", policy)
    assert.matches("frame-ancestors 'none'", policy, 1, true)
    assert.is_nil(policy:find "unsafe")
    assert.is_nil(policy:find "script")
  end)

  it("has the life of the token, and not the token", function()
    local ask, client = serve()
    assert.matches("No token yet", ask({ accept = HTML }).body)
    client:token()
    local body = ask({ accept = HTML }).body
    assert.matches("Token in use", body)
    assert.is_nil(body:find("the-token-itself", 1, true))
    assert.is_nil(body:find(client.config.client_id or "app-", 1, true))
  end)

  it("shows that credentials are held back", function()
    local _, client = serve()
    local api = rest.new { service = service.new(client), client = client,
      version = "1" }
    api.metrics:event("latched", {})
    local body = api:handle({ method = "GET", path = "/", body = "",
      headers = { host = "localhost", accept = HTML } }).body
    assert.matches("Credentials held back", body)
  end)

  it("can be paused", function()
    local ask = serve()
    assert.matches('"refresh"', ask({ accept = HTML }).body)
    assert.is_nil(ask({ accept = HTML }, "GET", "pause").body
      :find('"refresh"', 1, true))
  end)

  it("is no path of a capability that has its own", function()
    assert.is_true(status.is_wanted { path = "/", method = "GET",
      headers = { accept = "text/html" } })
    local builtin = require("equinix.capability.builtin").plan()
    local plan = setmetatable({ routes = { { method = "GET", path = { "/" },
      operation = 1 } } }, { __index = builtin })
    local client = scripted.client {}
    local api = rest.new { service = service.new(client), client = client,
      version = "1", plan = plan }
    assert.is_false(api.has_page)
  end)
end)
