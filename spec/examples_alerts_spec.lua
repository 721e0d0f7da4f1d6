-- The alerts and the dashboard among the examples: a real Prometheus scrapes
-- the service and a gateway, each alert fires when something is broken, and
-- ends when that is repaired.
local emulator = require "spec.support.emulator"
local json = require "equinix.base.json"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"
local prometheus = require "spec.support.prometheus"
local read_file = require("equinix.base.file").read
local serve = require "spec.support.serve"
local socket = require "socket"
local write = require("equinix.base.file").write

local missing = serve.missing() or prometheus.why_not()
if missing then
  pending("the alerts: " .. missing)
  return
end

local RULES = "examples/alerts.yml"
local DASHBOARD = "examples/grafana-dashboard.json"
local DOOR = "the-auth-token-0123456789"
local AUTHORIZED = { Authorization = "Bearer " .. DOOR }

-- Times for a spec, as the head of the file says.
local function shortened(text)
  local ranges, fors
  text = text:gsub("#[^\n]*", "")
  text, ranges = text:gsub("%[%d+[mh]%]", "[8s]")
  text, fors = text:gsub("for: %d+m", "for: 1s")
  assert(ranges == 6 and fors == 4)
  return text
end

-- The alerts of the file.
local function alerts()
  local names = {}
  for name in read_file(RULES):gmatch "alert: (%w+)" do
    names[#names + 1] = name
  end
  return names
end

-- Of a dashboard: every expression in it.
local function expressions(value, found)
  found = found or {}
  for name, member in pairs(value) do
    if type(member) == "table" then
      expressions(member, found)
    elseif name == "expr" or name == "definition" then
      found[#found + 1] = member
    end
  end
  return found
end

describe("the alerts", function()
  it("are valid, and say what to do", function()
    local said, code = process.capture("promtool check rules " .. RULES)
    assert.equal(0, code, said)
    local _, actions = read_file(RULES):gsub("action:", "")
    assert.equal(#alerts(), actions)
  end)

  -- What promtool is given: {series, values}, minutes, the alerts then.
  local CASES = {
    { series = { equinix_gateway_ready = "1x1 0x9" },
      { 2, "" }, { 4, "EquinixGatewayWithoutToken" } },
    { series = { equinix_credentials_latched = "0x2 1x9" },
      { 1, "" }, { 3, "EquinixCredentialsLatched" } },
    -- 300 seconds are left of 3600, and callers ask.
    { series = { equinix_token_left_seconds = "900-60x20",
        equinix_token_life_seconds = "3600x20",
        ['equinix_requests_total{path="/oauth2/v1/token",status="200"}']
          = "0+60x20" },
      { 11, "" }, { 14, "EquinixTokenNotRenewed" } },
    { series = { equinix_token_left_seconds = "900-60x20",
        equinix_token_life_seconds = "3600x20",
        ['equinix_requests_total{path="/metrics",status="200"}']
          = "0+60x20" },
      { 14, "" } },
    { series = { equinix_token_failures_total = "0x5 1+1x10",
        equinix_token_renewals_total = "7x15" },
      { 5, "" }, { 9, "EquinixRenewalsFailing" } },
    { series = { equinix_token_failures_total = "0+1x15",
        equinix_token_renewals_total = "0+1x15" }, { 9, "" } },
    { series = { ['equinix_store_failures_total{op="save"}'] = "0x5 1x90" },
      { 5, "" }, { 7, "EquinixStoreFailing" }, { 90, "" } },
    { series = { ['equinix_requests_total{path="/a",status="200"}']
        = "0+90x30", ['equinix_requests_total{path="/a",status="502"}']
        = "0+10x30" }, { 4, "" }, { 12, "EquinixServerErrors" } },
    { series = { ['equinix_requests_total{path="/a",status="200"}']
        = "0+97x30", ['equinix_requests_total{path="/a",status="502"}']
        = "0+3x30" }, { 12, "" } },
  }

  local FIRING = 'count by (alertname) (ALERTS{alertstate="firing"})'
  local SAMPLE = "{labels: '{alertname=\"%s\"}', value: 1}"

  it("fire at their times, and not for less", function()
    local dir, lines = process.tempdir(), {}
    finally(function()
      process.remove(dir)
    end)
    local function add(text, ...)
      lines[#lines + 1] = text:format(...)
    end
    add("rule_files: ['%s/%s']\ntests:", process.capture "pwd", RULES)
    for _, case in ipairs(CASES) do
      add "- interval: 1m\n  input_series:"
      for series, values in pairs(case.series) do
        add("  - {series: '%s', values: '%s'}", series, values)
      end
      add "  promql_expr_test:"
      for _, at in ipairs(case) do
        add("  - {eval_time: %dm, exp_samples: [%s], expr: '%s'}", at[1],
          at[2] ~= "" and SAMPLE:format(at[2]) or "", FIRING)
      end
    end
    assert(write(dir .. "/test.yml", table.concat(lines, "\n") .. "\n"))
    local said, code = process.capture("promtool test rules " .. dir
      .. "/test.yml")
    assert.equal(0, code, said)
  end)
end)

describe("a Prometheus", function()
  local e, s, n, p, dir

  setup(function()
    dir = process.tempdir()
    e = emulator.start { plain = true, config = { lifetime = 10 } }
    assert(write(dir .. "/secret", e.client_secret .. "\n"))
    assert(write(dir .. "/door", DOOR .. "\n"))
    os.execute("chmod 600 " .. dir .. "/door")
    s = serve.start(e, { "--workers", "1", "--auth-token-file",
      dir .. "/door" }, { env = { EQUINIX_API_CLIENTSECRET = false,
        EQUINIX_API_CLIENTSECRET_FILE = dir .. "/secret" } })
    n = nginx.start {
      files = { ["demo.lua"] = nginx.client(e, "timeout = 5") },
      http = 'init_by_lua_block { require "equinix" }',
      server = [[ location = /metrics { content_by_lua_block {
        require("equinix.nginx").metrics(require "demo") } } ]],
    }
    p = prometheus.start { rules = shortened(read_file(RULES)),
      token_file = dir .. "/door", targets = {
        s.rest_url:match "//(.+)$", n.url:match "//(.+)$" } }
  end)
  teardown(function()
    for _, one in ipairs { p or false, n or false, s or false, e or false } do
      if one then
        one:stop()
      end
    end
    process.remove(dir)
  end)

  -- Callers go on asking until that is so.
  local function asked_until(condition)
    return process.eventually(function()
      s:rest("POST", "/oauth2/v1/token", { headers = AUTHORIZED })
      socket.sleep(0.2)
      return condition()
    end, 30)
  end

  local function fires(...)
    for _, name in ipairs { ... } do
      assert.is_true(asked_until(function()
        return p:fired()[name]
      end), name)
    end
  end

  local function ends(...)
    for _, name in ipairs { ... } do
      assert(asked_until(function()
        return not p:firing()[name]
      end), name)
    end
  end

  it("scrapes the service behind its door, and the gateway", function()
    assert(asked_until(function()
      return #p:query "equinix_build_info" == 2
        and #p:query "equinix_gateway_ready == 1" == 1
    end))
    local _, _, _, served = s:rest("GET", "/metrics", {
      headers = AUTHORIZED })
    served = served .. n:ok "/metrics"
    local text = read_file(DASHBOARD)
    for name in (text .. read_file(RULES)):gmatch "equinix_[%l_]+" do
      assert.is_truthy(served:find("\n" .. name .. "[{ ]"), name)
    end
  end)

  it("understands each expression of the dashboard", function()
    local board = assert(json.decode(read_file(DASHBOARD)))
    local found = expressions(board)
    assert.is_true(#found > 20)
    for _, expression in ipairs(found) do
      expression = expression:gsub("%$__rate_interval", "10s")
        :gsub("%$%l+", ".*"):gsub("label_values%((.*), %l+%)$", "%1")
      assert.is_table(p:query(expression), expression)
    end
    for i, panel in ipairs(board.panels) do
      assert.equal(i, panel.id)
      assert.equal("${datasource}", panel.datasource.uid)
      for _, name in ipairs { "title", "type" } do
        assert.is_string(panel[name])
      end
      assert.is_true(panel.gridPos.x + panel.gridPos.w <= 24)
    end
    assert.equal("datasource", board.templating.list[1].type)
  end)

  it("sees the token endpoint fail: renewals, the token, callers, the gateway",
    function()
      e:config { status = 503 }
      fires("EquinixRenewalsFailing", "EquinixTokenNotRenewed",
        "EquinixServerErrors", "EquinixGatewayWithoutToken")
      e:reset()
      ends("EquinixRenewalsFailing", "EquinixTokenNotRenewed",
        "EquinixServerErrors", "EquinixGatewayWithoutToken")
    end)

  it("sees credentials that Equinix refuses", function()
    assert(write(dir .. "/secret", "not-the-secret-of-this-app\n"))
    fires "EquinixCredentialsLatched"
    assert(write(dir .. "/secret", e.client_secret .. "\n"))
    ends "EquinixCredentialsLatched"
  end)

  it("sees a store that fails", function()
    local folder = s.runtime_dir .. "/equinix"
    assert.equal(0, select(2, process.capture("chmod 777 " .. folder)))
    fires "EquinixStoreFailing"
    os.execute("chmod 700 " .. folder)
    ends "EquinixStoreFailing"
  end)

  it("saw each alert of the file", function()
    local fired = p:fired()
    for _, name in ipairs(alerts()) do
      assert.is_true(fired[name], name)
    end
  end)
end)
