--- cli: the command `equinix-auth`.
--
-- Law of this file: data on stdout, messages on stderr, and an exit code that
-- a script can act on. No command takes a secret as an argument, since every
-- user of the machine can read arguments: credentials come from the
-- environment or from a file.

local lazy = require "equinix.base.lazy"

local environment = lazy "equinix.client.environment"
local exit_code = require "equinix.cli.exit_code"
local memory = lazy "equinix.base.memory"
local output = require "equinix.cli.output"
local parsers = lazy "equinix.cli.parser"
local plain_words = require "equinix.cli.plain_words"
local printable = lazy "equinix.base.printable"

local M = {}

-- Each module has define(command, name, parser) -> run, and that is
-- run(args, say) -> exit code | nil, an equinix.Error or a message. A module
-- that is not needed is not loaded: a script calls this command in a loop.
local COMMANDS = {
  { "token", lazy "equinix.cli.token", "Print an access token." },
  { "refresh", lazy "equinix.cli.token",
    "Renew the token now, and print it." },
  { "request", lazy "equinix.cli.request",
    "Make one authenticated call and print the body of the response." },
  { "mcp", lazy "equinix.cli.mcp",
    "Serve the tools to an agent: MCP over standard input and output." },
  { "doctor", lazy "equinix.cli.doctor",
    "Find out what is wrong here, and how to fix it." },
  { "serve", lazy "equinix.cli.serve", "Answer POST /oauth2/v1/token and POST "
    .. "/oauth2/v1/refreshaccesstoken with this account's token (REST), and "
    .. "offer the same as MCP tools; or serve what a capability file "
    .. "exposes." },
  { "configure", lazy "equinix.cli.configure",
    "Ask for credentials, and write them into a profile." },
  { "profiles", lazy "equinix.cli.profiles",
    "List the profiles, and where their credentials are." },
  { "forget", lazy "equinix.cli.forget", "Drop the stored token." },
  { "capability", lazy "equinix.cli.capability",
    "Check, show or write a capability: which operations are served." },
  { "emulator", lazy "equinix.cli.emulator",
    "Run a local Equinix on 127.0.0.1, for tests. (Not Equinix's Sandbox.)" },
  { "completion", lazy "equinix.cli.completion",
    "Print a script that completes the words of this command." },
}

local EPILOG = [[
Credentials: EQUINIX_API_CLIENTID and EQUINIX_API_CLIENTSECRET (or
EQUINIX_API_CLIENTSECRET_FILE), or EQUINIX_API_TOKEN; or a profile of
~/.config/equinix/config (--profile, EQUINIX_PROFILE, default). None is an
option, since every user of the machine can read a command line.
Tokens are kept in a file, or in the Redis that EQUINIX_STORE_URL (or
EQUINIX_STORE_URL_FILE) names.
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

-- The commands that these words may name: argparse takes no shortened name.
-- The scripts that complete words have to know all of them.
local function find_named(argv)
  local named = {}
  for _, word in ipairs(argv) do
    named[word] = true
  end
  return named.completion and setmetatable({}, {
    __index = function()
      return true
    end,
  }) or named
end

-- A flag of every command; the rest is the module's.
local function define(module, command, name, parser)
  command:flag("-v --verbose", "Say on stderr what happens; twice for "
    .. "more."):count "0-2"
  return module.define(command, name, parser)
end

local NO_ARGPARSE = "argparse is missing: install lua-argparse (apt, dnf) or "
  .. "argparse (LuaRocks)"

-- nil where argparse is missing.
local function new_parser(argv)
  local has_argparse, argparse = memory.pcall(require, "argparse")
  if not has_argparse then
    return nil
  end
  local parser, usages = parsers.new(argparse, finish, "equinix-auth",
    "Authenticated access to the Equinix APIs.", EPILOG)
  parser:command_target "command":help_max_width(79)
  parser:flag("--version", "Print the version and exit."):action(print_version)
  local commands, named = {}, find_named(argv)
  for _, entry in ipairs(COMMANDS) do
    local name, module, description = entry[1], entry[2], entry[3]
    local command = parser:command(name, description)
    if named[name] then
      commands[name] = define(module, command, name, parser)
    end
  end
  return parser, commands, usages
end

-- What is wrong with the command line.
local function report_usage(message, usage)
  say(message)
  io.stderr:write(usage and usage .. "\n" or "")
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

-- A command line in plain words: nothing but what it needs is loaded.
local function read_plainly(argv)
  for _, entry in ipairs(COMMANDS) do
    if entry[1] == argv[1] then
      local args, run = plain_words.read(argv, { define = function(...)
        return define(entry[2], ...)
      end })
      return args, run, function()
        local _, _, usages = new_parser(argv)
        return usages and usages[entry[1]]()
      end
    end
  end
end

-- Any command line. -> args, what runs it, its usage | nil, an exit code
local function read(argv)
  local parser, commands, usages = new_parser(argv)
  if not parser then
    say(NO_ARGPARSE)
    return nil, exit_code.FAILURE
  end
  local args, mistake, usage = parsers.parse(parser, argv)
  if not args then
    return nil, report_usage(mistake, usage)
  end
  return args, commands[args.command], usages[args.command]
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
  local args, run, usage = read_plainly(argv)
  if not args then
    args, run, usage = read(argv)
  end
  if not args then
    return run
  end
  if args.verbose > 0 then
    environment.set_log_level(args.verbose > 1 and "trace" or "debug")
  end
  local ran, code, err = pcall(run, args, say)
  if not ran then
    return report_raised(code)
  elseif not code then
    code = report(err, usage)
  end
  return finish(code)
end

return M
