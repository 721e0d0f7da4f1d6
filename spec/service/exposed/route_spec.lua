-- route: one route, with a scripted Equinix behind it. Real answers are in
-- spec/serve/capability_answers_spec.lua.
local capability = require "spec.support.capability_parts"
local exposed = require "equinix.service.exposed"
local json = require "equinix.base.json"
local route = require "equinix.service.exposed.route"
local scripted = require "spec.support.scripted"

local PARTS = {
  operations = { { name = "get", method = "GET", path = "/api/{id}" } },
  routes = { { method = "GET", path = "/x/{id}", call = "get" } },
}

local function made(responses)
  table.insert(responses, 1, scripted.token "the-token-of-this-spec")
  local client, transport = scripted.client(responses)
  local plan = capability.plan(PARTS)
  local r = route.new(plan.routes[1], exposed.new(plan, { client = client }),
    "/x/{id}")
  return function(segment, headers)
    return r:answer({ headers = headers or {} }, { "id" }, { segment }, "")
  end, transport
end

describe("a route", function()
  it("sends one request, with the token and the caller's trace", function()
    local ask, transport = made { scripted.json(200, "[1]") }
    local trace = "00-" .. ("a"):rep(32) .. "-" .. ("b"):rep(16) .. "-01"
    local response = ask("7", { traceparent = trace })
    assert.equal(200, response.status)
    assert.equal("[1]", response.body)
    local sent = transport.sent[2]
    assert.is_truthy(sent.request.url:find "/api/7$")
    assert.equal("Bearer the-token-of-this-spec", sent.authorization)
    local seen
    for _, header in ipairs(sent.request.headers) do
      seen = seen or header[1] == "traceparent" and header[2]
    end
    assert.equal(trace, seen)
    ask("7", { traceparent = "no trace" })
    for _, header in ipairs(transport.sent[3].request.headers) do
      assert.not_equal("traceparent", header[1])
    end
  end)

  it("requests no token for what it does not send", function()
    local ask, transport = made {}
    assert.equal(400, ask("%2f").status)
    assert.equal(0, #transport.sent)
  end)

  it("says of its own credentials only that they were refused", function()
    local client = scripted.client { scripted.refused() }
    local plan = capability.plan(PARTS)
    local r = route.new(plan.routes[1],
      exposed.new(plan, { client = client }), "/x/{id}")
    local response, err = r:answer({ headers = {} }, { "id" }, { "7" }, "")
    assert.equal(401, response.status)
    assert.equal("auth", err.kind)
    assert.is_truthy(json.decode(response.body).detail
      :find("credentials of the service", 1, true))
  end)

  it("returns an error for the log where Equinix gave no answer", function()
    local ask = made { scripted.broken("network", false) }
    local response, err = ask "7"
    assert.equal(502, response.status)
    assert.equal("network", err.kind)
    local _, none = made { scripted.json(404, {}) } "7"
    assert.is_nil(none)
  end)
end)
