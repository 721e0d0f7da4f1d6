-- cli/terminal: whether there is one, and how wide it is.
local process = require "spec.support.process"

local function on_terminal(before, code)
  local command = ("%s %s -e %s"):format(before, process.interpreter(),
    process.quote(("package.path, package.cpath = %q, %q "):format(
      package.path, package.cpath) .. code))
  return process.capture(("env -u COLUMNS script -qec %s /dev/null </dev/null")
    :format(process.quote(command)))
end

local WIDTH = 'io.write(tostring(require("equinix.cli.terminal").width()))'

describe("the terminal", function()
  it("is none where standard output is a pipe", function()
    local said = process.capture(("COLUMNS=50 %s -e %s"):format(
      process.interpreter(), process.quote(("package.path, package.cpath "
        .. "= %q, %q "):format(package.path, package.cpath) .. WIDTH)))
    assert.equal("nil", said)
  end)

  it("is as wide as COLUMNS or the terminal itself says", function()
    if process.capture "command -v script" == "" then
      return pending "script (bsdutils) is not installed"
    end
    assert.equal("123", (on_terminal("stty cols 123;", WIDTH)))
    assert.equal("50", (on_terminal("stty cols 123; COLUMNS=50", WIDTH)))
    for _, bad in ipairs { "x", "0", "-5", "1e3", "99999", "" } do
      assert.equal("123", (on_terminal("stty cols 123; COLUMNS='" .. bad
        .. "'", WIDTH)))
    end
    assert.equal("80", (on_terminal("stty cols 0;", WIDTH)))
  end)
end)
