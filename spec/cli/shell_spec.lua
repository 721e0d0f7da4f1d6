-- cli/shell: words of commands, and what commands print.
local shell = require "equinix.cli.shell"

describe("a word of a shell command", function()
  it("is one word, whatever is in it", function()
    for _, word in ipairs { "plain", "two words", "it's", "$(date)", "`id`",
      "a;b", "a\nb", "*", "\\", '"', "-n'" } do
      assert.equal(word, shell.output("printf %s " .. shell.quote(word)))
    end
  end)
end)

describe("a command with a limit", function()
  -- Once with the program `timeout`, once where there is none.
  for name, path in pairs { ["by timeout"] = "$PATH", ["by hand"] = "$dir" } do
    local function output(command, seconds)
      return shell.output(([[
        dir=$(mktemp -d)
        ln -s "$(command -v sleep)" "$(command -v sh)" "$dir"
        (PATH=%s; %s)
        echo "code $?"
        rm -r "$dir"]]):format(path, shell.limited(command, seconds)))
    end

    it("is ended when that is over, " .. name, function()
      local code = output("sleep 25", 1):match "^code (%d+)$"
      assert.is_truthy(code)
      assert.is_true(tonumber(code) > 0)
    end)

    it("is not waited for when it is done before, " .. name, function()
      assert.equal("here\ncode 0", output("sh -c 'echo here'", 25))
    end)
  end
end)

describe("a command's output", function()
  it("holds both streams, without the last newline", function()
    assert.equal("a\nb", shell.output "echo a; echo b >&2")
  end)

  it("is what the shell says where there is no such command", function()
    assert.matches("no%-such%-command", shell.output "no-such-command-here")
  end)
end)
