--- parser: argparse, whose messages say which option is wrong.
--
-- Law of this file: a mistake in the command line is a message that names the
-- option, with the usage of the command that it was given to. Help texts are
-- printed here, since argparse exits with 0 even if they could not be written.

local output = require "equinix.cli.output"

local M = {}

-- The long name of an option: "--data" of "-d --data".
local function long_name(words)
  return words:match "(%-%-%S+)$" or words
end

-- argparse passes the message of a converter on without the option's name.
local function name_in_messages(option, words)
  local set = option.convert
  function option:convert(convert)
    return set(self, function(text)
      local value, message = convert(text)
      if value == nil then
        return nil, long_name(words) .. ": " .. message
      end
      return value
    end)
  end
  return option
end

-- Adds what argparse lacks to a parser and to each command that it will get.
local function extend(parser, finish, usages)
  local command, option = parser.command, parser.option
  parser:add_help {
    action = function()
      output.write(parser:get_help(), "\n")
      os.exit(finish(0))
    end,
  }
  function parser:command(name, ...)
    local made = extend(command(self, name, ...), finish, usages)
    usages[name] = function()
      return made:get_usage()
    end
    return made
  end
  function parser:option(words, ...)
    return name_in_messages(option(self, words, ...), words)
  end
  return parser
end

--- A parser whose commands and options are added as argparse says; their
--- converters return a value, or nil and a message.
---@param argparse table the module
---@param finish fun(code: integer): integer called before the process ends
---@return table parser
---@return table<string, fun(): string> usages the usage of each command
function M.new(argparse, finish, ...)
  local usages = {}
  return extend(argparse(...), finish, usages), usages
end

--- Reads a command line.
---@param parser table
---@param argv string[]
---@return table|nil args
---@return string|nil message what is wrong
---@return string|nil usage of the command that it was given to
function M.parse(parser, argv)
  local usage
  function parser.error(current, message)
    usage = current:get_usage()
    error((message:gsub("\nDid you mean", "; did you mean")), 0)
  end
  local ok, args = pcall(parser.parse, parser, argv)
  if ok then
    return args
  elseif not usage then
    error(args, 0)
  end
  return nil, args, usage
end

return M
