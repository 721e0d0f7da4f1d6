-- metrics: what Prometheus reads.
local metrics = require "equinix.service.metrics"
local scripted = require "spec.support.scripted"
local service = require "equinix.service.token_service"

-- name{labels} -> value; fails for a line that is neither that nor a comment.
local function samples(text)
  local found = {}
  for line in text:gmatch "[^\n]+" do
    if not line:find "^#" then
      local key, value = line:match "^([%w_]+{?.*) ([%d.]+)$"
      assert(key, line)
      assert(not found[key], "twice: " .. line)
      found[key] = tonumber(value)
    end
  end
  return found
end

local function new(responses)
  local client = scripted.client(responses or { scripted.token "one" })
  return metrics.new(), service.new(client), client
end

describe("the counters", function()
  it("count requests by interface, path and status", function()
    local m, s = new()
    for _ = 1, 3 do
      m:request("rest", "/oauth2/v1/token", 200, 0.0001)
    end
    m:request("rest", "other", 404, 0)
    m:request("mcp", "/mcp", 200, 0)
    local seen = samples(m:text(s))
    local function count(interface, path, status)
      return seen[('equinix_requests_total{face="%s",path="%s",status="%d"}')
        :format(interface, path, status)]
    end
    assert.equal(3, count("rest", "/oauth2/v1/token", 200))
    assert.equal(1, count("rest", "other", 404))
    assert.equal(1, count("mcp", "/mcp", 200))
  end)

  it("show how long requests took, in cumulative buckets",
    function()
      local m, s = new()
      for _, seconds in ipairs { 0, 0.001, 0.002, 0.3, 31 } do
        m:request("rest", "/x", 200, seconds)
      end
      local seen = samples(m:text(s))
      local function bucket(le)
        return seen['equinix_request_seconds_bucket{face="rest",path="/x",'
          .. 'le="' .. le .. '"}']
      end
      local counts = {}
      for i, le in ipairs { "0.001", "0.005", "0.1", "0.5", "30", "+Inf" } do
        counts[i] = bucket(le)
      end
      assert.same({ 2, 3, 3, 4, 4, 5 }, counts)
      local labels = '{face="rest",path="/x"}'
      assert.equal(5, seen["equinix_request_seconds_count" .. labels])
      assert.near(31.303, seen["equinix_request_seconds_sum" .. labels],
        0.0001)
    end)

  it("are in the order of their bounds, below one TYPE for each family",
    function()
      local m, s = new()
      m:request("rest", "/x", 200, 3)
      local text, order, types = m:text(s), {}, {}
      for le in text:gmatch 'le="([^"]+)"' do
        order[#order + 1] = tonumber(le) or math.huge
      end
      for i = 2, #order do
        assert.is_true(order[i] > order[i - 1])
      end
      for name, kind in text:gmatch "# TYPE (%S+) (%S+)" do
        assert.is_nil(types[name])
        types[name] = kind
      end
      assert.equal("histogram", types.equinix_request_seconds)
      assert.equal("counter", types.equinix_requests_total)
      assert.equal("gauge", types.equinix_credentials_latched)
      assert.equal("\n", text:sub(-1))
    end)

  it("show the token's age and what is left of it, once there is one",
    function()
      local m, s, client = new()
      assert.is_nil(samples(m:text(s)).equinix_token_life_seconds)
      client:token()
      local seen = samples(m:text(s))
      assert.equal(3600, seen.equinix_token_life_seconds)
      assert.near(3600, seen.equinix_token_left_seconds, 60)
      assert.near(0, seen.equinix_token_age_seconds, 60)
      assert.equal(1, seen.equinix_token_renewals_total)
      assert.equal(1, seen.equinix_token_requests_total)
    end)

  it("count refusals by kind, and store operations that failed",
    function()
      local m, s = new()
      m:failure { kind = "network" }
      m:failure { kind = "network" }
      m:event("store_failed", { op = "save" })
      m:event("unknown event", {})
      local seen = samples(m:text(s))
      assert.equal(2, seen['equinix_failures_total{kind="network"}'])
      assert.equal(1, seen['equinix_store_failures_total{op="save"}'])
    end)

  it("are 0 before the first failure, so that it is an increase", function()
    local m, s = new()
    local seen = samples(m:text(s))
    for _, key in ipairs { 'equinix_store_failures_total{op="load"}',
      'equinix_store_failures_total{op="unlock"}',
      'equinix_failures_total{kind="timeout"}',
      "equinix_token_failures_total", "equinix_credentials_latched" } do
      assert.equal(0, seen[key], key)
    end
  end)

  it("name the versions of what answers", function()
    local _, s = new()
    local text = metrics.new(nil, { version = "1.2", lua = 'a"\\\nb' }):text(s)
    assert.is_truthy(text:find('\nequinix_build_info{lua="ab",version="1.2"} 1'
      .. "\n", 1, true), text)
  end)

  it("of a gateway say whether it has a token to send", function()
    local _, s, client = new()
    local seen = samples(metrics.of_gateway(s, { version = "1" }, false))
    assert.equal(0, seen.equinix_gateway_ready)
    assert.is_nil(seen.equinix_token_left_seconds)
    assert.is_nil(seen.equinix_credentials_latched)
    client:token()
    seen = samples(metrics.of_gateway(s, { version = "1" }, true))
    assert.equal(1, seen.equinix_gateway_ready)
    assert.equal(3600, seen.equinix_token_life_seconds)
    assert.equal(1, seen.equinix_token_renewals_total)
  end)

  it("show that credentials are held back, until a token comes", function()
    local m, s = new()
    local function latched()
      return samples(m:text(s)).equinix_credentials_latched
    end
    assert.equal(0, latched())
    assert.is_false(m:latched())
    m:event("latched", {})
    assert.equal(1, latched())
    assert.is_true(m:latched())
    m:event("token_renewed", {})
    assert.equal(0, latched())
    m:event("token_failed", { code = "latched" })
    assert.equal(1, latched())
    m:event("token_failed", { code = "S1006" })
    m:event("token_loaded", {})
    assert.equal(0, latched())
  end)
end)
