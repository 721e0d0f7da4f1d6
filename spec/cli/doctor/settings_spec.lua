-- cli/doctor/settings: what the doctor can check without a network.
local doctor = require "spec.support.doctor"
local process = require "spec.support.process"

local SECRET = "a-secret-of-some-length"

-- No server listens there: these checks need none.
local function env(changes)
  local all = {
    EQUINIX_API_ENDPOINT = "http://127.0.0.1:1",
    EQUINIX_API_CLIENTID = "an-id",
    EQUINIX_API_CLIENTSECRET = SECRET,
  }
  for name, value in pairs(changes or {}) do
    all[name] = value
  end
  return all
end

describe("the doctor's check of the configuration", function()
  it("prints the versions", function()
    assert.matches("^ok lua%-equinix [%d.]+, Lua.-, libcurl/.-, OpenSSL ",
      (doctor.line("versions", {}, env())))
  end)

  it("says where the endpoint and the credentials come from", function()
    assert.matches("^ok http://127.0.0.1:1 %(EQUINIX_API_ENDPOINT%)",
      (doctor.line("settings", {}, env())))
    local line, _, all = doctor.line("credentials", {}, env())
    assert.matches("^ok client id from EQUINIX_API_CLIENTID, client secret "
      .. "from EQUINIX_API_CLIENTSECRET", line)
    assert.is_nil(all:find(SECRET, 1, true))
  end)

  it("fails with 2 where they are wrong", function()
    for variable, value in pairs {
      EQUINIX_API_ENDPOINT = "http://api.example",
      EQUINIX_API_TIMEOUT = "soon",
    } do
      local line, code = doctor.line("settings", {}, env {
        [variable] = value,
      })
      assert.matches("^FAILED ", line)
      assert.equal(2, code)
    end
    local line, code = doctor.line("settings", { "--ca-file", "/nowhere" },
      env())
    assert.matches("^FAILED .*ca%-file.*/nowhere", line)
    assert.equal(2, code)
    line, code = doctor.line("credentials", {}, env {
      EQUINIX_API_CLIENTSECRET = false,
    })
    assert.matches("^FAILED the client secret is missing: set EQUINIX_API_",
      line)
    assert.equal(2, code)
  end)

  it("names proxy variables that are not used, without their values",
    function()
      local line, _, all = doctor.line("proxy", {}, env {
        https_proxy = "http://me:pass-word@proxy.example:1",
        HTTPS_PROXY = false, all_proxy = false, ALL_PROXY = false,
        http_proxy = false, HTTP_PROXY = false,
      })
      assert.matches("^ok none; https_proxy is set but not used", line)
      assert.is_nil(all:find("pass-word", 1, true))
    end)

  it("names those that are used, and says where there is none", function()
    local words = { "--proxy", "environment", "--no-store" }
    local none = { https_proxy = false, HTTPS_PROXY = false,
      all_proxy = false, ALL_PROXY = false, no_proxy = false,
      NO_PROXY = false }
    assert.matches("^ok none: of the environment's no variable for https is "
      .. "set", (doctor.line("proxy", words, env(none))))
    none.HTTPS_PROXY, none.no_proxy = "http://me:pass-word@127.0.0.1:1", "*"
    local line, _, all = doctor.line("proxy", words, env(none))
    assert.equal("ok of the environment: HTTPS_PROXY; not for the hosts of "
      .. "no_proxy", line)
    assert.is_nil(all:find("pass-word", 1, true))
  end)

  it("shows a profile's proxy without its password", function()
    local dir = process.tempdir()
    finally(function()
      process.remove(dir)
    end)
    os.execute(("umask 077; mkdir %s/equinix; printf '[default]\\nproxy = "
      .. "http://me:pass-word@127.0.0.1:1\\n' >%s/equinix/config"):format(dir,
      dir))
    local line, _, all = doctor.line("proxy", { "--no-store" }, env {
      XDG_CONFIG_HOME = dir, EQUINIX_API_ENDPOINT = "https://127.0.0.1:2" })
    assert.equal("ok 127.0.0.1:1", line)
    assert.is_nil(all:find("pass-word", 1, true))
  end)
end)

describe("the doctor's check of a file with the secret", function()
  local dir, path
  before_each(function()
    dir = process.tempdir()
    path = dir .. "/secret"
    local file = assert(io.open(path, "wb"))
    file:write(SECRET, "\n")
    file:close()
  end)
  after_each(function()
    process.remove(dir)
  end)

  local function check(mode)
    if mode then
      os.execute(("chmod %s %s"):format(mode, path))
    end
    return doctor.line("secret file", {}, env {
      EQUINIX_API_CLIENTSECRET = false,
      EQUINIX_API_CLIENTSECRET_FILE = path,
    })
  end

  it("accepts one for its owner, or that a group may read", function()
    for _, mode in ipairs { "600", "400", "440", "640" } do
      assert.matches("^ok .*/secret, mode ", (check(mode)))
    end
  end)

  it("fails with 1, since calls work, where other users may read it, or a "
    .. "group may write it", function()
    for _, mode in ipairs { "644", "604", "660", "602", "622" } do
      local line, code, all = check(mode)
      assert.matches("^FAILED .* is open to other users .*: chmod 600 ", line)
      assert.equal(1, code)
      assert.is_nil(all:find(SECRET, 1, true))
    end
  end)

  it("checks the target of a symbolic link", function()
    os.execute(("chmod 644 %s && mv %s %s.real && ln -s %s.real %s"):format(
      path, path, path, path, path))
    assert.matches("^FAILED ", (check "644"))
  end)

  it("fails where there is no such file", function()
    os.remove(path)
    local line, code = check()
    assert.matches("^FAILED client_secret_file can't be read", line)
    assert.equal(2, code)
  end)
end)
