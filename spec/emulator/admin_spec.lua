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

describe("/_emulator/", function()
  it("names its calls where there is none", function()
    local world = worlds.new()
    for _, request in ipairs { { "GET", "/_emulator/" },
      { "GET", "/_emulator/reset" }, { "DELETE", "/_emulator/config" } } do
      local response = world:send(request[1], request[2])
      assert.equal(404, response.status)
      assert.matches("/_emulator/log", response.json.error)
    end
  end)
end)
