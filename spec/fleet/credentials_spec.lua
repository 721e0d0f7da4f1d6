-- Users of Redis with too few rights, and passwords that change while the
-- processes run: no call fails, and what is wrong is said.
local fleets = require "spec.support.fleet"
local process = require "spec.support.process"
local redis = require "spec.support.redis"

local missing = redis.missing()
if missing then
  pending(missing)
  return
end

local scene = fleets.scene()
local server

setup(function()
  server = redis.start()
end)
teardown(function()
  server:stop()
end)
before_each(function()
  server:ask "FLUSHALL"
  server:ask("ACL", "SETUSER", "app", "reset", "on", ">secret", "~equinix:*",
    "+@all")
end)

describe("a user without a right that is needed", function()
  for _, command in ipairs { "del", "pexpire", "set", "get", "eval" } do
    it("fails no caller: " .. command, function()
      server:ask("ACL", "SETUSER", "app", "-" .. command)
      scene.e:config { token_latency = 0.5 }
      local list = scene:fleet({
        port = server.port, username = "app", password = "secret",
      }, 12, 5):round()
      fleets.assert_tokens(list)
      local said, count = fleets.said(list, "store_failed")
      assert(count > 0 or fleets.requests(scene.e) == 1, "nothing was said")
      for _, text in ipairs(said) do
        assert.matches("NOPERM", text)
        assert.matches("ACL", text)
      end
      for _, result in ipairs(list) do
        local _, own = fleets.said({ result }, "store_failed")
        assert(own <= 1, own .. " events")
      end
    end)
  end
end)

describe("a password that is rotated, with a function", function()
  it("costs one request for each renewal", function()
    local dir = process.tempdir()
    scene:finally(function() process.remove(dir) end)
    local function rotate(password)
      local file = assert(io.open(dir .. "/new", "wb"))
      file:write(password)
      file:close()
      server:ask("ACL", "SETUSER", "app", "resetpass", ">" .. password)
      assert(os.rename(dir .. "/new", dir .. "/password"))
      server:ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    end
    rotate "first-password"
    scene.e:config { token_latency = 0.5 }
    local fleet = scene:fleet { port = server.port, username = "app",
      password_from = dir .. "/password" }
    for round = 1, 3 do
      local list = fleet:round()
      fleets.assert_one_token(list)
      fleets.assert_quiet(list)
      assert.equal(round, fleets.requests(scene.e))
      rotate("password-" .. round)
    end
  end)

  it("costs one where it is a file", function()
    local dir = process.tempdir()
    scene:finally(function() process.remove(dir) end)
    assert(os.execute("umask 077; printf 'secret\n' >" .. dir .. "/password"))
    scene.e:config { token_latency = 0.5 }
    local fleet = scene:fleet({ port = server.port, username = "app",
      password_file = dir .. "/password" }, 4)
    fleets.assert_quiet(fleet:round())
    server:ask("ACL", "SETUSER", "app", "resetpass", ">another")
    assert(os.execute("printf another >" .. dir .. "/password"))
    server:ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    local list = fleet:round()
    fleets.assert_one_token(list)
    fleets.assert_quiet(list)
    assert.equal(2, fleets.requests(scene.e))
  end)

  it("that is wrong fails no caller, and is never shown", function()
    local list = scene:fleet({ port = server.port, username = "app",
      password = "guess-number-one" }, 4):round()
    fleets.assert_tokens(list)
    local said, count = fleets.said(list, "store_failed")
    assert.equal(4, count)
    for _, text in ipairs(said) do
      assert.matches("WRONGPASS", text)
      assert.not_matches("guess", text)
    end
  end)
end)
