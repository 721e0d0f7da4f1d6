-- emulator/certificates: a throw-away CA and one certificate.
local certificates = require "equinix.emulator.certificates"
local process = require "spec.support.process"

describe("the emulator's certificates", function()
  local dir
  setup(function()
    dir = process.tempdir()
    assert(certificates.make(dir))
  end)
  teardown(function()
    process.remove(dir)
  end)

  local function openssl(arguments)
    return process.capture("cd " .. dir .. " && openssl " .. arguments
      .. " 2>&1")
  end

  it("are signed by the CA, for a server", function()
    local said, code = openssl
      "verify -x509_strict -purpose sslserver -CAfile ca.pem server.pem"
    assert.equal(0, code, said)
  end)

  it("are for this machine, by every name it has for itself", function()
    for _, check in ipairs { "-checkhost localhost", "-checkip 127.0.0.1",
      "-checkip ::1" } do
      assert.matches("does match", (openssl("x509 -noout " .. check
        .. " -in server.pem")))
    end
    assert.matches("NOT match", (openssl
      "x509 -noout -checkhost api.equinix.com -in server.pem"))
  end)

  it("leave no key but the server's, and that one to its owner", function()
    assert.equal("-rw-------", process.capture("ls -l " .. dir
      .. "/server.key"):sub(1, 10))
    assert.equal("ca.pem commands.log server.key server.pem",
      (process.capture("ls " .. dir):gsub("\n", " ")))
  end)

  it("are new each time", function()
    local other = process.tempdir()
    assert(certificates.make(other))
    local _, code = process.capture(("cmp %s/ca.pem %s/ca.pem"):format(dir,
      other))
    process.remove(other)
    assert.equal(1, code)
  end)

  it("say what failed when they can't be made", function()
    local ok, reason = certificates.make "/nowhere"
    assert.is_nil(ok)
    assert.is_string(reason)
  end)
end)
