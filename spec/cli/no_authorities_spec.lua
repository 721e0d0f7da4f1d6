-- cli: a machine without certificate authorities, as a small Debian is: the
-- package ca-certificates is not installed, and no ca_file was given.
local certificates = require "spec.support.certificates"
local core = require "equinix.core"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"

-- Runs a command that sees nothing in the folder of the authorities.
local folder = (core.system_ca and core.system_ca()
  or "/etc/ssl/certs/ca-certificates.crt"):match "^(.*)/"
local ALONE = "unshare --map-root-user --mount sh -c %s 2>&1"

local function run(script)
  return process.capture(ALONE:format(process.quote(("mount -t tmpfs none %s "
    .. "&& %s"):format(folder, script))))
end

if select(2, run "true") ~= 0 then
  pending "without authorities: unshare is not allowed here"
  return
end

describe("without the package ca-certificates", function()
  local made, server
  setup(function()
    made = certificates.make()
    server = rawserver.start("local c = ... c:hangup()", made.good)
  end)
  teardown(function()
    server:stop()
    certificates.remove(made)
  end)

  local ENV = "env -u EQUINIX_API_CLIENTID -u EQUINIX_API_CLIENTSECRET "
    .. "EQUINIX_API_TOKEN=t EQUINIX_API_ENDPOINT=%s %s"

  it("a call names the package, and no ca_file that was never given",
    function()
      local out, code = run(ENV:format(server.url,
        "bin/equinix-auth request GET /fabric/v4/ports --no-store"))
      assert.equal(2, code, out)
      assert.matches("install the package ca%-certificates, or give ca_file",
        out)
      assert.is_nil(out:find("ca_file cannot be read", 1, true))
      assert.is_truthy(out:find(folder, 1, true), out)
    end)

  it("doctor names the package in its first failure", function()
    local out, code = run(ENV:format(server.url,
      "bin/equinix-auth doctor --no-store"))
    assert.equal(2, code, out)
    assert.matches("^[^\n]+\nFAILED +settings +the system's list of "
      .. "certificate authorities can't be read: " .. folder
      .. "[^\n]*: install the package ca%-certificates", out)
    assert.is_nil(out:find("check host and port", 1, true))
  end)

  it("doctor calls an empty list empty", function()
    local out = run(("touch %s/ca-certificates.crt; %s"):format(folder,
      ENV:format(server.url, "bin/equinix-auth doctor --no-store")))
    assert.matches("\nFAILED +settings +[^\n]* is empty: install the package "
      .. "ca%-certificates", out)
  end)

  it("a ca_file that can't be read is still called that", function()
    local out = run(ENV:format(server.url, "bin/equinix-auth request GET / "
      .. "--no-store --ca-file /nowhere"))
    assert.matches("--ca-file: /nowhere: No such file", out, 1, true)
    assert.is_nil(out:find("package", 1, true))
  end)

  it("http on loopback needs none", function()
    local out = run(ENV:format("http://127.0.0.1:1",
      "bin/equinix-auth doctor --no-store"))
    assert.matches("\nok +settings ", out)
    assert.is_nil(out:find("ca-certificates", 1, true))
  end)
end)
