-- Credentials that a command supplies, inside nginx: the worker goes on while
-- the command runs, and nginx, which takes the end of every child, is no
-- obstacle.
local emulator = require "spec.support.emulator"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"

local missing = nginx.missing()
if missing then
  pending("credentials of a command inside nginx: " .. missing)
  return
end

local SERVER = [[
location = /token {
  content_by_lua_block {
    local token, err = require("demo"):token()
    ngx.print(token and "token" or tostring(err))
  }
}
location = /quick { return 200 quick; }]]

-- Waits for a file before it prints the pair.
local COMMAND = "echo run >>%s/runs; until [ -e %s/go ]; do sleep 0.05; done; "
  .. [[echo '{"client_id":"%s","client_secret":"%s"}']]

describe("credentials of a command inside nginx", function()
  local e, n, dir
  setup(function()
    e = emulator.start { plain = true }
    dir = process.tempdir()
    os.execute("chmod 777 " .. dir)
    local command = COMMAND:format(dir, dir, e.client_id, e.client_secret)
    local client = 'return assert(require("equinix").new { base_url = %q, '
      .. "credential_process = %q })"
    n = nginx.start { workers = 1, main = "thread_pool equinix threads=2;\n"
      .. "env PATH;", server = SERVER, files = {
        ["demo.lua"] = client:format(e.base_url, command),
        ["bad.lua"] = client:format(e.base_url, "echo hunter2; exit 3"),
      } }
  end)
  teardown(function()
    n:stop()
    e:stop()
    process.remove(dir)
  end)

  it("hold up the callers that need them, and no other", function()
    local out = {}
    for i = 1, 3 do
      out[i] = process.start { "curl", "-sS", "-m", "60", n.url .. "/token" }
    end
    assert.is_true(process.eventually(function()
      return process.capture("cat " .. dir
        .. "/runs 2>/dev/null") ~= ""
    end))
    for _ = 1, 5 do
      assert.equal("quick", process.capture("curl -sS -m 60 " .. n.url
        .. "/quick"))
    end
    assert.is_nil(out[1]:code())
    os.execute("touch " .. dir .. "/go")
    for i = 1, 3 do
      assert.equal(0, out[i]:wait(60))
      assert.equal("token", out[i]:stdout())
      out[i]:stop()
    end
    assert.equal("run", process.capture("cat " .. dir .. "/runs"))
    assert.equal(1, e:count "POST /oauth2/v1/token")
  end)

  it("that it does not give are an error, which repeats nothing", function()
    local text = n:run [[
      return tostring(select(2, require("bad"):token()))
    ]]
    assert.matches("no credentials from credential_process: it ", text)
    assert.not_matches("hunter2", text .. n:error_log())
  end)
end)
