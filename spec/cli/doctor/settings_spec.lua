-- cli/doctor/settings: what the doctor tells without a network.
local doctor = require "spec.support.doctor"
local process = require "spec.support.process"

local SECRET = "a-secret-of-some-length"

-- Nobody listens there: no check of these needs an answer.
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

describe("the doctor's look at the configuration", function()
  it("names the versions", function()
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

  it("fails with 2 where they can't be used", function()
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

  it("says that proxy variables are not used, without their values",
    function()
      local line, _, all = doctor.line("proxy", {}, env {
        https_proxy = "http://me:pass-word@proxy.example:1",
        HTTPS_PROXY = false, all_proxy = false, ALL_PROXY = false,
        http_proxy = false, HTTP_PROXY = false,
      })
      assert.matches("^ok none; https_proxy is set and not used", line)
      assert.is_nil(all:find("pass-word", 1, true))
    end)
end)

describe("the doctor's look at a file with the secret", function()
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

  local function look(mode)
    if mode then
      os.execute(("chmod %s %s"):format(mode, path))
    end
    return doctor.line("secret file", {}, env {
      EQUINIX_API_CLIENTSECRET = false,
      EQUINIX_API_CLIENTSECRET_FILE = path,
    })
  end

  it("finds one that is its owner's, or a group's to read", function()
    for _, mode in ipairs { "600", "400", "440", "640" } do
      assert.matches("^ok .*/secret, mode ", (look(mode)))
    end
  end)

  it("fails where others may read it, or a group may write it", function()
    for _, mode in ipairs { "644", "604", "660", "602", "622" } do
      local line, code, all = look(mode)
      assert.matches("^FAILED .* is open to others .*: chmod 600 ", line)
      assert.equal(2, code)
      assert.is_nil(all:find(SECRET, 1, true))
    end
  end)

  it("looks at what a link leads to", function()
    os.execute(("chmod 644 %s && mv %s %s.real && ln -s %s.real %s"):format(
      path, path, path, path, path))
    assert.matches("^FAILED ", (look "644"))
  end)

  it("fails where there is none", function()
    os.remove(path)
    local line, code = look()
    assert.matches("^FAILED client_secret_file can't be read", line)
    assert.equal(2, code)
  end)
end)

describe("the doctor's look at the store", function()
  it("leaves nothing there", function()
    local dir = process.tempdir()
    local line = doctor.line("store", {}, env { XDG_RUNTIME_DIR = dir })
    local left = process.capture(("ls %s/equinix | grep -v lock"):format(dir))
    process.remove(dir)
    assert.matches("^ok ", line)
    assert.is_nil(left:find("doctor", 1, true))
  end)

  it("fails with 1 where a token can't be kept, and says why", function()
    local dir = process.tempdir()
    os.execute(("mkdir -m 755 %s/equinix"):format(dir))
    local line, code = doctor.line("store", {}, env {
      XDG_RUNTIME_DIR = dir,
    })
    process.remove(dir)
    assert.matches("^FAILED no token can be kept .*others may use it", line)
    assert.equal(1, code)
    line, code = doctor.line("store", {}, env { XDG_RUNTIME_DIR = false })
    assert.matches("^FAILED .*set HOME or XDG_RUNTIME_DIR", line)
    assert.equal(1, code)
  end)

  it("is skipped where there is none to look at", function()
    assert.matches("^skipped %-%-no%-store",
      (doctor.line("store", { "--no-store" }, env())))
    assert.matches("^skipped .*less than 16 bytes", (doctor.line("store", {},
      env { EQUINIX_API_CLIENTSECRET = "short" })))
    assert.matches("^skipped grant static", (doctor.line("store", {}, {
      EQUINIX_API_ENDPOINT = "http://127.0.0.1:1", EQUINIX_API_TOKEN = "t",
    })))
  end)
end)
