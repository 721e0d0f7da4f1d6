-- cli/shell: what commands print, within a limit of time.
local shell = require "equinix.cli.shell"

describe("a command with a limit", function()
  -- Once with the program `timeout`, once where it is missing.
  for name, path in pairs { ["with timeout"] = "$PATH",
    ["without it"] = "$dir" } do
    local function output(command, seconds)
      return shell.output(([[
        dir=$(mktemp -d)
        ln -s "$(command -v sleep)" "$(command -v sh)" "$dir"
        (PATH=%s; %s)
        echo "code $?"
        rm -r "$dir"]]):format(path, shell.limited(command, seconds)))
    end

    it("is stopped when that is over, " .. name, function()
      local code = output("sleep 25", 1):match "^code (%d+)$"
      assert.is_truthy(code)
      assert.is_true(tonumber(code) > 0)
    end)

    it("ends earlier when it is done, " .. name, function()
      assert.equal("here\ncode 0", output("sh -c 'echo here'", 25))
    end)
  end
end)

describe("a command's output", function()
  it("holds both streams, without the last newline", function()
    assert.equal("a\nb", shell.output "echo a; echo b >&2")
  end)

  it("is the shell's message where there is no such command", function()
    assert.matches("no%-such%-command", shell.output "no-such-command-here")
  end)
end)
