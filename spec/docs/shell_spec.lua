-- What the documents say to type: their blocks about the command, the emulator
-- and a checkout, pasted into a shell of their own against the emulator.
local emulator = require "spec.support.emulator"
local process = require "spec.support.process"
local readme = require "spec.support.readme"

local function has(program)
  return process.capture("command -v " .. program) ~= ""
end

describe("the documents", function()
  local e, desk

  setup(function()
    e = emulator.start { plain = true }
  end)
  before_each(function()
    e:reset()
    desk = readme.desk {
      EQUINIX_API_ENDPOINT = e.base_url,
      EQUINIX_API_CLIENTID = e.client_id,
      EQUINIX_API_CLIENTSECRET = e.client_secret,
    }
  end)
  after_each(function()
    desk:stop()
  end)
  teardown(function()
    e:stop()
  end)

  local function paste(text)
    local said, code = desk:paste(text)
    assert.equal(0, code, text .. "\n" .. said)
    return said
  end

  it("has exports with which a checkout's module is found", function()
    local root = process.capture "pwd"
    local build = os.getenv "BUILD" or "build"
    build = build:find "^/" and build or root .. "/" .. build
    local core = io.open(build .. "/lua5.4/equinix/core.so")
    if not core then
      return pending "there is no build for Lua 5.4"
    end
    core:close()
    desk:link(root .. "/lua", "lua")
    desk:link(build, "build")
    local lua = process.capture "tools/lua.sh lua5.4 command"
    local exports = readme.block("README.md", "export LUA_PATH")
    assert.equal("Bearer ", paste(exports .. "\n" .. lua
      .. [[ -e 'local c = assert(require "equinix".new())
        io.write(assert(c:authorization()):sub(1, 7))']]))
  end)

  it("has words about the command that work, for one token", function()
    local block = readme.block("docs/command.md", "equinix-auth doctor  ")
    local said = paste(readme.put(block, "https://...", "-fsS "
      .. e.base_url .. "/fabric/v4/health"))
    assert.is_nil(said:find("FAILED", 1, true), said)
    assert.matches("HEALTHY", said)
    assert.matches("%[{.-}%]", said)
    assert.matches("Usage: equinix%-auth request", said)
    assert.equal(1, e:count "POST /oauth2/v1/token")
  end)

  it("has lines that write and check a capability", function()
    assert.matches("\nMCP equinix%-mcp, port 9090\n",
      paste(readme.block("docs/command.md", "equinix-auth capability show")))
  end)

  it("has lines that print lists as tables", function()
    assert.matches("^name .-\nport%-0001 .*\nport%-0025 .-\n"
      .. "port%-0001\tAM\n.*\nport%-0020\t%u%u\n"
      .. '{"state":"HEALTHY"}\n$',
      paste(readme.block("docs/command.md",
        "--fields name,location.metroCode")))
  end)

  it("has a line that starts an emulator", function()
    local ready = desk:serve(readme.block("docs/emulator.md",
      "# http; without it https"), "--port 0")
    assert.matches("^http://", ready.base_url)
    paste("curl -fsS " .. ready.base_url .. "/_emulator/config")
  end)

  it("has lines that run the tests of any program", function()
    local block = readme.block("docs/emulator.md",
      "--ready-file ready >exports")
    local said = paste("trap 'kill $! 2>/dev/null || :' EXIT\n"
      .. readme.put(block, "make test ",
        "equinix-auth request GET /fabric/v4/health ") .. "\nwait")
    assert.matches('"state":"HEALTHY"', said)
  end)

  it("has lines that turn the emulator's knobs, and back", function()
    -- They show a failure to a reader, not to a script.
    local said = paste('curl() { command curl -fsS "$@"; }\n'
      .. readme.block("docs/emulator.md", "at=$EQUINIX_API_ENDPOINT"))
    assert.matches('"lifetime":{[^}]*"value":5', said)
    assert.matches('"requests":', said)
    for name, knob in pairs(e:config()) do
      assert.same(knob.default, knob.value, name)
    end
  end)

  -- What comes before the line, what each shell is asked then, and its answer.
  local SHELLS = {
    bash = { "bash -c", "", "complete -p equinix-auth",
      "^complete .*equinix%-auth\n$" },
    zsh = { "zsh -f -c", "autoload -U compinit && compinit -u -D",
      "echo $_comps[equinix-auth]", "^_equinix%-auth\n$" },
    fish = { "fish -c", "", "complete -C 'equinix-auth tok'", "^token\t" },
  }

  local completion = readme.block("docs/command.md", "source <(equinix-auth")
  for line in completion:gmatch "[^\n]+" do
    local shell = line:match "completion (%l+)"
    it("has a line for completion in " .. shell, function()
      if not has(shell) then
        return pending(shell .. " is not here")
      end
      local how = SHELLS[shell]
      assert.matches(how[4], paste(how[1] .. " " .. process.quote(how[2]
        .. "\n" .. line .. "\n" .. how[3])))
    end)
  end
end)
