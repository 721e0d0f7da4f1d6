--- emulator: `equinix-auth emulator`, the local Equinix.

local arguments = require "equinix.cli.arguments"
local exit_code = require "equinix.cli.exit_code"
local emulator = require "equinix.emulator.launch"
local knobs = require "equinix.emulator.knobs"
local supervisor = require "equinix.supervisor.nginx"

local M = {}

local function run(args)
  supervisor.ask_ahead(args.nginx)
  local values = {}
  for _, text in ipairs(args.set) do
    local name, value = knobs.parse(text)
    if not name then
      return nil, exit_code.mistake("--set: " .. value)
    end
    values[name] = value
  end
  return emulator.run {
    port = args.port,
    plain = args.plain,
    workers = args.workers,
    knobs = values,
    verbose = args.verbose > 0 or nil,
    ready_file = args.ready_file,
    until_eof = args.until_eof,
    nginx = args.nginx,
  }
end

local EXAMPLES = [[
Examples:
  equinix-auth emulator
  equinix-auth emulator --plain --port 8080 --set lifetime=60

]]

--- Adds what belongs to the command; returns the function that runs it.
function M.define(command)
  command:epilog(EXAMPLES .. "Knobs, for --set and POST /_emulator/config "
    .. "[default]:\n" .. knobs.help())
  command:help_max_width(math.huge) -- the knobs are a table
  command:option("--port", "The port to listen on; 0: any free port.", "8443")
    :convert(arguments.between(0, 65535)):argname "<n>"
  command:flag("--plain", "HTTP instead of HTTPS.")
  command:option("--workers", "Number of nginx worker processes.", "1")
    :convert(arguments.between(1, 64)):argname "<n>"
  command:option("--set", "Set this knob at the start."):count "*"
    :argname "<knob=value>"
  arguments.nginx_options(command)
  return run
end

return M
