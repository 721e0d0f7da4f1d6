-- rejection: one path's 401 and the token of all others, with an emulator.
local emulator = require "spec.support.emulator"
local equinix = require "equinix"
local old_token = require "spec.support.old_token"
local process = require "spec.support.process"
local scripted = require "spec.support.scripted"

local TOKEN = "POST /oauth2/v1/token"
local BAD, GOOD = "/fabric/v4/ports", "/fabric/v4/metros"

describe("a path that always answers 401", function()
  local e, c

  setup(function()
    e = emulator.start { plain = true }
  end)
  before_each(function()
    e:reset()
    c = assert(equinix.new {
      client_id = e.client_id, client_secret = e.client_secret,
      base_url = e.base_url, cache_key = scripted.unique(),
    })
  end)
  after_each(function()
    c:close()
  end)
  teardown(function()
    e:stop()
  end)

  local function refuses()
    local response, err = c:get(BAD)
    assert.is_nil(response)
    assert.equal("auth", err.kind)
    assert.equal(401, err.status)
    return err
  end

  it("takes no token that is a few seconds old from the others", function()
    e:config { api_status = 401, scope = BAD }
    for _ = 1, 12 do
      assert.matches("goes on serving other calls", refuses().message)
      assert(c:get(GOOD))
      for _, result in ipairs(c:all { { path = GOOD }, { path = BAD } }) do
        assert.truthy(result.response or result.err.status == 401)
      end
    end
    assert.equal(1, e:count(TOKEN))
    assert.equal(0, c:stats().rejections)
  end)

  it("costs one renewal and one repetition where the token is older",
    function()
      old_token(c)
      e:config { api_status = 401, scope = BAD }
      assert.matches("nor was a renewed one", refuses().message)
      assert.equal(2, e:count "GET /fabric/v4/ports")
      refuses() -- with the new one
      assert.equal(3, e:count "GET /fabric/v4/ports")
      assert.equal(2, e:count(TOKEN))
    end)

  it("costs five renewals a minute; then the newest token goes on serving",
    function()
      e:config { api_status = 401, scope = BAD }
      for _ = 1, 9 do
        old_token(c)
        refuses()
        assert(c:get(GOOD))
        assert.is_string(c:authorization())
      end
      assert.equal(6, e:count(TOKEN))
      assert.is_false(c:invalidate(c:authorization()))
      assert.is_false(c:unauthorized(c:authorization()))
      assert(c:refresh())
      assert.equal(7, e:count(TOKEN))
    end)

  it("is none where the token is really revoked: renewed at once", function()
    old_token(c)
    e:config { revoke_all = true }
    assert(c:get(GOOD))
    assert.equal(2, e:count(TOKEN))
  end)

  it("is none for long where the token was revoked right after its issue",
    function()
      assert(c:get(GOOD))
      e:config { revoke_all = true }
      assert.equal(401, select(2, c:get(GOOD)).status)
      assert.equal(1, e:count(TOKEN))
      assert(process.eventually(function()
        return (c:get(GOOD))
      end))
      assert.equal(2, e:count(TOKEN))
    end)

  it("does not keep a program from saying that a token is bad", function()
    local header = c:authorization()
    assert.is_false(c:unauthorized(header))
    assert.equal(header, c:authorization())
    assert.is_true(c:invalidate(header))
    assert.is_false(c:unauthorized(header))
    assert.not_equal(header, c:authorization())
  end)
end)
