-- cli/doctor/tls: why a TLS connection failed.
local certificates = require "spec.support.certificates"
local doctor = require "spec.support.doctor"
local rawserver = require "spec.support.rawserver"

local HELLO = [[
local c = ...
while c:request() do
  c:send(c.ok "")
end]]

describe("the doctor reports a certificate", function()
  local made
  setup(function()
    made = certificates.make()
  end)
  teardown(function()
    certificates.remove(made)
  end)

  local function check(certificate, ca_file)
    local server = rawserver.start(HELLO, certificate)
    finally(function()
      server:stop()
    end)
    local line, code = doctor.line("tls", ca_file and { "--ca-file", ca_file },
      { EQUINIX_API_ENDPOINT = server.url, EQUINIX_API_TOKEN = "t" })
    return line, code
  end

  it("that is good", function()
    assert.equal("ok verified for 127.0.0.1", (check(made.good, made.ca_file)))
  end)

  it("that has expired, and when", function()
    local line, code = check(made.expired, made.ca_file)
    assert.matches("^FAILED .* has expired %(Jan +2 00:00:00 2020 GMT%)", line)
    assert.equal(4, code)
  end)

  it("that is for another host, and which", function()
    local line, code = check(made.wronghost, made.ca_file)
    assert.matches("^FAILED .* is for another host than 127.0.0.1: "
      .. "DNS:other.example: check EQUINIX_API_ENDPOINT", line)
    assert.equal(4, code)
  end)

  it("whose authority is not trusted, and which that is", function()
    local line, code = check(made.good)
    assert.matches("^FAILED .* not signed by an authority in the system's "
      .. "list; it is signed by CN ?= ?authority: .* %-%-ca%-file", line)
    assert.equal(4, code)
    line = check(made.self, made.ca_file)
    assert.matches("^FAILED .* not signed by an authority in .*/ca.pem; it is "
      .. "signed by CN ?= ?self", line)
  end)

  it("is not reached with a ca_file that holds none", function()
    local line, code = check(made.good, "README.md")
    assert.matches("^FAILED ca_file cannot be read %(.*README.md", line)
    assert.equal(1, code) -- something was sent before
  end)

  it("of a server that answers no further connection", function()
    -- libcurl makes the first connection, openssl the second one.
    local server = rawserver.start(([[
      local c, n = ...
      if n > 1 then
        return c:hangup()
      end
      c.socket = assert(require("ssl").wrap(c.socket, { mode = "server",
        protocol = "any", key = %q, certificate = %q }))
      c.socket:settimeout(60)
      c.socket:dohandshake()]]):format(made.self.key, made.self.certificate))
    finally(function()
      server:stop()
    end)
    local line, code = doctor.line("tls", { "--timeout", "2" }, {
      EQUINIX_API_ENDPOINT = server.url:gsub("^http:", "https:"),
      EQUINIX_API_TOKEN = "t",
    })
    assert.matches("^FAILED .* not signed by an authority in the system's "
      .. "list: .* %-%-ca%-file", line)
    assert.equal(4, code)
    assert.equal(2, server:connections())
  end)

  it("and never suggests to skip verification", function()
    for _, certificate in ipairs { made.expired, made.wronghost, made.self } do
      local line = check(certificate, made.ca_file):lower()
      assert.is_nil(line:find "insecure")
      assert.is_nil(line:find "verif")
    end
  end)
end)
