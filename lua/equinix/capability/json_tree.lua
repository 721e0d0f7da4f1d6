--- json_tree: JSON as a tree, the same as YAML's.
--
-- Law of this file: RFC 8259 to the letter, a name once in its object, and a
-- place for each fault. A number keeps its text. Only as a template may a text
-- have {{x}} where a value stands.

local json = require "equinix.base.json"
local tree = require "equinix.capability.tree"

local M = {}

local MAX_DEPTH = 64

---@class equinix.capability.json.State
---@field text string
---@field at integer a byte whose place is known
---@field line integer its line
---@field column integer its column
---@field newline integer the next end of a line
---@field nodes integer
---@field max_nodes integer
---@field template boolean

local function newline_after(text, at)
  return text:find("\n", at, true) or #text + 1
end

-- The place of a byte. They are asked for in rising order, so each byte is
-- counted once; a fault may be a few bytes before.
local function place(self, at)
  if at < self.at then
    return self.line, self.column
  end
  while self.newline < at do
    self.line, self.column = self.line + 1, 1
    self.at = self.newline + 1
    self.newline = newline_after(self.text, self.at)
  end
  local _, tails = self.text:sub(self.at, at - 1):gsub("[\128-\191]", "")
  self.column = self.column + at - self.at - tails
  self.at = at
  return self.line, self.column
end

local function fault(self, at, message)
  local line, column = place(self, at)
  error({ fault = { line = line, column = column, message = message } }, 0)
end

local function after_space(self, at)
  return self.text:match("^[ \t\r\n]*()", at)
end

-- The string that begins at `at`, and the position after it.
local function read_string(self, at)
  local text, from = self.text, at
  while true do
    at = text:find('["\\%z\1-\31]', at + 1)
    local byte = at and text:byte(at)
    if not byte or byte < 32 then
      fault(self, at or from, "this is not JSON: a string without its end")
    elseif byte == 34 then
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

local function read_members(self, at, map, depth)
  local text = self.text
  if text:byte(at) ~= 34 then
    fault(self, at, "this is not JSON: a name was expected")
  end
  local line, column = place(self, at)
  local name, next_at = read_string(self, at)
  if map.by[name] then
    fault(self, at, "the key stands twice in this map")
  end
  next_at = text:match("^[ \t\r\n]*:()", next_at)
    or fault(self, next_at, "this is not JSON: a colon was expected")
  local value
  value, next_at = read_value(self, next_at, depth + 1)
  value.line, value.column = line, column
  tree.put(map, name, value)
  return next_at
end

local function read_container(self, at, line, column, depth)
  local is_map = self.text:byte(at) == 123
  local node = is_map and tree.map(line, column) or tree.list(line, column)
  local close = is_map and 125 or 93
  at = after_space(self, at + 1)
  if self.text:byte(at) == close then
    return node, at + 1
  end
  while true do
    if is_map then
      at = read_members(self, at, node, depth)
    else
      node.items[#node.items + 1], at = read_value(self, at, depth + 1)
    end
    at = after_space(self, at)
    local byte = self.text:byte(at)
    if byte == close then
      return node, at + 1
    elseif byte ~= 44 then
      fault(self, at, "this is not JSON: a comma or the end was expected")
    end
    at = after_space(self, at + 1)
  end
end

function read_value(self, at, depth)
  at = after_space(self, at)
  local line, column = place(self, at)
  self.nodes = self.nodes + 1
  if depth > MAX_DEPTH then
    fault(self, at, ("nested more than %d deep"):format(MAX_DEPTH))
  elseif self.nodes > self.max_nodes then
    fault(self, at, ("more than %d values"):format(self.max_nodes))
  end
  local byte = self.text:byte(at)
  local is_template = self.template and self.text:sub(at, at + 1) == "{{"
  if (byte == 123 and not is_template) or byte == 91 then
    return read_container(self, at, line, column, depth)
  end
  local text, plain, next_at
  if byte == 34 then
    text, next_at = read_string(self, at)
    plain = false
  else
    text, next_at = read_word(self, at)
    plain = true
  end
  return tree.text(text, plain, line, column), next_at
end

local function read(self)
  local node, at = read_value(self, 1, 1)
  at = after_space(self, at)
  if at <= #self.text then
    fault(self, at, "this is not JSON: text after the value")
  end
  return node
end

--- Reads JSON.
---@param text string UTF-8
---@param max_nodes integer values at most
---@param template? boolean {{x}} may stand where a value stands
---@return equinix.capability.Node|nil
---@return equinix.capability.Problem|nil
function M.read(text, max_nodes, template)
  local ok, value = pcall(read, {
    text = text, at = 1, line = 1, column = 1,
    nodes = 0, max_nodes = max_nodes,
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
