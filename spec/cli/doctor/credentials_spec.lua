-- cli/doctor/credentials: whether Equinix accepts the credentials.
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

  local function check(changes, words)
    changes = changes or {}
    if changes.XDG_RUNTIME_DIR == nil then
      changes.XDG_RUNTIME_DIR = dir
    end
    return doctor.line("token", words or {}, command.env(e, changes))
  end

  it("reports credentials that are accepted", function()
    local line, code = check()
    assert.matches("^ok accepted; a token for 3600 s, of demo@example.com",
      line)
    assert.equal(0, code)
  end)

  it("is made even if a token is in the store", function()
    check()
    check()
    assert.equal(2, e:log().token_requests)
  end)

  it("reports a wrong secret and the attempts left, and sends it once",
    function()
      local wrong = "a-secret-that-is-wrong"
      for _ = 1, 3 do
        local line, code = check { EQUINIX_API_CLIENTSECRET = wrong }
        assert.matches("^FAILED .*refused the credentials.*1 bad in a row; "
          .. "4 left before .*: compare EQUINIX_API_CLIENTID and "
          .. "EQUINIX_API_CLIENTSECRET with", line)
        assert.is_nil(line:find(wrong, 1, true))
        assert.equal(3, code)
      end
      assert.equal(1, e:count(TOKEN))
      assert.matches("2 bad in a row; 3 left", (check {
        EQUINIX_API_CLIENTSECRET = wrong .. "-too",
      }))
      assert.matches("^ok ", (check()))
    end)

  -- A user who reads "4 left" five times is locked out.
  local function assert_not_stored(line)
    assert.matches("^FAILED .*refused the credentials.*: the refusal "
      .. "can't be stored, so each run is another of the 5 bad attempts in a "
      .. "row",
      line)
    assert.is_nil(line:find(" left", 1, true), line)
  end

  it("shows no count where none can be stored, and says what a run costs",
    function()
      local wrong = "a-secret-that-is-wrong"
      assert_not_stored((check { EQUINIX_API_CLIENTSECRET = "short" }))
      assert_not_stored((check {
        EQUINIX_API_CLIENTSECRET = wrong, XDG_RUNTIME_DIR = false,
      }))
      -- The store does not use a folder that is open to other users.
      os.execute(("mkdir -m 755 %s/other %s/other/equinix"):format(dir, dir))
      assert_not_stored((check {
        EQUINIX_API_CLIENTSECRET = wrong, XDG_RUNTIME_DIR = dir .. "/other",
      }))
    end)

  it("ignores a count that belongs to another secret", function()
    check { EQUINIX_API_CLIENTSECRET = "a-secret-that-is-wrong" }
    assert_not_stored((check { EQUINIX_API_CLIENTSECRET = "short" }))
  end)

  it("is made with --no-store only if --try-credentials is given", function()
    local wrong = { EQUINIX_API_CLIENTSECRET = "a-secret-that-is-wrong" }
    for _ = 1, 6 do
      local line, code = check(wrong, { "--no-store" })
      assert.matches("^skipped .*%-%-try%-credentials", line)
      assert.equal(0, code)
    end
    assert.equal(0, e:count(TOKEN))
    local words = { "--no-store", "--try-credentials" }
    assert_not_stored((check(wrong, words)))
    assert.equal(1, e:count(TOKEN))
    assert.matches("^ok accepted", (check({}, words)))
  end)

  it("names the variables of a token exchange", function()
    e:config { status = 400, scope = "/use/token" }
    local line, code = check {
      EQUINIX_STS_ENDPOINT = e.base_url,
      EQUINIX_TOKEN_EXCHANGE_SCOPE = "roleassignments:1",
      EQUINIX_TOKEN_EXCHANGE_SUBJECT_TOKEN = "an-id-token",
    }
    assert.matches("^FAILED .*: compare EQUINIX_TOKEN_EXCHANGE_SCOPE and "
      .. "EQUINIX_TOKEN_EXCHANGE_SUBJECT_TOKEN with .*subject token.*; a new "
      .. "one is tried at once", line)
    assert.matches("refused.*check the scope and the subject token", line)
    assert.is_nil(line:find("client", 1, true), line)
    assert.is_nil(line:find("an-id-token", 1, true), line)
    assert.equal(3, code)
    assert.equal(1, e:count "POST /use/token")
  end)

  it("accepts any lifetime, fractions of a second too", function()
    local server = rawserver.start [[
      local c = ...
      while c:request() do
        c:send(c.ok '{"access_token": "t", "token_timeout": 3599.6}')
      end]]
    finally(function()
      server:stop()
    end)
    local line, code = check { EQUINIX_API_ENDPOINT = server.url }
    assert.equal("ok accepted; a token for 3600 s", line)
    assert.equal(0, code)
  end)

  it("distinguishes a failing server from a wrong secret", function()
    e:config { status = 503, retry_after = 1 }
    local line, code = check()
    assert.matches("^FAILED .*503", line)
    assert.is_nil(line:find("bad in a row", 1, true))
    assert.equal(1, code)
  end)

  it("is replaced by a call for a token of the user's own", function()
    local _, token = command.run({ "token" }, { env = command.env(e) })
    local function try(own)
      return check { EQUINIX_API_TOKEN = own, EQUINIX_API_CLIENTID = false,
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
