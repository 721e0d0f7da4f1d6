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

describe("a command's output", function()
  it("holds both streams, without the last newline", function()
    assert.equal("a\nb", shell.output "echo a; echo b >&2")
  end)

  it("is what the shell says where there is no such command", function()
    assert.matches("no%-such%-command", shell.output "no-such-command-here")
  end)
end)
