-- cli: files that are pipes, as the shell's <(...) gives them. Such a file can
-- be read only once, and every command reads some files more than once.
local json = require "equinix.base.json"
local command = require "spec.support.command"
local emulator = require "spec.support.emulator"
local process = require "spec.support.process"

describe("a command that gets a pipe", function()
  local e, dir
  setup(function()
    e = emulator.start()
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

  -- The command in bash; %ca is the emulator's authority in a pipe.
  local function run(line, changes)
    local words = { "env" }
    for name, value in pairs(command.NONE) do
      words[#words + 1] = value == false and "-u " .. name or nil
    end
    for name, value in pairs(command.env(e, changes)) do
      words[#words + 1] = value and process.quote(name .. "=" .. value) or nil
    end
    words[#words + 1] = "XDG_RUNTIME_DIR=" .. dir
    return process.capture(("%s timeout 300 bash -c %s 2>&1"):format(
      table.concat(words, " "), process.quote((line:gsub("%%(%w+)", {
        ca = ("<(cat %s)"):format(process.quote(e.ca_file)),
        file = process.quote(e.ca_file),
        secret = ("EQUINIX_API_CLIENTSECRET_FILE=<(echo %s)"):format(
          process.quote(e.client_secret)),
      })))))
  end
  local NO_SECRET = { EQUINIX_API_CLIENTSECRET = false }
  local GNUTLS = require("equinix.core").versions().libcurl:find "GnuTLS"

  it("with the secret: doctor reads it once, and calls it by its name",
    function()
      local out, code = run("%secret bin/equinix-auth doctor --ca-file %file",
        NO_SECRET)
      assert.equal(0, code, out)
      assert.matches("\nok +secret file +/dev/fd/%d+ is a pipe", out)
      assert.matches("\nok +token +accepted", out)
    end)

  for _, words in ipairs { "token", "refresh", "request GET /fabric/v4/ports",
    "token --no-store" } do
    it("with the secret: " .. words, function()
      local out, code = run("%secret bin/equinix-auth " .. words
        .. " --ca-file %file", NO_SECRET)
      assert.equal(0, code, out)
      assert.equal(1, e:count "POST /oauth2/v1/token")
    end)
  end

  if not GNUTLS then
    for _, words in ipairs { "doctor", "token", "request GET /fabric/v4/ports",
      "request GET /fabric/v4/ports --all-pages" } do
      it("with the authority: " .. words, function()
        local out, code = run("bin/equinix-auth " .. words
          .. " --ca-file %ca")
        assert.equal(0, code, out)
      end)
    end
  end

  it("with a body: request", function()
    local out, code = run("bin/equinix-auth request POST "
      .. "/colocations/v2/orders/shipments --ca-file %file -d @<(echo '{}')")
    assert.equal(1, code, out)
    assert.equal(1, e:count "POST /colocations/v2/orders/shipments")
  end)

  -- nginx is another process, and reads them again at each reload.
  for name, line in pairs {
    ["EQUINIX_API_CLIENTSECRET_FILE"] = "%secret bin/equinix-auth serve",
    ["--auth-token-file"] = "bin/equinix-auth serve --auth-token-file "
      .. "<(echo word)",
    ["--ca-file"] = "bin/equinix-auth serve --ca-file %ca",
  } do
    it("which serve would have to read again: " .. name, function()
      local out, code = run(line .. " --rest-port 0 --mcp-port 0",
        line:find "^%%secret" and NO_SECRET or nil)
      assert.equal(2, code, out)
      assert.matches("^" .. name:gsub("%p", "%%%0") .. ": /dev/fd/%d+ is no "
        .. "regular file and can be read only once.*give a regular file$",
        json.decode(out).message)
    end)
  end
end)
