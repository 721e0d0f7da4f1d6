--- cli: the command `equinix-auth`.
--
-- Law of this file: data on stdout, words on stderr, and an exit code a
-- script can act on. A secret is no argument of any command, since arguments
-- are for everybody on the machine to read: credentials come from the
-- environment or from a file.

local has_argparse, argparse = pcall(require, "argparse")
local completion = require "equinix.cli.completion"
local doctor = require "equinix.cli.doctor"
local emulator = require "equinix.cli.emulator"
local mcp = require "equinix.cli.mcp"
local output = require "equinix.cli.output"
local request = require "equinix.cli.request"
local serve = require "equinix.cli.serve"
local token = require "equinix.cli.token"

local M = {}

--- What the exit codes mean.
M.OK, M.FAILURE, M.USAGE, M.AUTH, M.NETWORK = 0, 1, 2, 3, 4

local EXIT = {
  config = M.USAGE,
  auth = M.AUTH,
  network = M.NETWORK,
  timeout = M.NETWORK,
  tls = M.NETWORK,
}

-- Each has define(parser) -> command, and run(args, say) -> exit code, or
-- nil and an error (of the client, or a string).
local COMMANDS = {
  token,
  request,
  mcp,
  doctor,
  serve,
  emulator,
  completion,
}

local EPILOG = [[
Credentials: EQUINIX_API_CLIENTID and EQUINIX_API_CLIENTSECRET (or
EQUINIX_API_CLIENTSECRET_FILE), or EQUINIX_API_TOKEN. None is an option: what
stands on a command line is for everybody on the machine to read.
Exit codes: 0 ok, 1 failure, 2 usage, 3 credentials, 4 network.

Examples:
  equinix-auth doctor
  curl -H "$(equinix-auth token --header)" https://...
  equinix-auth request GET /fabric/v4/ports
  equinix-auth request --help]]

local function say(...)
  io.stderr:write("equinix-auth: ", ...)
  io.stderr:write "\n"
end

-- The exit code, when all that was printed has got there.
local function finish(code)
  local lost = output.flush()
  if lost then
    say("standard output could not be written: ", lost)
    return M.FAILURE
  end
  return code
end

local function print_version()
  local versions = require("equinix").versions()
  output.write(table.concat({ "equinix-auth " .. versions.equinix,
    versions.lua, versions.libcurl, versions.libcrypto }, "\n"), "\n")
  os.exit(finish(M.OK))
end

-- argparse prints a help and ends with 0, whatever became of it. So the help
-- of a parser, and of each command that it will get, is ours.
local function own_help(parser)
  parser:add_help {
    action = function()
      output.write(parser:get_help(), "\n")
      os.exit(finish(M.OK))
    end,
  }
  local command = parser.command
  function parser:command(...)
    return own_help(command(self, ...))
  end
  return parser
end

local function new_parser()
  local parser = own_help(argparse("equinix-auth",
    "Authenticated access to the Equinix APIs.", EPILOG))
  parser:command_target "command":help_max_width(79)
  parser:flag("--version", "Print the version and end."):action(print_version)
  local commands = {}
  for _, command in ipairs(COMMANDS) do
    for name, run in pairs(command.define(parser)) do
      commands[name] = run
    end
  end
  return parser, commands
end

-- What an error of the client says, and the details of its body.
local function report(problem)
  if type(problem) ~= "table" then
    say(tostring(problem))
    return M.FAILURE
  end
  say((tostring(problem):gsub("^equinix: ", "")))
  for _, detail in ipairs(problem.errors or {}) do
    local words = {}
    for _, name in ipairs { "code", "property", "reason", "message" } do
      words[#words + 1] = detail[name]
    end
    say("  ", table.concat(words, ": "))
  end
  return EXIT[problem.kind] or M.FAILURE
end

-- A misuse that only the library notices raises there, in its words; what
-- else raises is a mistake of ours.
local function raised(problem)
  local words = tostring(problem):match "^.-:%d+: equinix: (.*)$"
  if words then
    say(words)
    return M.USAGE
  end
  say("this is a mistake in equinix-auth itself: ", tostring(problem))
  return M.FAILURE
end

--- Runs a command line.
---@param argv string[] without the program's name
---@return integer exit code
function M.main(argv)
  output.guard()
  if not has_argparse then
    say "argparse is missing: install lua-argparse (apt, dnf) or argparse"
    return M.FAILURE
  end
  local parser, commands = new_parser()
  local ok, args = parser:pparse(argv)
  if not ok then
    say(args)
    io.stderr:write(parser:get_usage(), "\n")
    return M.USAGE
  end
  local ran, code, problem = pcall(commands[args.command], args, say)
  if not ran then
    return raised(code)
  elseif not code then
    code = report(problem)
  end
  return finish(code)
end

return M
