-- cli/plain_words: what it reads argparse reads to the same arguments.
local argparse = require "argparse"
local parsers = require "equinix.cli.parser"
local plain_words = require "equinix.cli.plain_words"

local MODULES = {
  token = require "equinix.cli.token",
  refresh = require "equinix.cli.token",
  request = require "equinix.cli.request",
  mcp = require "equinix.cli.mcp",
  doctor = require "equinix.cli.doctor",
  serve = require "equinix.cli.serve",
}

local function by_argparse(argv)
  local parser = parsers.new(argparse, function() end, "equinix-auth")
  parser:command_target "command"
  local command = parser:command(argv[1])
  MODULES[argv[1]].define(command, argv[1], parser)
  return (parsers.parse(parser, argv))
end

local function by_plain_words(...)
  local argv = { ... }
  return (plain_words.read(argv, MODULES[argv[1]]))
end

describe("a command line in plain words", function()
  it("has the names, the values and the arguments that stand there", function()
    assert.same({ command = "token", token = true },
      by_plain_words "token")
    assert.same({ command = "refresh", refresh = true, force = true,
      header = true, timeout = 2.5, no_store = true },
      by_plain_words("refresh", "--force", "--header", "--timeout", "2.5",
        "--no-store"))
    assert.same({ command = "request", request = true, method = "GET",
      path = "/a", query = { "a=1", "b=2" }, headers = {}, include = true,
      ca_file = "x" }, by_plain_words("request", "-q", "a=1", "GET", "-i",
        "/a", "--query", "b=2", "--ca-file", "x"))
  end)

  it("is all that it reads: the rest is argparse's", function()
    for _, line in ipairs {
      { "token", "--help" }, { "token", "-h" }, { "token", "--forc" },
      { "token", "--json", "--header" }, { "token", "--json", "--json" },
      { "token", "x" }, { "token", "--timeout" },
      { "token", "--timeout", "0" },
      { "token", "--timeout=1" }, { "token", "--", "x" }, { "token", "" },
      { "refresh", "--force=1" }, { "request", "GET" }, { "request" },
      { "request", "GET", "/a", "/b" }, { "request", "GET", "/a", "-d", "-" },
      { "request", "GET", "/a", "-qa=1" }, { "request", "GET", "/a", "-ii" },
      { "request", "GET", "/a", "-i", "--all-pages" },
      { "request", "GET", "/a", "--proxy", "a@b" },
      { "request", "GET", "/a", "--output", "csv" },
      { "request", "GET", "/a", "--fields", "a..b" }, { "mcp" }, { "serve" },
    } do
      assert.is_nil(by_plain_words((table.unpack or unpack)(line)),
        table.concat(line, " "))
    end
  end)

  it("leaves a flag that counts to argparse, where it is used", function()
    local module = { define = function(command, name)
      command:flag("-v --verbose", "Help."):count "0-2"
      return MODULES.token.define(command, name)
    end }
    assert.same({ command = "token", token = true, json = true, verbose = 0 },
      (plain_words.read({ "token", "--json" }, module)))
    assert.is_nil((plain_words.read({ "token", "-v" }, module)))
    assert.is_nil((plain_words.read({ "token", "--verbose" }, module)))
  end)

  it("means what it means to argparse", function()
    local seed = 1
    local function random(n)
      seed = (seed * 16807) % 2147483647
      return seed % n + 1
    end
    local names = { "token", "refresh", "request", "doctor" }
    local words = { "--json", "--header", "--force", "--no-store", "--ca-file",
      "a", "--timeout", "3", "--proxy", "http://p:1", "GET", "/x", "-q", "a=b",
      "--query", "-H", "A: b", "-i", "--include", "--all-pages", "-o", "-d",
      "--data", "{}", "--output", "table", "--fields", "a,b", "--nginx",
      "-", "--", "", "-x", "--output-file",
      "--nginx-conf", "--try-credentials", "--ca-file=a", "-qa=b",
      "token", "0" }
    local read = 0
    for _ = 1, 6000 do
      local argv = { names[random(#names)] }
      for i = 2, random(6) do
        argv[i] = words[random(#words)]
      end
      local args = by_plain_words((table.unpack or unpack)(argv))
      if args then
        read = read + 1
        assert.same(by_argparse(argv), args, table.concat(argv, " "))
      end
    end
    assert.is_true(read > 500)
  end)
end)
