--- capability: `equinix-auth capability`, what a capability file would serve.
--
-- Law of this file: it reads files and sends nothing. What would be served
-- goes to standard output, mistakes and warnings to standard error, each
-- beginning with FILE:line:column, so that an editor finds the place.

local exit_code = require "equinix.cli.exit_code"
local lazy = require "equinix.base.lazy"
local output = require "equinix.cli.output"
local printable = require "equinix.base.printable"

local builtin = lazy "equinix.capability.builtin"
local environment = lazy "equinix.client.environment"
local file_of = lazy "equinix.base.file"
local from_openapi = lazy "equinix.capability.from_openapi"
local plan_of = lazy "equinix.capability.plan"
local reader = lazy "equinix.capability.reader"
local served = lazy "equinix.capability.served"
local writer = lazy "equinix.capability.writer"

local M = {}

-- An OpenAPI document of a whole API is large.
local OPENAPI = { bytes = 16 * 1024 * 1024, nodes = 1000000,
  parts = 100000 }

local function print_lines(lines)
  for _, line in ipairs(lines) do
    io.stderr:write(printable.text(line), "\n")
  end
end

local function check(args)
  local plan, problems = plan_of.of_file(args.file, {
    base_url = (environment.get "base_url"),
    read_only = args.read_only,
  })
  if not plan then
    print_lines(plan_of.report(problems, args.file))
    return exit_code.FAILURE
  end
  output.write(served.text(plan))
  print_lines(plan_of.report(plan.warnings, args.file, "warning: "))
  return exit_code.OK
end

local function show()
  output.write(builtin.yaml())
  return exit_code.OK
end

local function convert(args)
  local rules, mistake = from_openapi.rules(args.only)
  if not rules then
    return nil, exit_code.mistake(mistake)
  end
  local text, reason = file_of.read(args.file)
  if not text then
    return nil, reason
  end
  local root, problems = reader.read(text, args.file, OPENAPI)
  if not root then
    print_lines(plan_of.report(problems, args.file))
    return exit_code.FAILURE
  end
  local document, notes = from_openapi.convert(root, rules)
  if not document then
    return nil, args.file .. ": " .. notes
  end
  local tree, yaml = writer.tree(document), writer.yaml(document)
  local excess = reader.excess(tree, yaml)
  if excess then
    return nil, ("%s: %s: choose some operations with --only"):format(
      args.file, excess)
  end
  local made
  made, problems = plan_of.of_tree(tree)
  if not made then
    print_lines(plan_of.report(problems, args.file))
    return exit_code.FAILURE
  end
  output.write(yaml)
  print_lines(notes)
  return exit_code.OK
end

local ACTIONS = { check = check, show = show, ["from-openapi"] = convert }

local EXAMPLES = [[
Examples:
  equinix-auth capability show > mine.yaml
  equinix-auth capability check mine.yaml
  equinix-auth capability from-openapi fabric.json \
    --only 'GET /fabric/v4/ports*' > ports.yaml
  equinix-auth serve --capability ports.yaml]]

--- Defines the command; returns the function that runs it.
function M.define(command)
  command:epilog(EXAMPLES):command_target "action"
  local one = command:command("check", "Show what a file would serve, or all "
    .. "of its mistakes.")
  one:argument("file", "The capability file: .yaml, .yml or .json.")
  one:flag("--read-only", "Without what is not GET or HEAD.")
    :target "read_only"
  command:command("show", "Print the built-in capability, to start from.")
  one = command:command("from-openapi", "Write a capability for operations of "
    .. "an OpenAPI 3 document.")
  one:argument("file", "The document: .json, .yaml or .yml.")
  one:option("--only", "Only these operations; * stands for the rest of one "
    .. "segment. May be repeated."):count "*":target "only"
    :argname "<METHOD /path>"
  return function(args)
    return ACTIONS[args.action](args)
  end
end

return M
