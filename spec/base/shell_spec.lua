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

describe("what is asked ahead", function()
  -- `output` remembers the answers: no spec asks what another one asked.
  local path
  before_each(function()
    path = os.tmpname()
  end)
  after_each(function()
    os.remove(path)
  end)

  it("is answered as if it were asked later, byte for byte", function()
    local asked = { "printf 'a\\n\\nb\\n\\n'", "cd / && pwd", "pwd",
      "false", 'echo "it\'s $0" %', "exit 3" }
    local answers = {}
    for i, command in ipairs(asked) do
      answers[i] = shell.output(command)
    end
    shell.ask_ahead(asked)
    for i, command in ipairs(asked) do
      assert.equal(answers[i], shell.output(command))
    end
    assert.equal("c", shell.output "echo c")
  end)

  it("is run once, however often its output is wanted", function()
    local command = ("[ -s %s ] && echo again || echo x | tee %s"):format(path,
      path)
    shell.ask_ahead { command }
    assert.equal("x", shell.output(command))
    assert.equal("x", shell.output(command))
  end)

  it("says nothing where this process ends before", function()
    local lua = ("package.path = %q require('equinix.base.shell')"):format(
      package.path) .. ".ask_ahead { 'sleep 0.1', 'echo 1; echo 2 >&2' }"
    local said = process.capture(("trap '' PIPE; { %s -e %s; } 2>&1")
      :format(process.interpreter(), shell.quote(lua .. " os.exit(0)"))
      .. " | cat")
    assert.equal("", said)
  end)

  it("is asked again where its shell was ended before", function()
    local second = ("cat %s"):format(path)
    shell.ask_ahead { "echo 1", "kill -s KILL $$", second }
    assert.equal("1", shell.output "echo 1")
    os.execute("echo 2 >" .. path)
    assert.equal("2", shell.output(second))
  end)
end)
