-- cli/profiles: which profiles there are, and what a command does with one.
local command = require "spec.support.command"
local emulator = require "spec.support.emulator"
local file = require "equinix.base.file"
local process = require "spec.support.process"
local serve = require "spec.support.serve"

local FILE = [[
[default]
base_url = %(url)
client_id = %(id)
client_secret = %(secret)
[file]
base_url = %(url)
client_id = %(id)
client_secret_file = %(dir)/secret
[command]
base_url = %(url)
credential_process = echo >>$RUNS; cat %(dir)/pair.json
[bad]
base_url = %(url)
credential_process = echo hunter2 >&2; echo hunter2; exit 4
[settings only]
timeout = 9
]]

describe("profiles", function()
  local e, dir
  setup(function()
    e = emulator.start { plain = true }
    dir = process.tempdir()
    os.execute(("mkdir %s/equinix && mkdir -m 700 %s/run"):format(dir, dir))
    local values = { url = e.base_url, id = e.client_id,
      secret = e.client_secret, dir = dir }
    for name, text in pairs { ["equinix/config"] = FILE,
      secret = "%(secret)\n",
      ["pair.json"] = '{"client_id":"%(id)","client_secret":"%(secret)",'
        .. '"expires_in":1}' } do
      local out = assert(io.open(dir .. "/" .. name, "w"))
      out:write((text:gsub("%%%((%l+)%)", values)))
      out:close()
    end
    os.execute(("chmod 600 %s/equinix/config"):format(dir))
  end)
  teardown(function()
    e:stop()
    process.remove(dir)
  end)
  before_each(function()
    e:reset()
  end)

  local function run(words, changes)
    local env = { XDG_CONFIG_HOME = dir, XDG_RUNTIME_DIR = dir .. "/run",
      RUNS = dir .. "/runs" }
    for name, value in pairs(changes or {}) do
      env[name] = value
    end
    return command.run(words, { env = env })
  end

  it("are listed, with where their credentials are, never what they are",
    function()
      local code, out, said = run { "profiles" }
      assert.equal(0, code)
      assert.equal("", said)
      assert.equal(([[
* default        client_secret in this file
  file           client_secret_file %s/secret
  command        credential_process (a command)
  bad            credential_process (a command)
  settings only  no credentials: those of the environment
]]):format(dir), out)
      assert.matches("\n%* file ", select(2, run({ "profiles" },
        { EQUINIX_PROFILE = "file" })))
      assert.equal("default\nfile\ncommand\nbad\n",
        select(2, run { "profiles", "--names" }))
    end)

  it("are none where there is no file", function()
    local code, out, said = run({ "profiles" }, { XDG_CONFIG_HOME = "/none" })
    assert.equal(0, code)
    assert.equal("", out)
    assert.matches("no file /none/equinix/config; equinix%-auth configure",
      said)
    assert.equal("", select(3, run({ "profiles", "--names" },
      { XDG_CONFIG_HOME = "/none" })))
  end)

  it("give each command its credentials, the default one unasked", function()
    for name, words in pairs { default = {}, file = { "--profile", "file" },
      command = { "--profile", "command" } } do
      table.insert(words, 1, "request")
      table.insert(words, 2, "GET")
      table.insert(words, 3, "/fabric/v4/ports")
      local code, out, said = run(words)
      assert.equal(0, code, name .. said)
      assert.matches("data", out)
    end
    assert.equal(0, (run({ "token" }, { EQUINIX_PROFILE = "command" })))
  end)

  it("that do not exist: the nearest name, and nothing is sent", function()
    for _, changes in ipairs { { "--profile", "comand" }, {} } do
      local words = { "token", changes[1], changes[2] }
      local code, _, said = run(words, not changes[1]
        and { EQUINIX_PROFILE = "comand" })
      assert.equal(2, code)
      assert.matches("no profile 'comand' .*did you mean 'command'%?", said)
    end
    assert.equal(0, e:count "POST /oauth2/v1/token")
  end)

  it("whose command fails: its exit code, and nothing of what it printed",
    function()
      for _, word in ipairs { "token", "doctor", "serve" } do
        local code, out, said = run { word, "--profile", "bad" }
        assert.equal(2, code, said)
        assert.matches("it ended with exit code 4", out .. said)
        assert.not_matches("hunter2", out .. said)
        assert.not_matches("internal error", out .. said)
      end
    end)

  it("are named by the doctor, with what is wrong about them", function()
    local code, out = run { "doctor", "--profile", "file" }
    assert.equal(1, code) -- the secret's file is open to others
    assert.matches("ok +settings .*with profile 'file' of ", out)
    assert.matches("ok +credentials +profile 'file' of ", out)
    assert.matches("FAILED +secret file +" .. dir:gsub("%p", "%%%0")
      .. "/secret %(mode", out)
    out = select(2, run { "doctor", "--profile", "command" })
    assert.matches("ok +secret file +a command gives", out)
    assert.not_matches("FAILED", out)
  end)

  it("serve: its workers run the command when its answer is over", function()
    if serve.missing() then
      return pending(serve.missing())
    end
    local s = serve.start(nil, { "--profile", "command", "--no-store" }, {
      env = { XDG_CONFIG_HOME = dir, RUNS = dir .. "/served",
        EQUINIX_API_CLIENTSECRET = "another" } })
    finally(function()
      s:stop()
    end)
    local conf = assert(file.read(s.dir .. "/nginx.conf"))
    assert.matches("\nenv RUNS;\n", conf)
    assert.not_matches("CLIENTSECRET", conf) -- nor its name
    local function runs()
      return tonumber((process.capture("wc -l <" .. dir .. "/served")))
    end
    assert.equal(200, (s:rest("POST", "/oauth2/v1/token")))
    local before = runs()
    assert.is_true(process.eventually(function()
      assert.equal(200, (s:rest("POST", "/oauth2/v1/refreshaccesstoken")))
      return runs() > before
    end))
  end)

  it("lose their stored token by equinix-auth forget", function()
    local function token()
      local code, out, said = run { "token" }
      assert.equal(0, code, said)
      return out
    end
    local first = token()
    assert.equal(first, token())
    local code, out, said = run { "forget" }
    assert.equal(0, code, said)
    assert.equal("", out .. said)
    assert.not_equal(first, token())
  end)
end)
