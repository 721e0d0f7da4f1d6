-- base/shell: arguments and output of commands.
local process = require "spec.support.process"
local shell = require "equinix.base.shell"

describe("a quoted argument", function()
  local ARGUMENTS = { "a b", "it's", "$HOME", "`id`", "a\nb", "*", "", "\\",
    "-n", '"', "!x;&|" }
  for _, word in ipairs(ARGUMENTS) do
    it(("reaches the program unchanged: %q"):format(word), function()
      assert.equal(word, (process.capture("printf %s. " .. shell.quote(word))
        :gsub("%.$", "")))
    end)
  end

  it("may be a number", function()
    assert.equal("'8080'", shell.quote(8080))
  end)
end)

describe("the output of a command", function()
  it("is what it prints, without the newlines at the end", function()
    assert.equal("a\n\nb", shell.output "printf 'a\\n\\nb\\n\\n'")
    assert.equal("", shell.output "true")
  end)

  it("is what it printed before it failed", function()
    assert.equal("a", shell.output "echo a; exit 3")
  end)
end)
