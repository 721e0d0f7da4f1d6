-- shell: what a word is after a shell has read it.
local process = require "spec.support.process"
local shell = require "equinix.base.shell"

describe("a quoted word", function()
  local WORDS = { "a b", "it's", "$HOME", "`id`", "a\nb", "*", "", "\\", "-n",
    '"', "!x;&|" }
  for _, word in ipairs(WORDS) do
    it(("reaches the program as it is: %q"):format(word), function()
      assert.equal(word, (process.capture("printf %s. " .. shell.quote(word))
        :gsub("%.$", "")))
    end)
  end

  it("may be a number", function()
    assert.equal("'8080'", shell.quote(8080))
  end)
end)
