-- service/paths: the paths of REST.
local capability = require "spec.support.capability_parts"
local paths = require "equinix.service.paths"
local rest = require "equinix.service.rest"
local scripted = require "spec.support.scripted"
local service = require "equinix.service.token_service"

describe("the paths of REST", function()
  it("are those that are answered, and no other", function()
    local client = scripted.client { scripted.token "one" }
    local api = rest.new { service = service.new(client),
      client = client, version = "1" }
    local logged = paths.logged()
    assert.equal(7, #logged)
    for _, path in ipairs(logged) do
      local response = api:handle { method = "GET", path = path, body = "",
        headers = { host = "127.0.0.1:8080", accept = "text/html" } }
      assert.not_equal(404, response.status)
    end
  end)

  it("have those of the token as the plan has them", function()
    local plan = capability.plan { operations = {
      { name = "token", method = "POST", path = "/oauth2/v1/token" },
      { name = "get", method = "GET", path = "/api/{id}" } },
      routes = { { method = "POST", path = "/a/token", call = "token" },
        { method = "GET", path = "/b/{id}", call = "get" } } }
    assert.same({ ["/a/token"] = true }, paths.of_token(plan))
    assert.same({ "/", "/a/token", "/healthz", "/metrics", "/openapi.json",
      "/readyz" }, paths.logged(plan))
  end)

  it("stand once where a route takes the place of the status page", function()
    local plan = capability.plan { operations = {
      { name = "token", method = "POST", path = "/oauth2/v1/token" } },
      routes = { { method = "POST", path = "/", call = "token" } } }
    assert.same({ "/", "/healthz", "/metrics", "/openapi.json", "/readyz" },
      paths.logged(plan))
  end)

  it("are written as documents show them", function()
    assert.equal("/p/{id}/x", paths.template { "/p/", { name = "id" }, "/x" })
  end)
end)
