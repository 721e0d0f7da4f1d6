-- cli/parser: what is wrong with a command line, and where to look.
local command = require "spec.support.command"
local parsers = require "equinix.cli.parser"

local ENV = { EQUINIX_API_ENDPOINT = "http://127.0.0.1:1",
  EQUINIX_API_CLIENTID = "an-id", EQUINIX_API_CLIENTSECRET = "a-secret" }

local function run(words)
  local code, out, said = command.run(words, { env = ENV })
  assert.equal("", out)
  assert.is_nil(said:find("\\x0a", 1, true), said)
  return code, said
end

-- Words, what the message begins with, and the command whose usage follows.
local WRONG = {
  { { "serve", "--rest-port", "abc" }, "--rest-port: 'abc' is not a whole "
    .. "number from 0 to 65535\n", "serve" },
  { { "serve", "--mcp-port", "65536" }, "--mcp-port: '65536' is", "serve" },
  { { "serve", "--workers=0" }, "--workers: '0' is not", "serve" },
  { { "serve", "--rate", "x" }, "--rate: 'x' is not", "serve" },
  { { "serve", "--rest-port", "1", "--mcp-port", "1" }, "--rest-port and "
    .. "--mcp-port: ", "serve" },
  { { "serve", "--allow", "x" }, "--allow: a rule must be", "serve" },
  { { "serve", "--listen", "x" }, "--listen must be", "serve" },
  { { "serve", "--listen", "0.0.0.0" }, "other machines can reach 0.0.0.0: "
    .. "add --auth-token-file", "serve" },
  { { "serve", "--allow-host", "a/b" }, "--allow-host must be", "serve" },
  { { "serve", "--token-exposure", "x" }, "argument for option "
    .. "'--token-exposure' must be one of", "serve" },
  { { "serve", "--nginx", "/nowhere" }, "--nginx: there is no nginx at "
    .. "/nowhere\n", "serve" },
  { { "serve", "--ca-file", "/nowhere" }, "--ca-file: /nowhere: ", "serve" },
  { { "emulator", "--port", "x" }, "--port: 'x' is not", "emulator" },
  { { "emulator", "--set", "x=1" }, "--set: unknown knob 'x'", "emulator" },
  { { "emulator", "--nginx", "/nowhere" }, "--nginx: ", "emulator" },
  { { "mcp", "--allow", "x" }, "--allow: ", "mcp" },
  { { "token", "--timeout", "soon" }, "--timeout: 'soon' is not a number of "
    .. "seconds above 0\n", "token" },
  { { "token", "--timeout", "0" }, "--timeout: ", "token" },
  { { "refresh", "--timeout=-1" }, "--timeout: ", "refresh" },
  { { "token", "--timeout" }, "option '--timeout' requires an argument",
    "token" },
  { { "token", "--ca-file", "/nowhere" }, "--ca-file: /nowhere: ", "token" },
  { { "token", "--proxy", "http://me:pass@h" }, "--proxy: ", "token" },
  { { "token", "--timeou", "3" }, "unknown option '--timeou'; did you mean",
    "token" },
  { { "token", "--json", "--header" }, "option '--header' can not be used "
    .. "together with option '--json'", "token" },
  { { "token", "more" }, "too many arguments", "token" },
  { { "request", "GET" }, "missing argument 'path'", "request" },
  { { "request", "GET", "/", "-q", "x" }, "-q x: ", "request" },
  { { "request", "GET", "/", "-H", "x" }, "-H: ", "request" },
  { { "request", "GET", "/", "-d", "@/nowhere" }, "-d: ", "request" },
  { { "request", "PUT", "/", "--all-pages" }, "--all-pages ", "request" },
  { { "completion", "tcsh" }, "unknown command 'tcsh'", "completion" },
  { { "completion" }, "a command is required", "completion" },
}

describe("a mistake in the command line", function()
  for _, case in ipairs(WRONG) do
    local words, message, name = case[1], case[2], case[3]
    it("is explained, with the usage of the command: "
      .. table.concat(words, " "), function()
      local code, said = run(words)
      assert.equal(2, code, said)
      assert.equal("equinix-auth: " .. message,
        said:sub(1, 14 + #message), said)
      assert.matches("\nUsage: equinix%-auth " .. name .. " ", said)
    end)
  end

  it("before the command has its usage, and no secret", function()
    for _, words in ipairs { {}, { "tokn" }, { "--unheard-of" } } do
      local code, said = run(words)
      assert.equal(2, code, said)
      assert.matches("\nUsage: equinix%-auth %[%-h%] ", said)
    end
    local _, said = run { "token", "--proxy", "http://me:pass-word@h" }
    assert.is_nil(said:find("pass-word", 1, true))
  end)
end)

describe("a parser", function()
  it("returns what was given, and raises what is no mistake", function()
    local parser, usages = parsers.new(require "argparse", function() end, "x")
    local made = parser:command "y"
    made:option("-n --number"):convert(function(text)
      return tonumber(text) or error "a bug"
    end)
    assert.equal(7, parsers.parse(parser, { "y", "-n", "7" }).number)
    assert.matches("^Usage: x y ", usages.y())
    assert.has_error(function()
      parsers.parse(parser, { "y", "-n", "z" })
    end)
  end)
end)
