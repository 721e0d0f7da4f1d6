-- emulator/tokens: issued, checked, refreshed and revoked.
local tokens = require "equinix.emulator.tokens"
local worlds = require "spec.support.world"

describe("the emulator's tokens", function()
  local world
  before_each(function()
    world = worlds.new()
  end)

  local function is_valid(token)
    return tokens.is_valid(world, "Bearer " .. token)
  end

  it("are 28 letters and digits, no two the same", function()
    local seen = {}
    for _ = 1, 100 do
      local token = world:token().json.access_token
      assert.matches("^%w+$", token)
      assert.equal(28, #token)
      assert.is_nil(seen[token])
      seen[token] = true
    end
  end)

  it("use every letter, none more often than another", function()
    local counts, n = {}, 62 * 500
    local text = tokens.text(world.random, n)
    for char in text:gmatch "." do
      counts[char] = (counts[char] or 0) + 1
    end
    local kinds = 0
    for char, count in pairs(counts) do
      -- Seven standard deviations: 500 +- 7 * 22.
      assert.is_true(count > 345 and count < 655, char .. " " .. count)
      kinds = kinds + 1
    end
    assert.equal(62, kinds)
    -- 256 is no multiple of 62: with plain remainders the first eight would
    -- come to 4844.
    local first = 0
    for char in ("ABCDEFGH"):gmatch "." do
      first = first + counts[char]
    end
    assert.is_true(first > 3580 and first < 4420, tostring(first))
  end)

  it("are as long as token_bytes says", function()
    world:config { token_bytes = 4000 }
    assert.equal(4000, #world:token().json.access_token)
  end)

  it("are valid until their lifetime is over, and no longer", function()
    world:config { lifetime = 10 }
    local token = world:token().json.access_token
    world.time = world.time + 9.9
    assert.is_true(is_valid(token))
    world.time = world.time + 0.1
    assert.is_false(is_valid(token))
  end)

  it("with no lifetime are issued, but never valid", function()
    for _, lifetime in ipairs { 0, -5 } do
      world:config { lifetime = lifetime }
      local body = world:token().json
      assert.equal(tostring(lifetime), body.token_timeout)
      assert.is_false(is_valid(body.access_token))
    end
  end)

  it("need the scheme Bearer, in any case, and nothing else", function()
    local token = world:token().json.access_token
    for _, good in ipairs { "Bearer ", "bearer ", "BEARER  " } do
      assert.is_true(tokens.is_valid(world, good .. token), good)
    end
    for _, bad in ipairs { "", "Basic ", "Bearer", "Bearer x " } do
      assert.is_false(tokens.is_valid(world, bad .. token), bad)
    end
    assert.is_false(tokens.is_valid(world, "Bearer " .. token .. " x"))
    assert.is_false(tokens.is_valid(world, nil))
    assert.is_false(is_valid "refresh")
  end)

  it("all end with revoke_all, refresh tokens too; new ones are valid",
    function()
      world:config { refresh_tokens = true }
      local old = world:token().json
      world:config { revoke_all = true }
      assert.is_false(is_valid(old.access_token))
      assert.equal(401, world:refresh(old.refresh_token).status)
      assert.is_true(is_valid(world:token().json.access_token))
      -- It was an action: the next change must not revoke again.
      local new = world:token().json.access_token
      world:config { latency = 0 }
      assert.is_false(world:send("GET", "/_emulator/config")
        .json.revoke_all.value)
      assert.is_true(is_valid(new))
    end)

  it("have their timeout as a text, a number, or any other text",
    function()
      assert.equal("3600", world:token().json.token_timeout)
      world:config { number_timeout = true }
      assert.equal(3600, world:token().json.token_timeout)
      world:config { timeout_text = "3599 (60 minutes)" }
      assert.equal("3599 (60 minutes)", world:token().json.token_timeout)
    end)

  it("lack the fields that omit lists", function()
    world:config { omit = "user_name, token_type" }
    local body = world:token().json
    assert.is_nil(body.user_name)
    assert.is_nil(body.token_type)
    assert.is_string(body.access_token)
  end)
end)

describe("the emulator's refresh tokens", function()
  local world
  before_each(function()
    world = worlds.new { refresh_tokens = true }
  end)

  it("stay the same without rotate", function()
    local first = world:token().json.refresh_token
    for _ = 1, 3 do
      local response = world:refresh(first)
      assert.equal(200, response.status)
      assert.equal(first, response.json.refresh_token)
    end
  end)

  it("change with rotate, and the old one ends", function()
    world:config { rotate = true }
    local first = world:token().json.refresh_token
    local second = world:refresh(first).json.refresh_token
    assert.not_equal(first, second)
    assert.equal(401, world:refresh(first).status)
    assert.equal(200, world:refresh(second).status)
  end)

  it("are used once, though two requests come at the same moment", function()
    world:config { rotate = true }
    local first = world:token().json.refresh_token
    -- Both have looked it up before either deletes it: until then the
    -- dictionary deletes nothing.
    local delete = world.dict.delete
    world.dict.delete = function() end
    local statuses = {
      world:refresh(first).status, world:refresh(first).status,
    }
    world.dict.delete = delete
    assert.same({ 200, 401 }, statuses)
  end)

  it("end after refresh_lifetime", function()
    world:config { refresh_lifetime = 60 }
    local body = world:token().json
    assert.equal("60", body.refresh_token_timeout)
    world.time = world.time + 60
    assert.equal(401, world:refresh(body.refresh_token).status)
  end)
end)
