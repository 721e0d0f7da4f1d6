--- json_tree: JSON as a tree, the same as YAML's.
--
-- Law of this file: RFC 8259 to the letter, a name once in its object, and a
-- place for each fault. A number keeps its text. Only as a template may a text
-- have {{x}} where a value stands. The core reads what is right, in a third of
-- the time; what it does not take is read here, to say what is wrong.

local core = require "equinix.core"
local json = require "equinix.base.json"
local tree = require "equinix.capability.tree"

local M = {}

local new_list, new_map, new_text, put = tree.list, tree.map, tree.text,
  tree.put

local MAX_DEPTH = 64

---@class equinix.capability.json.State
---@field text string
---@field ascii boolean a column is a byte
---@field at integer a byte whose place is known
---@field line integer its line
---@field column integer its column
---@field newline integer the next end of a line
---@field nodes integer
---@field limits equinix.capability.Limits
---@field template boolean

local byte, find, match, sub = string.byte, string.find, string.match,
  string.sub

local function newline_after(text, at)
  return find(text, "\n", at, true) or #text + 1
end

-- The place of a byte. They are asked for in rising order, so each byte is
-- counted once; a fault may be a few bytes before.
local function place(self, at)
  local from = self.at
  if at < from then
    return self.line, self.column
  end
  while self.newline < at do
    self.line, self.column = self.line + 1, 1
    from = self.newline + 1
    self.newline = newline_after(self.text, from)
  end
  local tails = 0
  if not self.ascii then
    tails = select(2, sub(self.text, from, at - 1):gsub("[\128-\191]", ""))
  end
  self.at, self.column = at, self.column + at - from - tails
  return self.line, self.column
end

local function fault(self, at, message)
  local line, column = place(self, at)
  error({ fault = { line = line, column = column, message = message } }, 0)
end

local function after_space(self, at)
  return match(self.text, "^[ \t\r\n]*()", at)
end

-- The string that begins at `at`, and the position after it.
local function read_string(self, at)
  local text, from = self.text, at
  while true do
    at = find(text, '["\\%z\1-\31]', at + 1)
    local char = at and byte(text, at)
    if not char or char < 32 then
      fault(self, at or from, "this is not JSON: a string without its end")
    elseif char == 34 then
      break
    end
    at = at + 1
  end
  local quoted = text:sub(from, at)
  local value = quoted:sub(2, -2)
  if value:find("\\", 1, true) then
    value = json.decode(quoted)
    if type(value) ~= "string" then
      fault(self, from, "this is not JSON: an escape in the string")
    elseif tree.has_control(value) then
      fault(self, from, "a control character in a text")
    end
  end
  return value, at + 1
end

local WORDS = { t = "true", f = "false", n = "null" }

