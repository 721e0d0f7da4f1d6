--- cli: the command `equinix-auth`.
--
-- Law of this file: data on stdout, messages on stderr, and an exit code that
-- a script can act on. No command takes a secret as an argument, since every
-- user of the machine can read arguments: credentials come from the
-- environment or from a file.

local has_argparse, argparse = pcall(require, "argparse")
local completion = require "equinix.cli.completion"
local doctor = require "equinix.cli.doctor"
local emulator = require "equinix.cli.emulator"
local exit_code = require "equinix.cli.exit_code"
local mcp = require "equinix.cli.mcp"
local output = require "equinix.cli.output"
local parsers = require "equinix.cli.parser"
local printable = require "equinix.base.printable"
local request = require "equinix.cli.request"
local serve = require "equinix.cli.serve"
local token = require "equinix.cli.token"

local M = {}

-- Each has define(parser) -> functions by the name of the command; each of
-- those is run(args, say) -> exit code | nil, an equinix.Error or a message.
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
EQUINIX_API_CLIENTSECRET_FILE), or EQUINIX_API_TOKEN. None is an option, since
every user of the machine can read a command line.
Exit codes: 0 ok, 1 failure, 2 usage or configuration (nothing was sent),
3 credentials, 4 network.

Examples:
  equinix-auth doctor
  curl -H "$(equinix-auth token --header)" https://...
  equinix-auth request GET /fabric/v4/ports
  equinix-auth request --help]]

-- One line, whatever is in it: parts of it may come from outside.
local function say(...)
  io.stderr:write("equinix-auth: ", printable.text(table.concat { ... }), "\n")
end

-- The exit code; a failure if some of the output was not written.
local function finish(code)
  local reason = output.flush()
  if reason then
    say("standard output could not be written: ", reason)
    return exit_code.FAILURE
  end
  return code
end

local function print_version()
  local versions = require("equinix").versions()
  output.write(table.concat({ "equinix-auth " .. versions.equinix,
    versions.lua, versions.libcurl, versions.libcrypto }, "\n"), "\n")
  os.exit(finish(exit_code.OK))
end

local function new_parser()
  local parser, usages = parsers.new(argparse, finish, "equinix-auth",
    "Authenticated access to the Equinix APIs.", EPILOG)
  parser:command_target "command":help_max_width(79)
  parser:flag("--version", "Print the version and exit."):action(print_version)
  local commands = {}
  for _, command in ipairs(COMMANDS) do
    for name, run in pairs(command.define(parser)) do
      commands[name] = run
    end
  end
  return parser, commands, usages
end

-- What is wrong with the command line.
local function report_usage(message, usage)
  say(message)
  io.stderr:write(usage, "\n")
  return exit_code.USAGE
end

-- Prints an error with the details of the response, or a message. Returns the
-- exit code.
local function report(err, usage)
  if type(err) ~= "table" then
    say(tostring(err))
    return exit_code.FAILURE
  elseif exit_code.is_mistake(err) then
    return report_usage(err.message, usage())
  end
  say((tostring(err):gsub("^equinix: ", "")))
  for _, detail in ipairs(err.errors or {}) do
    local parts = {}
    for _, name in ipairs { "code", "property", "reason", "message" } do
      parts[#parts + 1] = detail[name]
    end
    say("  ", table.concat(parts, ": "))
  end
  return exit_code.of(err)
end

local function report_raised(value)
  local code, message = exit_code.of_raised(value)
  say(message)
  return code
end

--- Runs a command line.
---@param argv string[] without the program's name
---@return integer exit code
function M.main(argv)
  output.guard()
  if not has_argparse then
    say("argparse is missing: install lua-argparse (apt, dnf) or argparse "
      .. "(LuaRocks)")
    return exit_code.FAILURE
  end
  local parser, commands, usages = new_parser()
  local args, mistake, usage = parsers.parse(parser, argv)
  if not args then
    return report_usage(mistake, usage)
  end
  local ran, code, err = pcall(commands[args.command], args, say)
  if not ran then
    return report_raised(code)
  elseif not code then
    code = report(err, usages[args.command])
  end
  return finish(code)
end

return M
