-- token: as callers see it and as the cache keeps it.
local json = require "equinix.base.json"
local token = require "equinix.oauth.token"

local function make(over)
  local fields = {
    access_token = "SECRET-A",
    token_type = "Bearer",
    user_name = "me",
    expires_in = 3600,
    expires_at = os.time() + 3600,
    refresh_token = "SECRET-R",
  }
  for name, value in pairs(over or {}) do
    fields[name] = value
  end
  return token.new(fields)
end

describe("a token", function()
  it("shows that it is one, not which", function()
    for _, one in ipairs { make(), make { expires_at = os.time() + 0.5 },
      make { expires_at = os.time() - 60 }, make { expires_at = 1e15 },
      token.new { access_token = "SECRET" } } do
      local text = tostring(one)
      assert.matches("^equinix%.Token %(Bearer", text)
      assert.not_matches("SECRET", text)
      assert.not_matches("-", text, 1, true)
    end
  end)

  it("goes through the cache whole", function()
    local one = make { refresh_expires_at = 5182560 }
    local copy = token.decode((select(2, token.trim(one))))
    assert.same(one, copy)
    assert.equal(tostring(one), tostring(copy))
    if math.type then
      assert.equal("integer", math.type(copy.expires_in))
    end
  end)

  it("has all members as callers get it, ours where both have one",
    function()
      local one = make { answer = '{"scope":"s","expires_at":"x",'
        .. '"expires_in":1,"user_name":null,"list":[]}' }
      local public = token.public(token.decode((select(2, token.trim(one)))))
      assert.equal("s", public.scope)
      assert.equal("me", public.user_name)
      assert.equal(3600, public.expires_in)
      assert.equal(one.expires_at, public.expires_at)
      assert.is_nil(public.answer)
      assert.equal("[]", token.members(public).list)
      assert.equal('"x"', token.members(public).expires_at)
    end)

  it("is read from a record of before, which has no other members",
    function()
      local public = token.public(token.decode('{"access_token":"a",'
        .. '"token_type":"Bearer","expires_in":60,"expires_at":1}'))
      assert.equal("a", public.access_token)
      assert.equal("0", public.token_timeout)
      assert.same({}, token.members(public))
      assert.is_nil(token.public(nil))
      assert.equal("a", token.public({ access_token = "a", answer = 1 })
        .access_token)
    end)

  it("says how many seconds are left, never more than there were",
    function()
      local one = make { expires_in = 10, expires_at = 1000 }
      assert.equal(10, token.left(one, 900))
      assert.equal(3, token.left(one, 996.5))
      assert.equal(0, token.left(one, 1001))
      assert.is_nil(token.left({}, 0))
      assert.is_nil(token.new({ access_token = "a" }).token_timeout)
    end)

  it("is none where the record is none", function()
    for _, record in ipairs { "", "null", "3", '"x"', "{", "\0" } do
      assert.is_nil(token.decode(record))
    end
    assert.is_nil(token.decode(nil))
  end)

  it("always fits the cache: what matters least is left out first",
    function()
      local long, wide = ("\\"):rep(16384), ("\1"):rep(60000)
      local _, record = token.trim(make { user_name = wide })
      local copy = token.decode(record)
      assert.is_nil(copy.user_name)
      assert.equal("SECRET-R", copy.refresh_token)
      local one = make { access_token = long, refresh_token = long,
        user_name = wide }
      local text = (select(2, token.trim(one)))
      assert(#text <= 48 * 1024, #text)
      assert.equal(long, token.decode(text).access_token)
      assert.is_nil(token.decode(text).refresh_token)
      assert.equal(long, one.refresh_token) -- the caller's stays whole
      assert.is_nil(json.decode(text).user_name)
    end)
end)

describe("token.times", function()
  local function times(life, random)
    local at = token.times(1000, life, random)
    return at.fresh - 1000, at.advisory - 1000, at.expires - 1000
  end

  it("renews a long life 300 and 60 seconds early", function()
    assert.same({ 3300, 3540, 3600 }, { times(3600, 0.5) })
  end)

  it("renews a short life a fifth and a tenth early", function()
    assert.same({ 80, 90, 100 }, { times(100, 0.5) })
  end)

  it("spreads the first margin by a tenth, either way", function()
    assert.near(3600 - 270, times(3600, 0), 1e-6)
    assert.near(3600 - 330, times(3600, 1), 1e-6)
    assert.near(100 - 18, times(100, 0), 1e-6)
  end)

  it("keeps the order of the states for every life", function()
    for _, life in ipairs { 0, 0.5, 1, 7, 60, 299, 300, 601, 3599, 86400 } do
      for random = 0, 1, 0.25 do
        local fresh, advisory, expires = times(life, random)
        assert(0 <= fresh and fresh <= advisory and advisory <= expires)
        assert.equal(life, expires)
      end
    end
  end)
end)
