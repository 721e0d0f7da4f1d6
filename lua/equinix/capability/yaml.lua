--- yaml: YAML as a tree, by lyaml's event parser.
--
-- Law of this file: what a person reads is what the program reads. So there
-- are no anchors, aliases, tags, merge keys and no second document, a key
-- stands once in its map, and `no`, 010 and 12:30 stay texts. The first fault
-- ends the reading, before anything that it might multiply.
--
-- RATIONALE: lyaml.load gives booleans for no and on, numbers for 010 and
-- 12:30:45, shares the tables of aliases, keeps the last of two equal keys,
-- and names no place. Its events have the text and the place of all of it.

local memory = require("equinix.base.lazy") "equinix.base.memory"
local tree = require "equinix.capability.tree"

local M = {}

local new_text, put = tree.text, tree.put

local MAX_DEPTH = 64

--- What to install.
M.MISSING = "reading YAML requires lyaml: install lua-yaml (apt) or lyaml "
  .. "(LuaRocks), or write the file as JSON"

local function fault(line, column, message)
  error({ fault = { line = line, column = column, message = message } }, 0)
end

-- The library's places count from 0.
local function place_of(event)
  local mark = event.start_mark
  return mark.line + 1, mark.column + 1
end

---@class equinix.capability.yaml.State
---@field next fun(): table the next event
---@field nodes integer
---@field limits equinix.capability.Limits
---@field text string
---@field has_nul boolean somewhere in it
---@field nul_lines? table<integer, true>

-- What may not stand before a value; the place is that of its key.
local function refuse_marks(event, line, column)
  if event.type == "ALIAS" then
    fault(line, column, "an alias (*) is not supported: write the value again")
  elseif event.anchor then
    fault(line, column, "an anchor (&) is not supported: write the value "
      .. "again")
  elseif event.tag then
    fault(line, column, "a tag (!) is not supported: leave it out")
  end
end

local read_node

-- {{x}} without quotes is a map whose key is a map; it was meant as a text.
local function braced(key, event)
  local pair = key.pairs and key.pairs[1]
  if event.style == "FLOW" and pair and not key.pairs[2]
    and pair.kind == "text" and pair.text == "" then
    return "{{" .. pair.name .. "}}"
  end
end

-- How an escape may spell NUL. The library cuts the text there.
local NUL = { "\\0", "\\x00", "\\u0000", "\\U00000000" }

local function has_nul(text)
  for _, escape in ipairs(NUL) do
    if text:find(escape, 1, true) then
      return true
    end
  end
  return false
end

-- The lines with such an escape, counted as the library counts them.
local function nul_lines(text)
  local lines, number = {}, 0
  text = text:gsub("\r\n?", "\n"):gsub("\194\133", "\n")
    :gsub("\226\128[\168\169]", "\n")
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do
    lines[number] = has_nul(line) or nil
    number = number + 1
  end
  return lines
end

-- Whether a text stands in such a line. All lines are looked at once.
local function may_have_nul(self, event)
  self.nul_lines = self.nul_lines or nul_lines(self.text)
  for number = event.start_mark.line, event.end_mark.line do
    if self.nul_lines[number] then
      return true
    end
  end
  return false
end

-- The text of a scalar, and whether it has no quotes.
local function text_of(self, event, line, column)
  local style, text = event.style, event.value
  if style == "DOUBLE_QUOTED" and (tree.has_control(text)
    or self.has_nul and may_have_nul(self, event)) then
    fault(line, column, "a control character in a text")
  end
  return text, style == "PLAIN"
end

-- A key: its text; or nil and the template that it is the beginning of.
local function read_key(self, event, line, column, depth)
  local kind = event.type
  if kind == "ALIAS" or event.anchor or event.tag then
    refuse_marks(event, line, column)
  elseif kind == "SCALAR" then
    local text, plain = text_of(self, event, line, column)
    if text == "<<" and plain then
      fault(line, column, "a merge key (<<) is not supported: write the keys "
        .. "again")
    end
    return text
  end
  local node = read_node(self, event, line, column, depth + 1)
  return nil, node.kind == "map" and braced(node, event)
    or fault(line, column, "a key has to be a text")
end