local function read_word(self, at)
  local text = self.text
  local word = WORDS[text:sub(at, at)]
  if word and text:sub(at, at + #word - 1) == word then
    return word, at + #word
  end
  local template, behind = text:match("^({{%s*[^{}]-%s*}})()", at)
  if self.template and template then
    return template, behind
  end
  local whole, next_at = text:match("^%-?(%d+)()", at)
  if not whole or (#whole > 1 and whole:sub(1, 1) == "0") then
    fault(self, at, "this is not JSON: a value was expected")
  end
  next_at = text:match("^%.%d+()", next_at) or next_at
  next_at = text:match("^[eE][+-]?%d+()", next_at) or next_at
  return text:sub(at, next_at - 1), next_at
end

local read_value

-- A name and its value; returns the position after both.
local function read_member(self, at, map, depth)
  local text = self.text
  if byte(text, at) ~= 34 then
    fault(self, at, "this is not JSON: a name was expected")
  end
  local line, column = place(self, at)
  local name, next_at = read_string(self, at)
  if map.by[name] then
    fault(self, at, "the key stands twice in this map")
  elseif map.pairs[self.limits.parts] then
    fault(self, at, ("more than %d keys in a map"):format(self.limits.parts))
  end
  local colon, behind = byte(text, next_at, next_at + 1)
  if colon == 58 and behind and behind > 32 then
    next_at = next_at + 1
  else
    next_at = match(text, "^[ \t\r\n]*:[ \t\r\n]*()", next_at)
      or fault(self, next_at, "this is not JSON: a colon was expected")
  end
  local value
  value, next_at = read_value(self, next_at, depth + 1, line, column)
  put(map, name, value)
  return next_at
end

-- Behind the comma after a part of a container; nil and the position after the
-- container: that was the last one.
local function after_part(self, at, close)
  local text = self.text
  local first, second = byte(text, at, at + 1)
  if first == 44 and second == 34 then -- ," is what most parts end in
    return at + 1
  elseif first ~= 44 and first ~= close then
    at = after_space(self, at)
    first = byte(text, at)
  end
  if first == close then
    return nil, at + 1
  elseif first ~= 44 then
    fault(self, at, "this is not JSON: a comma or the end was expected")
  end
  return after_space(self, at + 1)
end

local function read_map(self, at, line, column, depth)
  local map = new_map(line, column)
  local next_at = after_space(self, at + 1)
  if byte(self.text, next_at) == 125 then
    return map, next_at + 1
  end
  local behind
  while next_at do
    next_at, behind = after_part(self, read_member(self, next_at, map, depth),
      125)
  end
  return map, behind
end

local function read_list(self, at, line, column, depth)
  local list = new_list(line, column)
  local items, count = list.items, 0
  local next_at = after_space(self, at + 1)
  if byte(self.text, next_at) == 93 then
    return list, next_at + 1
  end
  local behind
  while next_at do
    count = count + 1
    if count > self.limits.parts then
      fault(self, next_at, ("more than %d values in a list"):format(count - 1))
    end
    local item_line, item_column = place(self, next_at)
    items[count], next_at = read_value(self, next_at, depth + 1, item_line,
      item_column)
    next_at, behind = after_part(self, next_at, 93)
  end
  return list, behind
end

-- The value that begins at `at`, under the place that it is to have.
function read_value(self, at, depth, line, column)
  local text, nodes = self.text, self.nodes + 1
  self.nodes = nodes
  if depth > MAX_DEPTH then
    fault(self, at, ("nested more than %d deep"):format(MAX_DEPTH))
  elseif nodes > self.limits.nodes then
    fault(self, at, ("more than %d values"):format(self.limits.nodes))
  end
  local first = byte(text, at)
  if first == 34 then
    local value, next_at = read_string(self, at)
    return new_text(value, false, line, column), next_at
  elseif first == 91 then
    return read_list(self, at, line, column, depth)
  elseif first == 123 and not (self.template and byte(text, at + 1) == 123)
  then
    return read_map(self, at, line, column, depth)
  end
  local value, next_at = read_word(self, at)
  return new_text(value, true, line, column), next_at
end

local function read(self)
  local from = after_space(self, 1)
  local line, column = place(self, from)
  local node, at = read_value(self, from, 1, line, column)
  at = after_space(self, at)
  if at <= #self.text then
    fault(self, at, "this is not JSON: text after the value")
  end
  return node
end

--- Reads JSON.
---@param text string UTF-8
---@param limits equinix.capability.Limits
---@param template? boolean {{x}} may stand where a value stands
---@return equinix.capability.Node|nil
---@return equinix.capability.Problem|nil
function M.read(text, limits, template)
  local node = not template and core.json_tree(text, MAX_DEPTH, limits.nodes,
    limits.parts)
  if node then
    return node
  end
  local ok, value = pcall(read, {
    text = text, at = 1, line = 1, column = 1,
    nodes = 0, limits = limits,
    ascii = not find(text, "[\128-\255]"),
    newline = newline_after(text, 1), template = template or false,
  })
  if ok then
    return value
  elseif type(value) == "table" and value.fault then
    return nil, value.fault
  end
  error(value, 0)
end

return M
