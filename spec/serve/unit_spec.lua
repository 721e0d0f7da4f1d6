-- The example unit for systemd: its command runs, with the environment and the
-- signals of the unit.
local emulator = require "spec.support.emulator"
local process = require "spec.support.process"
local serve = require "spec.support.serve"

local missing = serve.missing()
if missing then
  pending("the unit for systemd: " .. missing)
  return
end

local PATH = "examples/equinix-auth.service"

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "*a"
  file:close()
  return text
end

-- All values of a setting.
local function values(text, name)
  local found = {}
  for value in ("\n" .. text):gmatch("\n" .. name .. "=([^\n]*)") do
    found[#found + 1] = value
  end
  return found
end

describe("the unit for systemd", function()
  local text = read(PATH)

  it("is accepted by systemd", function()
    if select(2, process.capture "command -v systemd-analyze") ~= 0 then
      pending "systemd-analyze is not here"
      return
    end
    local dir = process.tempdir()
    local file = assert(io.open(dir .. "/equinix-auth.service", "w"))
    file:write((text:gsub("/usr/local/bin/equinix%-auth",
      process.capture "pwd" .. "/bin/equinix-auth")))
    file:close()
    -- Its man page is not installed.
    local said, code = process.capture("systemd-analyze verify --man=no "
      .. dir .. "/equinix-auth.service 2>&1")
    process.remove(dir)
    assert.equal(0, code, said)
    assert.is_nil(said:find("equinix-auth.service:", 1, true), said)
  end)

  it("starts the command, reloads it and ends it",
    function()
      local e = emulator.start { plain = true }
      local runtime = process.tempdir()
      finally(function()
        e:stop()
        process.remove(runtime)
      end)
      local file = assert(io.open(runtime .. "/client_secret", "w"))
      file:write(e.client_secret, "\n")
      file:close()
      -- Environment= as systemd would set it.
      local env = { EQUINIX_API_ENDPOINT = e.base_url,
        EQUINIX_API_CLIENTID = e.client_id, EQUINIX_API_CLIENTSECRET = false }
      for _, line in ipairs(values(text, "Environment")) do
        local name, value = line:match "^([%u_]+)=(.*)$"
        env[name] = value:gsub("%%d", runtime):gsub("%%t/equinix%-auth",
          runtime)
      end
      assert.is_truthy(env.EQUINIX_API_CLIENTSECRET_FILE)
      local words = {}
      local line = values(text, "ExecStart")[1]
      for word in line:match "equinix%-auth serve (.*)$":gmatch "%S+" do
        words[#words + 1] = word:find "^%d+$" and "0" or word
      end
      local s = serve.start(e, words, { env = env })
      finally(function()
        s:stop()
        e:stop()
        process.remove(runtime)
      end)
      local token = s:token()
      assert.equal("/bin/kill -HUP $MAINPID", values(text, "ExecReload")[1])
      s.program:signal "HUP"
      assert.equal(token, s:token())
      assert.equal("mixed", values(text, "KillMode")[1])
      s.program:signal "TERM"
      assert.equal(0, s.program:wait(60))
    end)

  it("has no secret, and passes none as an argument", function()
    assert.is_nil(text:find "CLIENTSECRET=")
    assert.is_nil(values(text, "ExecStart")[1]:find("secret", 1, true))
  end)
end)
