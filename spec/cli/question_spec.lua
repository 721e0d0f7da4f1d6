-- cli/question: questions to a person, on a real terminal.
local process = require "spec.support.process"
local terminal = require "spec.support.terminal"

local SCRIPT = [[
local question = require "equinix.cli.question"
assert(question.is_there())
local first = question.ask("first? ")
local second = first and question.ask("it's second? ", true)
print("<" .. tostring(first) .. "><" .. tostring(second and #second) .. ">")]]

describe("a question", function()
  local dir, command
  setup(function()
    dir = process.tempdir()
    local file = assert(io.open(dir .. "/ask.lua", "w"))
    file:write(SCRIPT)
    file:close()
    -- Ctrl-C goes to all that is on the terminal, this shell, too.
    command = ("trap : INT; LUA_PATH=%s LUA_CPATH=%s %s %s; stty -a"):format(
      process.quote(package.path), process.quote(package.cpath),
      process.interpreter(), dir .. "/ask.lua")
  end)
  teardown(function()
    process.remove(dir)
  end)

  local function run(...)
    return select(2, terminal.run(command, { ... }, {}))
  end

  if terminal.missing() then
    return pending(terminal.missing())
  end

  it("asks, shows what is typed, but no secret", function()
    local shown = run({ "first? ", "one $x 'y' \\z %d\n" },
      { "it's second? ", "hunter2\n" })
    assert.is_truthy(shown:find("<one $x 'y' \\z %d><7>", 1, true), shown)
    assert.not_matches("hunter2", shown)
    assert.matches("[^-]echo ", shown)
  end)

  it("takes an empty answer", function()
    assert.matches("<><0>", run({ "first? ", "\n" }, { "second? ", "\n" }))
  end)

  it("leaves the terminal as it was when the person gives up", function()
    assert.matches("<nil><nil>", run { "first? ", "\4" })
    for _, key in ipairs { "\4", "\3" } do
      local shown = run({ "first? ", "a\n" }, { "second? ", "half" .. key })
      assert.not_matches("half", shown)
      assert.matches("[^-]echo ", shown)
    end
  end)

  it("knows where there is none", function()
    local _, code = process.capture(("LUA_PATH=%s LUA_CPATH=%s %s -e %s "
      .. "</dev/null"):format(process.quote(package.path),
      process.quote(package.cpath), process.interpreter(), process.quote(
        'os.exit(require("equinix.cli.question").is_there() and 1 or 0)')))
    assert.equal(0, code)
  end)
end)
