-- cli/exit_code: the exit code and the message for an error.
local equinix = require "equinix"
local exit_code = require "equinix.cli.exit_code"

describe("the exit code", function()
  it("of an error depends on its kind", function()
    for kind, code in pairs { config = 2, auth = 3, network = 4, timeout = 4,
      tls = 4, http = 1, protocol = 1, closed = 1 } do
      assert.equal(code, exit_code.of { kind = kind }, kind)
    end
  end)

  it("of a mistake in the command line is not guessed by its text", function()
    local mistake = exit_code.mistake "--port: too high"
    assert.is_true(exit_code.is_mistake(mistake))
    assert.equal("--port: too high", mistake.message)
    for _, other in ipairs { "--port: too high", { message = "x" }, 7 } do
      assert.is_false(exit_code.is_mistake(other))
    end
  end)

  it("of wrong arguments is 2, with the message of the library", function()
    local ok, value = pcall(function()
      local client = equinix.new { client_idd = "x" }
      return client
    end)
    assert.is_false(ok)
    local code, message = exit_code.of_raised(value)
    assert.equal(2, code)
    assert.matches("^unknown option 'client_idd', did you mean", message)
  end)

  it("of SIGINT, after which Lua raises this, is 1", function()
    for _, value in ipairs { "interrupted!", "/a/output.lua:62: interrupted!" }
    do
      local code, message = exit_code.of_raised(value)
      assert.equal(1, code)
      assert.equal("interrupted", message)
    end
  end)

  it("of anything else that is raised is 1, as an internal error", function()
    for _, raise in ipairs {
      function() return nil + 1 end,
      function() error { "a table" } end,
      function() error() end,
    } do
      local ok, value = pcall(raise)
      assert.is_false(ok)
      local code, message = exit_code.of_raised(value)
      assert.equal(1, code)
      assert.matches("^internal error, please report it: ", message)
    end
  end)
end)
