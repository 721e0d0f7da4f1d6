--- capability_file: the options --capability and --read-only.
--
-- Law of this file: the file is read once, by the command. What is wrong with
-- it is said line by line, each with the place in the file, before anything
-- else is done.

local environment = require "equinix.client.environment"
local exit_code = require "equinix.cli.exit_code"
local lazy = require "equinix.base.lazy"
local printable = require "equinix.base.printable"

local plan = lazy "equinix.capability.plan"

local M = {}

--- The options of a command that serves a capability.
function M.options(command)
  command:option("--capability", "Serve what this capability file exposes "
    .. "(YAML or JSON) in place of the built-in one.")
    :argname "<file>"
  command:flag("--read-only", "With --capability, serve only what is GET or "
    .. "HEAD."):target "read_only"
end

--- The plan of the file that was named.
---@param args table of argparse
---@return table|nil plan nil: no file was named
---@return integer|nil code the exit code, after mistakes were shown
---@return table|nil mistake in the command line
function M.plan(args)
  if not args.capability then
    return nil, nil, args.read_only
      and exit_code.mistake "--read-only needs --capability" or nil
  end
  local found, problems = plan.of_file(args.capability, {
    base_url = environment.get "base_url",
    read_only = args.read_only,
  })
  if found then
    return found
  end
  for _, line in ipairs(plan.report(problems, args.capability)) do
    io.stderr:write(printable.text(line), "\n")
  end
  return nil, exit_code.USAGE
end

return M
