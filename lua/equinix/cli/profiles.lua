--- profiles: `equinix-auth profiles`, which there are.
--
-- Law of this file: it shows names, and where the credentials are; never what
-- they are.

local environment = require "equinix.client.environment"
local errors = require "equinix.base.error"
local output = require "equinix.cli.output"
local printable = require "equinix.base.printable"
local profile = require "equinix.client.profile"

local M = {}

local NONE = "no credentials: those of the environment"

-- For scripts that complete words: only names that need no quotes.
local function print_names(sections)
  for _, section in ipairs(sections) do
    if profile.is_name(section.name) then
      output.write(section.name, "\n")
    end
  end
end

local function print_all(sections)
  local used, width = environment.get "profile" or "default", 0
  for _, section in ipairs(sections) do
    width = math.max(width, #section.name)
  end
  for _, section in ipairs(sections) do
    local name = section.name
    output.write(printable.text(("%s %s%s  %s"):format(name == used and "*"
      or " ", name, (" "):rep(width - #name), profile.source(section)
      or NONE)), "\n")
  end
end

local function run(args, say)
  local found, message = profile.file()
  if message then
    return nil, errors.make("config", message)
  elseif args.names then
    print_names(found and found.sections or {})
  elseif found then
    print_all(found.sections)
  else
    say("there is no file ", profile.path() or "(HOME is not set)",
      "; equinix-auth configure makes it")
  end
  return 0
end

local EXAMPLES = [[
The one with * is used where no --profile is given: EQUINIX_PROFILE, or
default.

Examples:
  equinix-auth profiles
  equinix-auth token --profile "$(equinix-auth profiles --names | head -1)"]]

--- Adds what belongs to the command; returns the function that runs it.
function M.define(command)
  command:epilog(EXAMPLES)
  command:flag("--names", "Print the names only.")
  return run
end

return M
