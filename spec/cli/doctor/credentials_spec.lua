-- cli/doctor/account: whether the credentials are accepted.
local command = require "spec.support.command"
local doctor = require "spec.support.doctor"
local emulator = require "spec.support.emulator"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"

local TOKEN = "POST /oauth2/v1/token"

describe("the doctor's token request", function()
  local e, dir
  setup(function()
    e = emulator.start { plain = true }
  end)
  before_each(function()
    e:reset()
    dir = process.tempdir()
  end)
  after_each(function()
    process.remove(dir)
  end)
  teardown(function()
    e:stop()
  end)

  local function look(changes, words)
    changes = changes or {}
    if changes.XDG_RUNTIME_DIR == nil then
      changes.XDG_RUNTIME_DIR = dir
    end
    return doctor.line("token", words or {}, command.env(e, changes))
  end

  it("tells credentials that are accepted", function()
    local line, code = look()
    assert.matches("^ok accepted; a token for 3600 s, of demo@example.com",
      line)
    assert.equal(0, code)
  end)

  it("is made though a token is in the store", function()
    look()
    look()
    assert.equal(2, e:log().token_requests)
  end)

  it("tells a wrong secret, how many attempts are left, and sends it once",
    function()
      local wrong = "a-secret-that-is-wrong"
      for _ = 1, 3 do
        local line, code = look { EQUINIX_API_CLIENTSECRET = wrong }
        assert.matches("^FAILED .*refused the credentials.*1 bad in a row; "
          .. "4 left before .*: compare EQUINIX_API_CLIENTID and "
          .. "EQUINIX_API_CLIENTSECRET with", line)
        assert.is_nil(line:find(wrong, 1, true))
        assert.equal(3, code)
      end
      assert.equal(1, e:count(TOKEN))
      assert.matches("2 bad in a row; 3 left", (look {
        EQUINIX_API_CLIENTSECRET = wrong .. "-too",
      }))
      assert.matches("^ok ", (look()))
    end)

  -- Whoever reads "4 left" five times is locked out.
  local function assert_unkept(line)
    assert.matches("^FAILED .*refused the credentials.*: it is remembered "
      .. "nowhere, so each run is one more of the 5 bad attempts in a row",
      line)
    assert.is_nil(line:find(" left", 1, true), line)
  end

  it("counts nothing where nothing is kept, and says what a run costs",
    function()
      local wrong = "a-secret-that-is-wrong"
      assert_unkept((look { EQUINIX_API_CLIENTSECRET = "short" }))
      assert_unkept((look {
        EQUINIX_API_CLIENTSECRET = wrong, XDG_RUNTIME_DIR = false,
      }))
      -- A folder that others may use is none that the store would touch.
      os.execute(("mkdir -m 755 %s/other %s/other/equinix"):format(dir, dir))
      assert_unkept((look {
        EQUINIX_API_CLIENTSECRET = wrong, XDG_RUNTIME_DIR = dir .. "/other",
      }))
    end)

  it("takes no count of another secret for its own", function()
    look { EQUINIX_API_CLIENTSECRET = "a-secret-that-is-wrong" }
    assert_unkept((look { EQUINIX_API_CLIENTSECRET = "short" }))
  end)

  it("is made under --no-store only when it is asked for", function()
    local wrong = { EQUINIX_API_CLIENTSECRET = "a-secret-that-is-wrong" }
    for _ = 1, 6 do
      local line, code = look(wrong, { "--no-store" })
      assert.matches("^skipped .*%-%-try%-credentials", line)
      assert.equal(0, code)
    end
    assert.equal(0, e:count(TOKEN))
    local words = { "--no-store", "--try-credentials" }
    assert_unkept((look(wrong, words)))
    assert.equal(1, e:count(TOKEN))
    assert.matches("^ok accepted", (look({}, words)))
  end)

  it("names the variables of a token exchange", function()
    e:config { status = 400, scope = "/use/token" }
    local line, code = look {
      EQUINIX_STS_ENDPOINT = e.base_url,
      EQUINIX_TOKEN_EXCHANGE_SCOPE = "roleassignments:1",
      EQUINIX_TOKEN_EXCHANGE_SUBJECT_TOKEN = "an-id-token",
    }
    assert.matches("^FAILED .*: compare EQUINIX_TOKEN_EXCHANGE_SCOPE and "
      .. "EQUINIX_TOKEN_EXCHANGE_SUBJECT_TOKEN with .*subject token.* A new "
      .. "one is tried at once", line)
    assert.matches("refused.*check the scope and the subject token", line)
    assert.is_nil(line:find("client", 1, true), line)
    assert.is_nil(line:find("an-id-token", 1, true), line)
    assert.equal(3, code)
    assert.equal(1, e:count "POST /use/token")
  end)

  it("takes any lifetime, a fraction of a second too", function()
    local server = rawserver.start [[
      local c = ...
      while c:request() do
        c:send(c.ok '{"access_token": "t", "token_timeout": 3599.6}')
      end]]
    finally(function()
      server:stop()
    end)
    local line, code = look { EQUINIX_API_ENDPOINT = server.url }
    assert.equal("ok accepted; a token for 3600 s", line)
    assert.equal(0, code)
  end)

  it("tells an Equinix that fails from a wrong secret", function()
    e:config { status = 503, retry_after = 1 }
    local line, code = look()
    assert.matches("^FAILED .*503", line)
    assert.is_nil(line:find("bad in a row", 1, true))
    assert.equal(1, code)
  end)

  it("is none for a token of one's own, which is shown instead", function()
    local _, token = command.run({ "token" }, { env = command.env(e) })
    local function try(own)
      return look { EQUINIX_API_TOKEN = own, EQUINIX_API_CLIENTID = false,
        EQUINIX_API_CLIENTSECRET = false }
    end
    assert.equal("ok the token is accepted", (try(token:match "%w+")))
    local line, code = try "not-a-token"
    assert.matches("^FAILED .*401.*EQUINIX_API_TOKEN", line)
    assert.equal(3, code)
    e:config { api_status = 404 }
    line, code = try(token:match "%w+")
    assert.matches("^skipped .*404", line)
    assert.equal(0, code)
  end)
end)
