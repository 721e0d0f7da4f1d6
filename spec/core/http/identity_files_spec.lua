-- identity_files: a file that is replaced in place counts from then on.
local Handle = require "spec.support.handle"
local certificates = require "spec.support.certificates"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"

local GNUTLS = require("equinix.core").versions().libcurl:find "GnuTLS"

local KEEPS = [[
  local c = ...
  while c:request() do c:send(c.ok "hello") end
]]
local CLOSES = [[
  local c = ...
  if c:request() then c:send(c.ok("hello", "Connection: close\r\n")) end
]]

local function copy(from, to)
  local _, code = process.capture(("cat %s >%s"):format(process.quote(from),
    process.quote(to)))
  assert(code == 0)
end

describe("a ca_file that is replaced in place", function()
  local made, other, handle, ca_file, server
  setup(function()
    made, other = certificates.make(), certificates.make()
  end)
  teardown(function()
    certificates.remove(made)
    certificates.remove(other)
  end)
  before_each(function()
    handle, ca_file = Handle.new(), made.dir .. "/trusted.pem"
    copy(made.ca_file, ca_file)
  end)
  after_each(function()
    handle:close()
    server:stop()
  end)

  local function ask()
    return handle:get(server.url, { ca_file = ca_file })
  end

  -- The one error of a server whose authority is gone.
  local function refused()
    return process.eventually(function()
      local response, err = ask()
      return not response and err
    end)
  end

  for name, script in pairs { ["new connections"] = CLOSES,
    ["kept connections"] = KEEPS } do
    it("no longer trusts a removed authority: " .. name, function()
      server = rawserver.start(script, made.good)
      assert(ask())
      copy(other.ca_file, ca_file)
      local err = assert(refused())
      assert.are.equal("CURLE_PEER_FAILED_VERIFICATION", err.code)
    end)

    it("trusts an added authority: " .. name, function()
      copy(other.ca_file, ca_file)
      server = rawserver.start(script, made.good)
      assert(not ask())
      copy(made.ca_file, ca_file)
      assert(process.eventually(ask))
    end)

    it("goes on with what is as it was: " .. name, function()
      server = rawserver.start(script, made.good)
      for _ = 1, 5 do
        assert(ask())
      end
      assert.are.equal(script == KEEPS and 1 or 5, server:connections())
    end)
  end

  it("does not trust what a session of TLS was made with", function()
    server = rawserver.start(CLOSES, { key = made.good.key,
      certificate = made.good.certificate, protocol = "tlsv1_2" })
    assert(ask())
    assert(ask())
    copy(other.ca_file, ca_file)
    assert(refused())
  end)

  it("is named in errors as it was given", function()
    server = rawserver.start(CLOSES, made.good)
    copy("/dev/null", ca_file)
    local _, err = ask()
    assert.is_nil(err.message:find("/./", 1, true), err.message)
    if not GNUTLS then -- for that an empty list is a list
      assert.are.equal("CURLE_SSL_CACERT_BADFILE", err.code)
      assert.is_truthy(err.message:find(ca_file, 1, true), err.message)
    end
  end)
end)

describe("the system's list of authorities", function()
  local core = require "equinix.core"

  -- In a folder of its own: the machine's stays as it is.
  it("counts as it is now, too, when it is replaced in place", function()
    local list = core.system_ca()
    if not list then
      pending "this libcurl does not say where it is"
      return
    end
    local alone = "unshare --map-root-user --mount sh -c %s 2>&1"
    local mount = "mount -t tmpfs none " .. list:match "^(.*)/"
    if select(2, process.capture(alone:format(process.quote(mount)))) ~= 0 then
      pending "unshare is not allowed here"
      return
    end
    local made, other = certificates.make(), certificates.make()
    local server = rawserver.start(KEEPS, made.good)
    local script = made.dir .. "/ask.lua"
    local file = assert(io.open(script, "wb"))
    file:write(([[
      package.path, package.cpath = %q, %q
      local process = require "spec.support.process"
      local handle = require("equinix.core").http()
      local function use(path)
        os.execute("cat " .. path .. " >%s")
      end
      local function ask()
        local response, err = handle:send({ method = "GET", url = %q }, 60)
        return response and "200" or err.code
      end
      use %q
      print(ask())
      use %q
      print(process.eventually(function()
        local result = ask()
        return result ~= "200" and result
      end))]]):format(package.path, package.cpath, list, server.url,
      made.ca_file, other.ca_file))
    file:close()
    local out = process.capture(alone:format(process.quote(("%s && %s %s")
      :format(mount, process.interpreter(), script))))
    server:stop()
    certificates.remove(made)
    certificates.remove(other)
    assert.are.equal("200\nCURLE_PEER_FAILED_VERIFICATION", out)
  end)
end)

