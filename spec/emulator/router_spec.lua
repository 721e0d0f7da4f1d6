-- emulator/router: which request gets to which call.
local worlds = require "spec.support.world"

describe("the emulator's router", function()
  local world, token
  before_each(function()
    world = worlds.new()
    token = world:token().json.access_token
  end)

  it("answers 404 with Fabric's error where there is no call", function()
    for _, path in ipairs { "/", "/oauth2/v1/tokens", "/fabric/v4/ports/",
      "/xfabric/v4/ports", "/fabric/v4/portsx", "/colocations/v2/orders/" } do
      local response = world:send("GET", path, { token = token })
      assert.equal(404, response.status, path)
      assert.equal("EQ-3045811", response.json[1].errorCode)
    end
  end)

  it("answers 405 with what is allowed", function()
    local response = world:send("DELETE", "/fabric/v4/ports", {
      token = token,
    })
    assert.equal(405, response.status)
    assert.equal("GET", response.headers.Allow)
    assert.equal("POST", world:send("GET", "/oauth2/v1/token").headers.Allow)
  end)

  it("takes HEAD for GET", function()
    assert.equal(200, world:send("HEAD", "/fabric/v4/health", {
      token = token,
    }).status)
  end)

  it("takes a dash in a path for a dash, a dot for a dot", function()
    assert.equal(404, world:send("GET", "/fabricXv4/ports", {
      token = token,
    }).status)
    assert.equal(404, world:send("GET", "/fabric/v4.health", {
      token = token,
    }).status)
  end)

  it("checks the path before the token: 404 comes before 401",
    function()
      assert.equal(404, world:send("GET", "/nowhere").status)
      local response = world:send("GET", "/fabric/v4/health")
      assert.equal(401, response.status)
      assert.equal("Bearer", response.headers["WWW-Authenticate"])
    end)

  it("sets Content-Type when there is a body", function()
    assert.equal("application/json",
      world:send("GET", "/fabric/v4/health").headers["Content-Type"])
    world:config { redirect = "/x" }
    assert.is_nil(world:send("GET", "/fabric/v4/health")
      .headers["Content-Type"])
  end)
end)
