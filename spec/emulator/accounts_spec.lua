-- emulator/accounts: which credentials get a token, and the lock-out.
local accounts = require "equinix.emulator.accounts"
local tables = require "equinix.base.table"
local worlds = require "spec.support.world"

local USER = {
  grant_type = "password", user_name = "the-user",
  user_password = "the-password",
}

local function with(fields, changes)
  return tables.update(tables.copy(fields), changes)
end

describe("the emulator's accounts", function()
  local world
  before_each(function()
    world = worlds.new()
  end)

  local function code(response)
    return response.json.errorCode
  end

  it("accept the right secret, and nothing else", function()
    assert.equal(200, world:token().status)
    for _, wrong in ipairs {
      { client_secret = "wrong" }, { client_id = "wrong" },
      { client_secret = "the-secret " },
    } do
      local response = world:token(wrong)
      assert.equal(400, response.status)
      assert.equal("S1006", code(response))
    end
  end)

  it("need both the app and the user for the password grant", function()
    assert.equal(200, world:token(USER).status)
    for _, change in ipairs {
      { client_secret = "wrong" }, { user_password = "wrong" },
    } do
      assert.equal("S1006", code(world:token(with(USER, change))))
    end
  end)

  it("take a password as md5-b64, and in no other encoding", function()
    local hidden = { password_encoding = "md5-b64",
      user_password = "base64 of md5 of the-password" }
    assert.equal(200, world:token(with(USER, hidden)).status)
    hidden.user_password = "the-password"
    assert.equal(400, world:token(with(USER, hidden)).status)
    assert.equal(400, world:token(with(USER, {
      password_encoding = "rot13",
    })).status)
  end)

  it("are locked by five wrong attempts, for right ones too", function()
    for _ = 1, 5 do
      assert.equal("S1006", code(world:token { client_secret = "wrong" }))
    end
    assert.equal("EMU-LOCKED", code(world:token { client_secret = "wrong" }))
    assert.equal("EMU-LOCKED", code(world:token()))
    world:send("POST", "/_emulator/reset")
    assert.equal(200, world:token().status)
  end)

  it("count attempts in a row: a right one resets the count", function()
    for _ = 1, 3 do
      for _ = 1, 4 do
        world:token { client_secret = "wrong" }
      end
      assert.equal(200, world:token().status)
    end
  end)

  it("count wrong attempts at the refresh endpoint with the others", function()
    for _ = 1, 5 do
      world:send("POST", "/oauth2/v1/refreshaccesstoken", { json = {
        client_id = "the-app", client_secret = "wrong", refresh_token = "x",
      } })
    end
    assert.equal("EMU-LOCKED", code(world:token()))
  end)

  it("are not locked by a wrong refresh token with right credentials",
    function()
      for _ = 1, 6 do
        assert.equal("EMU-REFRESH", code(world:refresh "unknown"))
      end
      assert.equal(200, world:token().status)
    end)

  it("are locked one by one", function()
    for _ = 1, 5 do
      world:token { client_id = "another" }
      world:token(with(USER, { user_password = "wrong" }))
    end
    assert.equal("EMU-LOCKED", code(world:token(USER)))
    assert.equal(200, world:token().status)
  end)

  it("obey lock_after, and never lock at 0", function()
    world:config { lock_after = 1 }
    world:token { client_secret = "wrong" }
    assert.equal("EMU-LOCKED", code(world:token()))
    world:config { lock_after = 0 }
    assert.equal(200, world:token().status)
  end)

  it("count no attempt when there are no credentials in it", function()
    for _ = 1, 6 do
      local response = world:token { client_secret = false }
      assert.equal("EMU-MISSING", code(response))
      assert.matches("client_secret", response.json.errorMessage)
    end
    assert.equal("EMU-MISSING", code(world:token { client_id = "" }))
    assert.equal("EMU-MISSING", code(world:token { client_id = { "x" } }))
    assert.equal(200, world:token().status)
  end)

  it("refuse with the status of refused_status", function()
    world:config { refused_status = 500 }
    local response = world:token { client_secret = "wrong" }
    assert.equal(500, response.status)
    assert.equal("S1006", code(response))
  end)

  it("are listed with their wrong attempts, and what else was refused",
    function()
      local function list()
        local seen = {}
        for i, account in ipairs(accounts.list(world, { lock_after = 2 })) do
          seen[i] = ("%s %s %s %d %s"):format(account.kind, account.name,
            tostring(account.known), account.wrong, tostring(account.locked))
        end
        return seen
      end
      assert.same({ "app t… true 0 false", "user th… true 0 false" },
        list())
      world:token { client_secret = "wrong" }
      world:token { client_id = "another-app" }
      world:token { client_id = "another-app" }
      assert.same({ "app t… true 1 false", "user th… true 0 false",
        "app an… false 2 true" }, list())
      world:token() -- the right secret resets the count
      for i = 1, 20 do
        world:token { client_id = ("app-%06d"):format(i) }
      end
      assert.equal("app t… true 0 false", list()[1])
      assert.equal(10, #list())
    end)
end)
