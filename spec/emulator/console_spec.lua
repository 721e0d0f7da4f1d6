-- emulator/console: its files, and the state that the page asks for.
local console = require "equinix.emulator.console"
local knobs = require "equinix.emulator.knobs"
local worlds = require "spec.support.world"

local FILES = { "/_emulator/", "/_emulator/console/icon.svg",
  "/_emulator/console/panels.js", "/_emulator/console/requests.js",
  "/_emulator/console/snippets.js", "/_emulator/console/style.css" }

describe("the console's files", function()
  local world = worlds.new()

  local function get(path)
    return world:send("GET", path)
  end

  it("are served with a policy that lets in nothing else", function()
    for _, path in ipairs(FILES) do
      local response = get(path)
      assert.equal(200, response.status, path)
      local policy = response.headers["Content-Security-Policy"]
      assert.matches("default-src 'none'; script-src 'self'; ", policy, 1,
        true)
      assert.is_nil(policy:find "unsafe")
      for directive in policy:gmatch "%a+-src ([^;]+)" do
        assert.is_truthy(directive == "'self'" or directive == "'none'")
      end
      for _, part in ipairs { "frame-ancestors 'none'", "base-uri 'none'",
        "form-action 'none'" } do
        assert.is_truthy(policy:find(part, 1, true), part)
      end
      assert.equal("nosniff", response.headers["X-Content-Type-Options"])
      assert.equal("no-store", response.headers["Cache-Control"])
    end
    assert.equal("text/html; charset=utf-8",
      get("/_emulator/").headers["Content-Type"])
  end)

  it("are under 60 kB together", function()
    local bytes = 0
    for _, path in ipairs(FILES) do
      bytes = bytes + #get(path).body
    end
    assert.is_true(bytes < 60000, bytes)
  end)

  it("name no other host, and have no script or style in line", function()
    for _, path in ipairs(FILES) do
      local body = get(path).body
      for url in body:gmatch "https?://[^\"' ]+" do
        assert.is_truthy(url == "http://www.w3.org/2000/svg" -- a namespace
          or url == "https://example.com/", url) -- a value to be changed
      end
      for _, pattern in ipairs { "innerHTML", "insertAdjacentHTML", "eval%(",
        " on%l+=", " style=", "<script>", "<style", "@import" } do
        assert.is_nil(body:find(pattern), path .. " has " .. pattern)
      end
    end
  end)

  it("have a control with a label and a help for every knob", function()
    local page = get("/_emulator/").body
    for _, knob in ipairs(knobs.list) do
      if knob.name ~= "revoke_all" then -- the button "Revoke all"
        local name = knob.name
        assert.matches(('<label for="knob%%-%s">'):format(name), page)
        local control = assert(page:match(
          ('<[^<>]* id="knob%%-%s"[^<>]*>'):format(name)), name)
        assert.is_truthy(control:find(('aria-describedby="help-%s"')
          :format(name), 1, true))
        local help = page:match(('<p id="help%%-%s">(.-)</p>'):format(name))
        assert.equal(knob.help, (help:gsub("&lt;", "<"):gsub("&amp;", "&")))
      end
    end
    assert.is_nil(page:find("%(", 1, true)) -- no place was left open
  end)

  it("lead from /_emulator to /_emulator/, which is no API call", function()
    local response = get "/_emulator"
    assert.equal(301, response.status)
    assert.equal("/_emulator/", response.headers.Location)
    assert.same({}, get("/_emulator/log").json.requests)
  end)
end)

describe("the console's state", function()
  local world
  before_each(function()
    world = worlds.new { lifetime = 60 }
  end)

  local function state(after)
    return world:send("GET", "/_emulator/console/state", {
      query = { after = after },
    }).json
  end

  it("has everything that the page shows", function()
    local token = world:token().json.access_token
    world:send("GET", "/fabric/v4/health", { token = token })
    world:token { client_secret = "wrong" }
    world:config { api_status = 503, times = 2, latency = 0 }
    world:send("GET", "/fabric/v4/health", { token = token })
    local seen = state()
    assert.equal(4, seen.last)
    assert.equal(4, #seen.requests)
    assert.same({ ["2xx"] = 2, ["3xx"] = 0, ["4xx"] = 1, ["5xx"] = 1,
      faults = 1 }, seen.totals)
    assert.equal("valid", seen.tokens[1].state)
    assert.equal(2, seen.tokens[1].uses)
    assert.equal(1, seen.accounts[1].wrong)
    assert.equal(503, seen.knobs.api_status)
    assert.equal(1, seen.left.api_status)
    assert.same({ lifetime = 60 }, seen.start)
    assert.equal(world.time, seen.now)
  end)

  it("has the newest hundred requests; the rest is in its count", function()
    for _ = 1, 250 do
      world:send("GET", "/fabric/v4/health")
    end
    local seen = state()
    assert.equal(250, seen.last)
    assert.equal(100, #seen.requests)
    assert.equal(151, seen.requests[1].n)
    assert.equal(20, #state("230").requests)
  end)

  it("says when the log begins anew", function()
    world:send("GET", "/fabric/v4/health")
    assert.equal(0, state().reset)
    world:send("POST", "/_emulator/reset")
    assert.equal(world.time, state().reset)
    assert.equal(0, state("1").last)
  end)

  it("holds no secret and no whole token", function()
    local body = world:token().json
    world:token { client_id = "the-secret-of-another" }
    local text = world:send("GET", "/_emulator/console/state").body
    for _, secret in ipairs { "the-secret", "the-password",
      body.access_token:sub(1, 6) } do
      assert.is_nil(text:find(secret, 1, true), secret)
    end
    assert.is_nil(console.state(world, 0):find("the-secret", 1, true))
  end)
end)
