--- plain_words: reads the command lines that can mean one thing only.
--
-- Law of this file: it knows no option. It asks the definition that each
-- command gives to argparse too, and takes a line only if every word is a name
-- of an option, its value, or an argument, as it stands. Anything else it
-- leaves to argparse: help, short forms, and every mistake. So what it returns
-- is what argparse would return; but to load argparse takes a fifth of the
-- time of a command that prints a stored token.

local M = {}

-- What a definition calls that is not below decides about nothing here, or
-- about more than is read here.
local function leave(self)
  self.definition.beyond = true
  return self
end

local function with_more(class)
  return setmetatable(class, {
    __index = function()
      return leave
    end,
  })
end

local function same(self)
  return self
end

---@class equinix.cli.PlainElement an option, a flag or an argument
local Element = with_more { argname = same }
Element.__index = Element

function Element:target(name)
  self.name = name
  return self
end

function Element:convert(convert)
  self.converter = convert
  return self
end

function Element:choices(list)
  return self:convert(function(text)
    for _, choice in ipairs(list) do
      if text == choice then
        return text
      end
    end
  end)
end

-- A flag that counts is read by argparse; here it only stays unused.
function Element:count(count)
  if not self.takes then
    self.counted = true
    return self
  end
  self.many = true
  return count == "*" and self or leave(self)
end

---@class equinix.cli.PlainCommand has the methods of argparse's commands
local Command = with_more { epilog = same, help_max_width = same }
Command.__index = Command

local function new_element(definition, name, takes)
  return setmetatable({ definition = definition, name = name, takes = takes,
    many = false, converter = false, alone = false, counted = false }, Element)
end

local function element(self, words, takes)
  local made = new_element(self, words, takes)
  for word in words:gmatch "%S+" do
    self.options[word] = made
    made.name = (word:match "^%-*(.*)$"):gsub("-", "_") -- the long one is last
  end
  return made
end

function Command:flag(words)
  return element(self, words, false)
end

function Command:option(words, _, default)
  local made = element(self, words, true)
  return default == nil and made or leave(made)
end

function Command:argument(name)
  local made = new_element(self, name, true)
  self.arguments[#self.arguments + 1] = made
  return made
end

-- One of these at most.
function Command:mutex(...) -- luacheck: no self
  for _, made in ipairs { ... } do
    made.alone = true
  end
end

-- Stores a value; false where argparse has to say what it means.
local function store(made, args, value)
  if made.converter then
    value = made.converter(value)
  end
  if value == nil or (args[made.name] and not made.many) then
    return false
  elseif made.many then
    table.insert(args[made.name], value)
  else
    args[made.name] = value
  end
  return true
end

-- A value that begins like an option may be one.
local function is_value(word)
  return word and word ~= "" and word:sub(1, 1) ~= "-"
end

-- The number of words that were read at i, or nil.
local function read(definition, argv, i, args, state)
  local made = definition.options[argv[i]]
  if made and made.alone then
    state.alone = state.alone + 1
  end
  if state.alone > 1 then
    return nil
  elseif not made and is_value(argv[i]) then
    state.arguments = state.arguments + 1
    made = definition.arguments[state.arguments]
    return made and store(made, args, argv[i]) and 1 or nil
  elseif made and made.counted then
    return nil
  elseif made and not made.takes then
    return store(made, args, true) and 1 or nil
  elseif made and is_value(argv[i + 1]) then
    return store(made, args, argv[i + 1]) and 2 or nil
  end
end

--- Reads a command line that begins with the name of a command.
---@param argv string[]
---@param module {define: function} that command's
---@return table|nil args as argparse returns them; nil: it has to read them
---@return function|nil run
function M.read(argv, module)
  local name = argv[1]
  local definition = setmetatable({ options = {}, arguments = {},
    beyond = false }, Command)
  rawset(definition, "definition", definition)
  local run = module.define(definition, name, definition)
  local args = { command = name, [name] = true }
  for _, made in pairs(definition.options) do
    args[made.name] = made.many and {} or made.counted and 0 or nil
  end
  local i, state = 2, { alone = 0, arguments = 0 }
  while argv[i] and not definition.beyond do
    local n = read(definition, argv, i, args, state)
    if not n then
      return nil
    end
    i = i + n
  end
  if definition.beyond or state.arguments < #definition.arguments then
    return nil
  end
  return args, run
end

return M
