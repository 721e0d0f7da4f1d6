-- emulator/admin: /_emulator/, by which tests set the knobs.
local knobs = require "equinix.emulator.knobs"
local worlds = require "spec.support.world"

describe("/_emulator/config", function()
  local world
  before_each(function()
    world = worlds.new { lifetime = 100 }
  end)

  local function value(name)
    return world:send("GET", "/_emulator/config").json[name].value
  end

  it("shows every knob with value, default and help", function()
    local shown = world:send("GET", "/_emulator/config").json
    for _, knob in ipairs(knobs.list) do
      assert.equal(knob.default, shown[knob.name].default)
      assert.equal(knob.help, shown[knob.name].help)
    end
    assert.equal(100, shown.lifetime.value)
    assert.equal(3600, shown.lifetime.default)
  end)

  it("sets knobs, and leaves the others as they are", function()
    world:config { latency = 2 }
    world:config { rotate = true }
    assert.equal(2, value "latency")
    assert.is_true(value "rotate")
    world:config { rotate = false }
    assert.is_false(value "rotate")
  end)

  it("changes no knob when one of them is wrong", function()
    for _, wrong in ipairs {
      { latency = 2, latancy = 1 }, { latency = 2, lifetime = "x" },
    } do
      local response = world:send("POST", "/_emulator/config", {
        json = wrong,
      })
      assert.equal(400, response.status)
      assert.is_string(response.json.error)
      assert.equal(0, value "latency")
    end
  end)

  it("resets a knob of any type with null", function()
    local shown = world:send("GET", "/_emulator/config").json
    local set, null = {}, {}
    for _, knob in ipairs(knobs.list) do
      if knob.name ~= "revoke_all" then
        local value_of = { number = 500, boolean = not knob.default,
          string = knob.one_of and knob.one_of[2] or "1" }
        set[knob.name] = value_of[type(knob.default)]
      end
      null[#null + 1] = '"' .. knob.name .. '":null'
    end
    world:config(set)
    assert.equal("1", value "retry_after")
    local body = "{" .. table.concat(null, ",") .. "}"
    local response = world:send("POST", "/_emulator/config", { body = body })
    assert.equal(200, response.status)
    for name, knob in pairs(response.json) do
      assert.equal(shown[name].value, knob.value, name)
    end
    assert.equal(100, value "lifetime") -- that of the start
  end)

  it("changes nothing where a null is beside a mistake", function()
    world:config { retry_after = 2 }
    for _, body in ipairs { '{"retry_after":null,"latancy":null}',
      '{"retry_after":null,"latency":"x"}' } do
      local response = world:send("POST", "/_emulator/config", { body = body })
      assert.equal(400, response.status)
      assert.equal("2", value "retry_after")
    end
  end)

  it("refuses a count without a fault, and of what is no fault", function()
    for body, message in pairs {
      ['{"times":3}'] = "none is on",
      ['{"latency":1,"times":3}'] = "none is on",
      ['{"lifetime":{"value":5,"times":1}}'] = "is no fault",
      ['{"status":{"value":503}}'] = "knob 'times' must be a number",
      ['{"status":{"times":3}}'] = "knob 'status' must be a number",
      ['{"status":{"value":503,"times":-1}}'] = "must be 0 or more",
      ['{"status":{"value":503,"time":1}}'] = "other than value and times",
      ['{"status":[503,1]}'] = "other than value and times",
      ['{"stattus":{"value":503,"times":1}}'] = "did you mean 'status'",
    } do
      local response = world:send("POST", "/_emulator/config", { body = body })
      assert.equal(400, response.status, body)
      assert.matches(message, response.json.error, 1, true)
      assert.equal(0, value "status")
    end
  end)

  it("refuses a body that is not an object", function()
    for _, body in ipairs { "", "x", "7" } do
      assert.equal(400, world:send("POST", "/_emulator/config", {
        body = body,
      }).status)
    end
  end)
end)

describe("/_emulator/reset", function()
  it("returns to the start: knobs, tokens, log, lock-outs", function()
    local world = worlds.new { lifetime = 100 }
    local token = world:token().json.access_token
    world:config { lifetime = 5, lock_after = 1 }
    world:token { client_secret = "wrong" }
    world:send("POST", "/_emulator/reset")
    assert.equal("100", world:token().json.token_timeout)
    assert.equal(401, world:send("GET", "/fabric/v4/health", {
      token = token,
    }).status)
    assert.equal(2, #world:send("GET", "/_emulator/log").json.requests)
  end)
end)

describe("/_emulator/rotate_secret", function()
  it("replaces the secret, and keeps tokens; a reset keeps the secret",
    function()
      local world = worlds.new()
      local token = world:token().json.access_token
      local answer = world:send("POST", "/_emulator/rotate_secret").json
      assert.equal("the-app", answer.client_id)
      assert.equal(32, #answer.client_secret)
      assert.equal(200, world:send("GET", "/fabric/v4/health", {
        token = token,
      }).status)
      for _ = 1, 2 do
        assert.equal(400, world:token().status)
        assert.equal(200, world:token({
          client_secret = answer.client_secret,
        }).status)
        world:send("POST", "/_emulator/reset")
      end
    end)
end)

describe("a knob with times", function()
  local world
  local function shown(name)
    local knob = world:send("GET", "/_emulator/config").json[name]
    return { knob.value, knob.left }
  end
  local function refused(n)
    for _ = 1, n do
      assert.not_equal(200, world:token().status)
    end
  end

  it("shows how many requests are left, and then its default", function()
    world = worlds.new()
    world:config { status = 503, scope = "/oauth2", latency = 1, times = 2 }
    assert.same({ 503, 2 }, shown "status")
    refused(1)
    assert.same({ 503, 1 }, shown "status")
    assert.same({ 1 }, shown "times")
    refused(1)
    assert.same({ 0 }, shown "status")
    assert.same({ "" }, shown "scope")
    assert.same({ 0 }, shown "times")
    assert.same({ 1 }, shown "latency") -- it is no fault
    assert.equal(200, world:token().status)
  end)

  it("has a count of its own where it is an object", function()
    world = worlds.new()
    world:config { status = { value = 503, times = 2 }, html = true }
    assert.same({ 503, 2 }, shown "status")
    assert.same({ true }, shown "html")
    refused(2)
    local response = world:token()
    assert.equal(200, response.status)
    assert.matches("^<html>", response.body)
  end)

  it("returns to its value at the start", function()
    world = worlds.new { status = 500 }
    world:config { status = 503, times = 1 }
    assert.equal(503, world:token().status)
    assert.equal(500, world:token().status)
    assert.equal(500, world:token().status)
  end)

  it("counts from the start where that says times, and after a reset",
    function()
      world = worlds.new { status = 503, times = 2 }
      for _ = 1, 2 do
        assert.same({ 503, 2 }, shown "status")
        refused(2)
        assert.same({ 0 }, shown "status")
        assert.equal(200, world:token().status)
        world:send("POST", "/_emulator/reset")
      end
    end)

  it("is counted by times alone where it is on, and stays by times = 0",
    function()
      world = worlds.new()
      world:config { status = 503 }
      world:config { times = 2 }
      assert.same({ 503, 2 }, shown "status")
      world:config { times = 0 }
      refused(3)
      assert.same({ 503 }, shown "status")
    end)

  it("counts as at the start when times is null", function()
    world = worlds.new()
    world:config { status = 503, times = 2 }
    local function null()
      local response = world:send("POST", "/_emulator/config",
        { body = '{"times":null}' })
      assert.equal(200, response.status)
      return response.json
    end
    assert.equal(0, null().times.value)
    refused(3)
    assert.same({ 503 }, shown "status")
    world = worlds.new { status = 503, times = 2 }
    refused(1)
    assert.equal(2, null().times.value)
    world:send("POST", "/_emulator/config", { body = '{"status":0}' })
    null() -- also when no fault is on
  end)

  it("keeps a value that is set while another count ends", function()
    world = worlds.new()
    world:config { status = 503, times = 1 }
    refused(1)
    world:config { status = 502 }
    refused(2)
    assert.same({ 502 }, shown "status")
  end)
end)

describe("/_emulator/", function()
  it("names its calls where there is none", function()
    local world = worlds.new()
    for _, request in ipairs { { "GET", "/_emulator/nothing" },
      { "POST", "/_emulator/" },
      { "GET", "/_emulator/reset" }, { "DELETE", "/_emulator/config" } } do
      local response = world:send(request[1], request[2])
      assert.equal(404, response.status)
      assert.matches("/_emulator/log", response.json.error)
    end
  end)
end)