describe("a client certificate that is replaced in place", function()
  local made, handle, server, url
  setup(function()
    made = certificates.make()
    server = process.start { "openssl", "s_server", "-www",
      "-accept", "127.0.0.1:0", "-tls1_2", "-Verify", "1",
      "-cert", made.good.certificate, "-key", made.good.key }
    url = "https://127.0.0.1:" .. process.eventually(function()
      return server:stdout():match "ACCEPT [^\n]*:(%d+)\n"
    end) .. "/"
  end)
  teardown(function()
    server:stop()
    certificates.remove(made)
  end)
  before_each(function()
    handle = Handle.new()
  end)
  after_each(function()
    handle:close()
  end)

  -- The server's page has no length, so its end is not certain: that error
  -- means that the connection was made.
  local function ask(fields)
    fields.ca_file = made.ca_file
    local _, err = handle:get(url, fields)
    return err.code, err.message
  end

  it("is read again, key and all", function()
    local pair = { client_cert = made.dir .. "/c.pem",
      client_key = made.dir .. "/c.key" }
    copy(made.good.certificate, pair.client_cert)
    copy(made.good.key, pair.client_key)
    assert.are.equal("body_end_unknown", ask(pair))
    copy(made.expired.key, pair.client_key)
    assert.are.equal("CURLE_SSL_CERTPROBLEM", process.eventually(function()
      local code = ask(pair)
      return code ~= "body_end_unknown" and code
    end))
    copy(made.expired.certificate, pair.client_cert)
    assert.are.equal("body_end_unknown", process.eventually(function()
      local code = ask(pair)
      return code == "body_end_unknown" and code
    end))
  end)

  for name, command in pairs {
    ["of PKCS #8"] = "openssl pkcs8 -topk8 -v2 aes-256-cbc",
    ["of SEC 1"] = "openssl ec -aes256",
  } do
    describe("and a key " .. name .. " under a pass phrase", function()
      local fields
      before_each(function()
        fields = { client_cert = made.good.certificate,
          client_key = made.dir .. "/secret.key" }
        local said, code = process.capture(("%s -in %s -out %s -passout "
          .. "pass:open-sesame 2>&1"):format(command, made.good.key,
          fields.client_key))
        assert(code == 0, said)
      end)

      local function password(text)
        local path = made.dir .. "/password"
        local file = assert(io.open(path, "wb"))
        file:write(text)
        file:close()
        return path
      end

      it("opens with client_key_password_file", function()
        for _, text in ipairs { "open-sesame", "open-sesame\n",
          "open-sesame\r\n" } do
          fields.client_key_password_file = password(text)
          assert.are.equal("body_end_unknown", ask(fields))
          handle:close()
          handle = Handle.new()
        end
      end)

      it("opens with that option of a client", function()
        fields.client_key_password_file = password "open-sesame"
        fields.ca_file, fields.retry = made.ca_file, false
        fields.base_url, fields.token = url, "t"
        local client = assert(require("equinix").new(fields))
        local _, err = client:get "/"
        client:close()
        assert.are.equal("body_end_unknown", err.code, tostring(err))
      end)

      it("says what is missing", function()
        local code, message = ask(fields)
        assert.are.equal("CURLE_SSL_CERTPROBLEM", code)
        assert.is_truthy(message:find("client_key_password_file", 1, true),
          message)
      end)

      it("says that the pass phrase is another one", function()
        fields.client_key_password_file = password "wrong-words"
        local code, message = ask(fields)
        assert.are.equal("CURLE_SSL_CERTPROBLEM", code)
        assert.is_truthy(message:find("does not open", 1, true), message)
        assert.is_nil(message:find("wrong-words", 1, true))
        password "open-sesame"
        assert.are.equal("body_end_unknown", ask(fields))
      end)

      it("names a pass phrase file that can't be read", function()
        fields.client_key_password_file = made.dir .. "/nowhere"
        local code, message = ask(fields)
        assert.are.equal("CURLE_SSL_CERTPROBLEM", code)
        assert.is_truthy(message:find("/nowhere: ENOENT", 1, true), message)
      end)

      it("leaves the terminal and standard input alone", function()
        local script = made.dir .. "/ask.lua"
        local file = assert(io.open(script, "wb"))
        file:write(([[
          package.cpath = %q
          local handle = require("equinix.core").http()
          local _, err = handle:send({ method = "GET", url = %q,
            ca_file = %q, client_cert = %q, client_key = %q }, 10)
          print(err.code, io.read "*a")]]):format(package.cpath, url,
          made.ca_file, fields.client_cert, fields.client_key))
        file:close()
        -- `script` gives it a terminal to ask at.
        local out = process.capture(("echo open-sesame | timeout 99 setsid %s "
          .. "%s 2>&1"):format(process.interpreter(), script))
        assert.are.equal("CURLE_SSL_CERTPROBLEM\topen-sesame\n", out)
        out = process.capture(("timeout 300 script -qec '%s %s </dev/null' "
          .. "/dev/null </dev/null 2>&1"):format(process.interpreter(),
          script))
        assert.is_nil(out:find "[Pp]ass", out)
        assert.is_truthy(out:find("CURLE_SSL_CERTPROBLEM", 1, true), out)
      end)
    end)
  end

  it("needs no pass phrase for a plain key, given or not", function()
    local path = made.dir .. "/unused"
    local file = assert(io.open(path, "wb"))
    file:write "unused"
    file:close()
    local fields = { client_cert = made.good.certificate,
      client_key = made.good.key }
    assert.are.equal("body_end_unknown", ask(fields))
    fields.client_key_password_file = path
    assert.are.equal("body_end_unknown", ask(fields))
  end)
end)

describe("a file that is a pipe", function()
  local made
  setup(function()
    made = certificates.make()
  end)
  teardown(function()
    certificates.remove(made)
  end)

  it("is read once and serves every connection", function()
    local server = rawserver.start(CLOSES, made.good)
    local script = made.dir .. "/twice.lua"
    local file = assert(io.open(script, "wb"))
    file:write(([[
      package.cpath = %q
      local core = require "equinix.core"
      for _ = 1, 2 do
        local handle = core.http()
        for _ = 1, 2 do
          local response, err = handle:send({ method = "GET", url = %q,
            ca_file = arg[1] }, 10)
          print(response and response.status or err.message)
        end
        handle:close()
      end]]):format(package.cpath, server.url))
    file:close()
    local out = process.capture(("bash -c '%s %s <(cat %s)' 2>&1"):format(
      process.interpreter(), script, made.ca_file))
    server:stop()
    if GNUTLS then
      assert.is_truthy(out:find("regular file", 1, true), out)
    else
      assert.are.equal("200\n200\n200\n200", out)
    end
  end)
end)
