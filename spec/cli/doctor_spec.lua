-- cli/doctor: the command as a whole. Each check has a spec of its own.
local command = require "spec.support.command"
local emulator = require "spec.support.emulator"
local json = require "equinix.base.json"
local process = require "spec.support.process"

describe("equinix-auth doctor", function()
  local e
  setup(function()
    e = emulator.start()
  end)
  before_each(function()
    e:reset()
  end)
  teardown(function()
    e:stop()
  end)

  local function run(words, changes)
    table.insert(words, 1, "doctor")
    return command.run(words, { env = command.env(e, changes) })
  end

  it("finds nothing wrong over verified TLS", function()
    local code, out, said = run { "--ca-file", e.ca_file }
    assert.equal(0, code, out)
    assert.equal("", said)
    assert.is_nil(out:find "FAILED")
    for _, name in ipairs { "versions", "settings", "credentials", "store",
      "stored", "proxy", "name", "connection", "tls", "answer", "clock",
      "token" } do
      assert.matches("\nok +" .. name .. " ", "\n" .. out)
    end
    assert.equal(1, e:count "POST /oauth2/v1/token")
  end)

  it("prints one line for each check, and never a secret", function()
    local _, out = run { "--ca-file", e.ca_file }
    local lines = 0
    for line in out:gmatch "[^\n]+" do
      lines = lines + 1
      assert.is_truthy(line:find "^ok  " or line:find "^FAILED "
        or line:find "^skipped ", line)
    end
    assert.equal(15, lines)
    assert.is_nil(out:find(e.client_secret, 1, true))
  end)

  it("exits with the code of the first failure", function()
    local code, out = run({ "--nginx", "/nowhere" }, {
      EQUINIX_API_CLIENTID = false })
    assert.equal(2, code)
    assert.matches("\nFAILED +credentials .-\nFAILED +nginx ", out)
    code = run {}
    assert.equal(4, code)
    code = run({ "--ca-file", e.ca_file }, {
      EQUINIX_API_CLIENTSECRET = "one-that-is-wrong",
    })
    assert.equal(3, code)
    code = run { "--ca-file", e.ca_file, "--nginx", "/nowhere" }
    assert.equal(1, code)
  end)

  it("sends nothing where it exits with 2, and else exits with another code",
    function()
      local dir = process.tempdir()
      finally(function()
        process.remove(dir)
      end)
      local secret = dir .. "/secret"
      local function sent()
        local n = 0
        for _, request in ipairs(e:log().requests) do
          n = n + (request.route:find("/_emulator/", 1, true) and 0 or 1)
        end
        return n
      end
      local in_file = { EQUINIX_API_CLIENTSECRET = false,
        EQUINIX_API_CLIENTSECRET_FILE = secret }
      for check, case in pairs {
        credentials = { {}, { EQUINIX_API_CLIENTSECRET = false } },
        settings = { {}, { EQUINIX_API_TIMEOUT = "soon" } },
        ["secret file"] = { {}, in_file },
      } do
        local words = { "--ca-file", e.ca_file }
        local code, out = run(words, case[2])
        assert.equal(2, code, out)
        assert.matches("\nFAILED +" .. check, out)
        assert.matches("\nskipped +token +nothing is sent; fix the " .. check
          .. " first\n", out)
        assert.equal(0, sent(), out)
      end
      process.capture(("umask 0; echo %s >%s"):format(e.client_secret, secret))
      local code, out = run({ "--ca-file", e.ca_file }, in_file)
      assert.equal(1, code, out)
      assert.matches("\nFAILED +secret file .-\nok +token ", out)
      assert.is_true(sent() > 0)
      -- A check that finds unusable settings only after that.
      code, out = process.capture(([[EQUINIX_API_ENDPOINT=%s \
        EQUINIX_API_CLIENTID=x EQUINIX_API_CLIENTSECRET=y LUA_PATH=%s \
        LUA_CPATH=%s %s -e '
        package.loaded["equinix.cli.doctor.nginx"] = {
          nginx = function() error("x:1: equinix: a wrong argument", 0) end,
          pool = function() return { status = "ok", message = "" } end }
        os.exit(require("equinix.cli").main { "doctor", "--no-store",
          "--ca-file", "%s" })' >/dev/null; echo $?]]):format(e.base_url,
        process.quote(package.path), process.quote(package.cpath),
        process.interpreter(), e.ca_file))
      assert.equal("1", code, out)
    end)

  it("prints one line for a check that raises, and continues", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write [[
      package.loaded["equinix.cli.doctor.credentials"] = {
        token = function() return nil + 1 end,
      }
      os.exit(require("equinix.cli").main { "doctor", "--no-store",
        "--ca-file", arg[1] })]]
    file:close()
    local out, code = process.capture(("EQUINIX_API_ENDPOINT=%s "
      .. "EQUINIX_API_CLIENTID=%s EQUINIX_API_CLIENTSECRET=%s LUA_PATH=%s "
      .. "LUA_CPATH=%s %s %s %s 2>&1"):format(e.base_url, e.client_id,
      e.client_secret, process.quote(package.path),
      process.quote(package.cpath), process.interpreter(), path, e.ca_file))
    os.remove(path)
    assert.equal(1, code, out)
    assert.matches("\nFAILED +token +internal error, please report "
      .. "it: [^\n]*arithmetic[^\n]*\n%l+ +nginx ", out)
    assert.is_nil(out:find("traceback", 1, true))
  end)

  it("prints the same as JSON", function()
    local code, out = run { "--json" }
    assert.equal(4, code)
    local report = json.decode(out)
    assert.equal(4, report.exit_code)
    assert.equal(15, #report.checks)
    local tls = report.checks[10]
    assert.equal("tls", tls.check)
    assert.equal("FAILED", tls.status)
    assert.is_string(tls.message)
    assert.is_string(tls.remedy)
  end)
end)
