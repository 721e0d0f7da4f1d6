-- preload: what a client may need is read while it can be read.
local certificates = require "spec.support.certificates"
local core = require "equinix.core"
local equinix = require "equinix"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"

local GNUTLS = core.versions().libcurl:find "GnuTLS"

local SERVER = [[
  local c = ...
  for request in function() return c:request() end do
    local text = request.path == "/oauth2/v1/token"
      and '{"access_token":"t","token_timeout":3600,"token_type":"Bearer"}'
      or "{}"
    c:send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
      .. "Content-Length: " .. #text .. "\r\n\r\n" .. text)
  end
]]

describe("a client that was preloaded", function()
  local made, server
  setup(function()
    made = certificates.make()
    server = rawserver.start(SERVER, made.good)
  end)
  teardown(function()
    server:stop()
    certificates.remove(made)
  end)

  local function moved(name, from)
    local path = ("%s/%s"):format(made.dir, name)
    process.capture(("cp %s %s"):format(from, path))
    return path
  end

  local function write(name, text)
    local file = assert(io.open(made.dir .. "/" .. name, "wb"))
    file:write(text)
    file:close()
    return made.dir .. "/" .. name
  end

  it("works without its files, and without its modules", function()
    if GNUTLS then
      pending "GnuTLS takes no certificates as bytes"
      return
    end
    local options = {
      ca_file = moved("trusted.pem", made.ca_file),
      client_cert = moved("mine.pem", made.good.certificate),
      client_key = moved("mine.key", made.good.key),
      client_secret_file = write("secret", "a secret of no use\n"),
    }
    local fields = {}
    for name, path in pairs(options) do
      fields[#fields + 1] = ("%s = %q"):format(name, path)
    end
    local script = write("script.lua", ([[
      package.path, package.cpath = %q, %q
      local equinix = require "equinix"
      local client = assert(equinix.new { client_id = "preloaded",
        base_url = %q, %s })
      assert(client:preload())
      package.path, package.cpath = "", ""
      for i = 1, #arg do assert(os.remove(arg[i])) end
      print(client:get("/").status, client:post("/", { json = {} }).status)
      for result in client:items("/none") do print(result) end
    ]]):format(package.path, package.cpath, server.url,
      table.concat(fields, ", ")))
    local output = process.capture(("%s %s %s %s %s %s 2>&1"):format(
      process.interpreter(), script, options.ca_file, options.client_cert,
      options.client_key, options.client_secret_file))
    assert.matches("200\t200", output)
    assert.is_nil(output:find "module '")
    local last = server:requests()
    assert.is_truthy(last[1].body:find("a secret of no use", 1, true))
  end)

  it("trusts the system's authorities as they were", function()
    local list = core.system_ca()
    local _, code = process.capture "unshare -rm true 2>&1"
    if GNUTLS or not list or code ~= 0 then
      pending(code ~= 0 and "unshare has no right to mount"
        or "this libcurl takes no bytes, or does not say where the list is")
      return
    end
    local script = write("script.lua", ([[
      package.path, package.cpath = %q, %q
      local client = assert(require("equinix").new { token = "t",
        base_url = %q, retry = false })
      print(client:get("/").status)
      assert(client:preload())
      os.execute "mount -t tmpfs none $(dirname %s)"
      local fresh = assert(require("equinix").new { token = "t",
        base_url = %q, retry = false, user_agent = "another" })
      print(io.open %q, fresh:get("/").status)
    ]]):format(package.path, package.cpath, server.url, list, server.url,
      list))
    local output = process.capture(("unshare -rm sh -c 'mount --bind %s %s "
      .. "&& exec %s %s' 2>&1"):format(made.ca_file, list,
      process.interpreter(), script))
    assert.equal("200\nnil\t200", output)
  end)

  it("reads a file that can be read anew", function()
    local path = write("rotating", "first")
    local client = assert(equinix.new { client_id = "rotating",
      base_url = server.url, client_secret_file = path })
    assert.is_true(client:preload())
    write("rotating", "second")
    assert.equal("second", client.config.secret())
    os.remove(path)
    assert.equal("first", client.config.secret())
    client:close()
  end)

  it("asks a command for the credentials, and says why it gave none",
    function()
      local client = assert(equinix.new { base_url = server.url,
        credential_process =
          [[echo '{"client_id":"asked","client_secret":"s"}']] })
      assert.is_true(client:preload())
      assert.equal("asked", client.config.client_id)
      client:close()
      client = assert(equinix.new { credential_process = "exit 9" })
      local ok, err = client:preload()
      assert.is_nil(ok)
      assert.matches("exit code 9", err.message)
      client:close()
    end)

  it("says which file can't be read", function()
    for _, name in ipairs { "ca_file", "client_cert", "client_secret_file" } do
      local client = assert(equinix.new { client_id = "unreadable",
        client_secret = name ~= "client_secret_file" and "s" or nil,
        [name] = "/nowhere/file" })
      local ok, err = client:preload()
      assert.is_nil(ok)
      assert.equal("config", err.kind)
      assert.equal(name .. " can't be read: /nowhere/file: there is no such "
        .. "file (ENOENT)", err.message)
      client:close()
      assert.equal("closed", select(2, client:preload()).kind)
    end
  end)
end)
