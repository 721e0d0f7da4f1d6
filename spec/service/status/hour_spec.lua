-- status/hour: what happened in each minute of the last hour.
local hour = require "equinix.service.status.hour"

local REQUEST = 'equinix_requests_total{face="rest",path="%s",status="%d"}'

-- A dictionary that forgets, as ngx.shared does.
local function dictionary(now)
  local dict = { values = {}, ends = {} }
  function dict:incr(key, by, init, ttl)
    self.values[key] = (self:get(key) or init) + by
    self.ends[key] = self.ends[key] or now() + ttl
  end
  function dict:get(key)
    return (self.ends[key] or 0) > now() and self.values[key] or nil
  end
  return dict
end

describe("the last hour", function()
  local at, dict, h
  local function now()
    return at
  end

  before_each(function()
    at = 1800000030
    dict = dictionary(now)
    h = hour.new(dict, now)
  end)

  it("has sixty minutes, the current one last", function()
    local minutes = h:read()
    assert.equal(60, #minutes)
    assert.equal(1800000000, minutes[60].at)
    assert.equal(1800000000 - 59 * 60, minutes[1].at)
    assert.is_nil(minutes[60].answered)
  end)

  it("counts requests by what became of them", function()
    h:add(REQUEST:format("/oauth2/v1/token", 200), 3)
    h:add(REQUEST:format("/oauth2/v1/token", 204), 1)
    h:add(REQUEST:format("/oauth2/v1/token", 429), 2)
    at = at + 60
    h:add(REQUEST:format("other", 404), 1)
    h:add(REQUEST:format("/oauth2/v1/token", 503), 5)
    local minutes = h:read()
    assert.same({ at = minutes[59].at, answered = 4, refused = 2 },
      minutes[59])
    assert.same({ at = minutes[60].at, refused = 1, failed = 5 },
      minutes[60])
  end)

  it("counts errors by kind, and events", function()
    h:add('equinix_failures_total{kind="network"}', 2)
    for _, name in ipairs { "token_renewed", "token_failed", "token_loaded",
      "token_rejected", "store_failed", "token_request", "latched" } do
      h:event(name)
    end
    assert.same({ at = 1800000000, kind_network = 2, renewed = 1,
      renewal_failed = 1, loaded = 1, rejected = 1, store_failed = 1 },
      h:read()[60])
  end)

  it("leaves out what only looks at the service, and all other samples",
    function()
      for _, path in ipairs { "/", "/healthz", "/readyz", "/metrics",
        "/openapi.json" } do
        h:add(REQUEST:format(path, 200), 1)
      end
      for _, key in ipairs { 'equinix_store_failures_total{op="save"}',
        'equinix_request_seconds_sum{face="rest",path="/x"}', "" } do
        h:add(key, 1)
      end
      assert.same({}, dict.values)
    end)

  it("forgets a minute when it is an hour old", function()
    h:add(REQUEST:format("/a", 200), 1)
    at = at + 59 * 60
    assert.equal(1, h:read()[1].answered)
    at = at + 60
    assert.is_nil(h:read()[1].answered)
    at = at + 180
    for key in pairs(dict.values) do
      assert.is_nil(dict:get(key))
    end
  end)
end)
