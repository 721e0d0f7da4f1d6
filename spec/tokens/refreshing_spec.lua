-- refreshing: the refresh token, on scripted answers, and in a real nginx that
-- can't send.
local emulator = require "spec.support.emulator"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"
local scripted = require "spec.support.scripted"

local client = scripted.client
local token, refused = scripted.token, scripted.refused

local TOKEN = "POST /oauth2/v1/token"
local REFRESH = "POST /oauth2/v1/refreshaccesstoken"
local UNAVAILABLE = scripted.json(503, "")

describe("a refresh token", function()
  local function refreshable(name, refresh_token)
    return token(name, {
      refresh_token = refresh_token,
      refresh_token_timeout = "5182560 (60 days)",
    })
  end

  it("renews at its own endpoint and is replaced by its successor",
    function()
      local c, transport = client { refreshable("one", "r1"),
        refreshable("two", "r2"), refreshable("three", "r3") }
      c:token()
      assert.equal("two", c:refresh().access_token)
      assert.equal("three", c:refresh().access_token)
      assert.equal(2, transport.count "/oauth2/v1/refreshaccesstoken")
      assert.equal("r1", transport.body(2).refresh_token)
      assert.equal("r2", transport.body(3).refresh_token)
    end)

  it("is kept when a success brings no successor", function()
    local c, transport = client { refreshable("one", "r1"), token "two",
      token "three" }
    c:token()
    assert.equal("r1", c:refresh().refresh_token)
    c:refresh()
    assert.equal("r1", transport.body(3).refresh_token)
  end)

  it("is presented once when it fails; then the grant is used", function()
    local c, transport = client { refreshable("one", "r1"),
      scripted.json(401, { error = "invalid_grant" }), token "two",
      token "three" }
    c:token()
    assert.equal("two", c:refresh().access_token)
    assert.equal("three", c:refresh().access_token)
    assert.equal(1, transport.count "/oauth2/v1/refreshaccesstoken")
  end)

  it("is not presented again though the grant failed as well", function()
    local c, transport = client { refreshable("one", "r1"), UNAVAILABLE,
      UNAVAILABLE, token "two" }
    c:token()
    assert.is_nil((c:refresh()))
    assert.equal("two", c:refresh({ force = true }).access_token)
    assert.equal(1, transport.count "/oauth2/v1/refreshaccesstoken")
  end)

  it("is not presented when another renewal came in between", function()
    local c, transport, opts = client { refreshable("one", "r1"),
      token "three" }
    c:token()
    local d, sent = client({ token("two", { token_timeout = 0 }) },
      { client_id = opts.client_id })
    function transport.can_wait() -- asked between the look and the lead
      transport.can_wait = function()
        return true
      end
      return d:refresh() ~= nil
    end
    assert.equal("three", c:refresh({ force = true }).access_token)
    assert.equal(1, sent.count "/oauth2/v1/refreshaccesstoken")
    assert.equal(0, transport.count "/oauth2/v1/refreshaccesstoken")
  end)

  it("is noted as spent before it is sent", function()
    local c, transport
    c, transport = client { refreshable("one", "r1"), function()
      error "the leader is gone"
    end, token "two" }
    c:token()
    assert.has_error(function()
      c:refresh()
    end)
    assert.equal("two", c:refresh().access_token)
    assert.equal(1, transport.count "/oauth2/v1/refreshaccesstoken")
  end)

  it("is not followed by the grant when the credentials are refused",
    function()
      local c, transport = client { refreshable("one", "r1"), refused() }
      c:token()
      local _, problem = c:refresh()
      assert.equal("auth", problem.kind)
      assert.equal(2, #transport.sent)
    end)

  it("that is past its own life is not presented", function()
    local c, transport = client { token("one", { refresh_token = "r1",
      refresh_token_timeout = "1" }), token "two" }
    c:token()
    scripted.until_true(function()
      return os.time() >= c:token().refresh_expires_at
    end, "the refresh token's end")
    c:refresh()
    assert.equal(0, transport.count "/oauth2/v1/refreshaccesstoken")
  end)
end)

describe("a refresh token that could not be sent", function()
  local missing = nginx.missing()
  if missing then
    pending(missing)
    return
  end
  for what, store in pairs {
    ["without a store"] = "",
    ["with a store"] = [[
      store = require("equinix.store.file").new { dir = %q },
    ]],
  } do
    it("is not spent, " .. what, function()
      local e = emulator.start { plain = true,
        config = { refresh_tokens = true } }
      local dir = process.tempdir()
      finally(function()
        e:stop()
        process.remove(dir)
      end)
      local n = nginx.start { files = {
        ["demo.lua"] = nginx.client(e, store:format(dir .. "/store")),
        ["threads.lua"] = nginx.THREADS,
      } }
      local code, good = n:run [[
        assert(demo:token())
        local back = require("threads").other_pool()
        local _, err = demo:refresh()
        back()
        return err.code, demo:refresh() and true
      ]]
      assert.equal("no_thread_pool", code)
      assert.is_true(good)
      assert.equal(1, e:count(REFRESH))
      assert.equal(1, e:count(TOKEN))
    end)
  end
end)
