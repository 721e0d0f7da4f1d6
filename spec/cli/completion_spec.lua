-- cli/completion: the scripts, run by the shells that they are for.
local command = require "spec.support.command"
local process = require "spec.support.process"

-- A command line whose last word is unfinished, and its completion.
local CASES = {
  { { "tok" }, "token" },
  { { "request", "--all" }, "--all-pages" },
  { { "doctor", "--nginx-" }, "--nginx-conf" },
  { { "completion", "z" }, "zsh" },
  { { "token", "--js" }, "--json" },
  { { "capability", "check", "--read" }, "--read-only" },
  { { "forget", "--profile", "wo" }, "work" },
  { { "request", "--output", "ta" }, "table" },
}

local COMPLETED = "equinix-auth token \nequinix-auth request --all-pages \n"
  .. "equinix-auth doctor --nginx-conf \nequinix-auth completion zsh \n"
  .. "equinix-auth token --json \nequinix-auth capability check --read-only \n"
  .. "equinix-auth forget --profile work \n"
  .. "equinix-auth request --output table "

-- nil where there is no such shell.
local function script_for(shell, dir)
  if process.capture("command -v " .. shell) == "" then
    return nil
  end
  local code, script, said = command.run { "completion", shell }
  assert.equal(0, code, said)
  local path = ("%s/%s"):format(dir, shell)
  local file = assert(io.open(path, "wb"))
  file:write(script)
  file:close()
  return path
end

local BASH = [[
source %s
COMP_WORDS=(equinix-auth %s)
COMP_CWORD=%d
_equinix-auth
printf '%%s\n' "${COMPREPLY[@]}"]]

local FISH = [[
source %s
complete -C %s | string replace -r '\t.*' '']]

-- zsh completes in its line editor only: so the spec types into a shell on a
-- terminal of its own, where a key writes the current line into a file.
local ZSH = [[
zmodload zsh/zpty
zpty z 'cd %s; exec zsh -f -i'
zpty -w z 'autoload -U compinit && compinit -u -D; %s
  dump() { print -r -- "$BUFFER" >line.new && mv line.new line }
  zle -N dump; bindkey "^X" dump; touch ready'
wait_for() {
  while [ ! -e $1 ]; do zpty -r -t z >/dev/null || sleep 0.02; done
}
cd %s && wait_for ready
for line in %s; do
  zpty -w -n z $line$'\t\x18'
  wait_for line
  cat line && rm line
  zpty -w -n z $'\x15'
done
zpty -d z]]

describe("equinix-auth completion", function()
  local dir, with
  before_each(function()
    dir = process.tempdir()
    os.execute(("umask 077; mkdir %s/equinix && printf '[default]\n[work]\n'"
      .. " >%s/equinix/config"):format(dir, dir))
    -- The scripts ask the command which profiles there are.
    with = ("PATH=%s/bin:$PATH XDG_CONFIG_HOME=%s HOME=%s "):format(
      process.capture "pwd", dir, dir)
  end)
  after_each(function()
    process.remove(dir)
  end)

  it("completes commands and their options in bash", function()
    local path = script_for("bash", dir)
    if not path then
      return pending "bash is not installed"
    end
    for _, case in ipairs(CASES) do
      assert.equal(case[2], process.capture(with .. "bash -c "
        .. process.quote(
        BASH:format(path, table.concat(case[1], " "), #case[1]))))
    end
  end)

  it("completes them in fish", function()
    local path = script_for("fish", dir)
    if not path then
      return pending "fish is not installed"
    end
    for _, case in ipairs(CASES) do
      local line = "'equinix-auth " .. table.concat(case[1], " ") .. "'"
      assert.equal(case[2], process.capture(("%s fish -c %s"):format(with,
        process.quote(FISH:format(path, line)))))
    end
  end)

  local function zsh(load)
    local lines = {}
    for i, case in ipairs(CASES) do
      lines[i] = process.quote("equinix-auth " .. table.concat(case[1], " "))
    end
    local script = ZSH:format(dir, load, dir, table.concat(lines, " "))
    return process.capture(("%s TERM=xterm timeout 300 zsh -f -c %s")
      :format(with, process.quote(script)))
  end

  it("completes them in zsh, sourced", function()
    if not script_for("zsh", dir) then
      return pending "zsh is not installed"
    end
    assert.equal(COMPLETED, zsh "source ./zsh")
  end)

  it("completes them in zsh, in a folder of $fpath", function()
    local path = script_for("zsh", dir)
    if not path then
      return pending "zsh is not installed"
    end
    os.execute(("mkdir %s/f && mv %s %s/f/_equinix-auth"):format(dir, path,
      dir))
    assert.equal(COMPLETED, zsh "fpath=($PWD/f $fpath); compinit -u -D")
  end)

  it("knows every command", function()
    local _, help = command.run { "--help" }
    local _, script = command.run { "completion", "bash" }
    local n = 0
    for name in help:match "\nCommands:(\n.-)\n\n":gmatch "\n   (%l+) " do
      n = n + 1
      assert.is_truthy(script:find('cmd="' .. name .. '"', 1, true), name)
    end
    assert.is_true(n >= 6)
  end)

  it("supports three shells and refuses others", function()
    for _, words in ipairs { { "completion" }, { "completion", "tcsh" } } do
      local code, out = command.run(words)
      assert.equal(2, code)
      assert.equal("", out)
    end
  end)
end)