-- The rest of {{x}}: an empty value and the end.
local function read_braced(self, text, line, column)
  local value, ending = self.next(), self.next()
  if value.type ~= "SCALAR" or value.value ~= ""
    or ending.type ~= "MAPPING_END" then
    fault(line, column, "a key has to be a text; a template such as '{{x}}' "
      .. "needs quotes")
  end
  return tree.text(text, true, line, column)
end

local function read_map(self, style, line, column, depth)
  local next_event, map = self.next, tree.map(line, column)
  local by, event = map.by, next_event()
  while event.type ~= "MAPPING_END" do
    local key_line, key_column = place_of(event)
    local key, template = read_key(self, event, key_line, key_column, depth)
    if not key and (map.pairs[1] or style ~= "FLOW") then
      fault(key_line, key_column, "a key has to be a text")
    elseif not key then
      return read_braced(self, template, line, column)
    elseif by[key] then
      fault(key_line, key_column, "the key stands twice in this map")
    elseif map.pairs[self.limits.parts] then
      fault(key_line, key_column, ("more than %d keys in a map"):format(
        self.limits.parts))
    end
    put(map, key, read_node(self, next_event(), key_line, key_column,
      depth + 1))
    event = next_event()
  end
  return map
end

local function read_list(self, line, column, depth)
  local list = tree.list(line, column)
  local items, event = list.items, self.next()
  while event.type ~= "SEQUENCE_END" do
    local item_line, item_column = place_of(event)
    if items[self.limits.parts] then
      fault(item_line, item_column, ("more than %d values in a list"):format(
        self.limits.parts))
    end
    items[#items + 1] = read_node(self, event, item_line, item_column,
      depth + 1)
    event = self.next()
  end
  return list
end

function read_node(self, event, line, column, depth)
  local kind, nodes = event.type, self.nodes + 1
  self.nodes = nodes
  if kind == "ALIAS" or event.anchor or event.tag then
    refuse_marks(event, line, column)
  elseif depth > MAX_DEPTH then
    fault(line, column, ("nested more than %d deep"):format(MAX_DEPTH))
  elseif nodes > self.limits.nodes then
    fault(line, column, ("more than %d values"):format(self.limits.nodes))
  elseif kind == "MAPPING_START" then
    return read_map(self, event.style, line, column, depth)
  elseif kind == "SEQUENCE_START" then
    return read_list(self, line, column, depth)
  end
  local text, plain = text_of(self, event, line, column)
  return new_text(text, plain, line, column)
end

local function read(library, text, limits)
  local self = {
    next = library.parser(text), nodes = 0, limits = limits,
    text = text, has_nul = has_nul(text),
  }
  self.next() -- the stream's start
  local event = self.next()
  if event.type == "STREAM_END" then
    fault(1, 1, "the file is empty")
  end
  event = self.next()
  local line, column = place_of(event)
  local node = read_node(self, event, line, column, 1)
  self.next() -- the document's end
  event = self.next()
  if event.type ~= "STREAM_END" then
    line, column = place_of(event)
    fault(line, column, "a second document (---): a file has one")
  end
  return node
end

-- "found a tab ... at document: 1, line: 2, column: 3\nwhile ..."
local function library_fault(message)
  local what = message:match "^(.-) at document:"
  local line, column = message:match "line: (%d+), column: (%d+)"
  return what and {
    line = tonumber(line) or 1, column = tonumber(column) or 1,
    message = "this is not YAML: " .. what,
  }
end

-- The module has the name of others as well.
local function library()
  local ok, module = memory.pcall(require, "yaml")
  return ok and type(module) == "table" and module.parser and module or nil
end

--- Reads YAML.
---@param text string UTF-8
---@param limits equinix.capability.Limits
---@return equinix.capability.Node|nil
---@return equinix.capability.Problem|nil
function M.read(text, limits)
  local yaml = library()
  if not yaml then
    return nil, { message = M.MISSING }
  end
  local ok, value = memory.pcall(read, yaml, text, limits)
  if ok then
    return value
  end
  local problem = type(value) == "table" and value.fault
    or library_fault(tostring(value))
  if problem then
    return nil, problem
  end
  error(value, 0)
end

return M
