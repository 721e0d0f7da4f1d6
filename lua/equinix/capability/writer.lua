--- writer: a capability made by a program: as YAML, and as a tree.
--
-- Law of this file: what is written as YAML reads back as the same tree, by
-- our reader and by any other: whatever YAML might take for something else
-- than a text has quotes. Keys stay in their order.

local printable = require "equinix.base.printable"
local text_of = require "equinix.base.text"
local tree = require "equinix.capability.tree"

local M = {}

local Map = {}

---@alias equinix.capability.Value string|number|boolean|table

--- A map whose keys keep their order; a nil value leaves its key out.
---@param ... any key, value, key, value
---@return equinix.capability.Value
function M.map(...)
  local map = setmetatable({}, Map)
  for i = 1, select("#", ...), 2 do
    local key, value = select(i, ...)
    M.put(map, key, value)
  end
  return map
end

--- Adds a key to such a map.
---@param map table
---@param key string
---@param value equinix.capability.Value|nil
function M.put(map, key, value)
  if value ~= nil then
    map[#map + 1] = { key, value }
  end
end

-- As a tree ------------------------------------------------------------------

--- The tree that reading the YAML would give, without places.
---@param value equinix.capability.Value
---@return equinix.capability.Node
function M.tree(value)
  if type(value) == "number" then
    return tree.text(text_of.of_number(value), true, 0, 0)
  elseif type(value) ~= "table" then
    return tree.text(tostring(value), type(value) == "boolean", 0, 0)
  elseif getmetatable(value) == Map then
    local map = tree.map(0, 0)
    for _, pair in ipairs(value) do
      tree.put(map, pair[1], M.tree(pair[2]))
    end
    return map
  end
  local list = tree.list(0, 0)
  for i, item in ipairs(value) do
    list.items[i] = M.tree(item)
  end
  return list
end

-- As YAML --------------------------------------------------------------------

local WIDTH = 79

-- Words that some reader of YAML takes for a boolean or for nothing.
local WORDS = {}
for word in ("true false yes no on off y n null"):gmatch "%S+" do
  WORDS[word] = true
end

local ESCAPES = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t",
  ['"'] = '\\"', ["\\"] = "\\\\" }

local function escaped(text)
  text = text:gsub('[%z\1-\31"\\\127]', function(byte)
    return ESCAPES[byte] or ("\\x%02x"):format(byte:byte())
  end)
  return '"' .. printable.json(text) .. '"'
end

-- Begins with a letter or a slash, and has nothing that YAML could see.
local function is_plain(text)
  return text:find "^[A-Za-z/][A-Za-z0-9_./+-]*$" ~= nil
    and not WORDS[text_of.lower(text)]
    or text:find "^[A-Z][A-Za-z0-9_./ -]*[A-Za-z0-9.]$" ~= nil
    and not WORDS[text_of.lower(text)]
end

local function quoted(text)
  if is_plain(text) then
    return text
  elseif printable.text(text) == text then
    return "'" .. text:gsub("'", "''") .. "'"
  end
  return escaped(text)
end

-- A long text of words with single spaces can be folded.
local function can_fold(text, indent)
  return #text + indent > WIDTH - 10 and printable.text(text) == text
    and not text:find "^ " and not text:find " $"
    and not text:find("  ", 1, true)
end

local function folded(text, indent)
  local lines, line = {}, nil
  for word in text:gmatch "%S+" do
    if line and #line + #word + 1 + indent > WIDTH then
      lines[#lines + 1] = line
      line = word
    else
      line = line and line .. " " .. word or word
    end
  end
  lines[#lines + 1] = line
  local space = "\n" .. (" "):rep(indent)
  return ">-" .. space .. table.concat(lines, space)
end

local function scalar(value, indent)
  if type(value) == "number" then
    return text_of.of_number(value)
  elseif type(value) == "boolean" then
    return tostring(value)
  elseif can_fold(value, indent) then
    return folded(value, indent)
  end
  return quoted(value)
end

local write

local function write_pair(out, pair, indent)
  local value = pair[2]
  out[#out + 1] = quoted(pair[1]) .. ":"
  if type(value) ~= "table" then
    out[#out + 1] = " " .. scalar(value, indent + 2) .. "\n"
  elseif #value == 0 then
    out[#out + 1] = getmetatable(value) == Map and " {}\n" or " []\n"
  else
    local deeper = getmetatable(value) == Map and indent + 2 or indent
    out[#out + 1] = "\n" .. (" "):rep(deeper)
    write(out, value, deeper)
  end
end

-- The first line's indentation has been written.
function write(out, value, indent)
  local space = (" "):rep(indent)
  for i, item in ipairs(value) do
    out[#out + 1] = i > 1 and space or ""
    if getmetatable(value) == Map then
      write_pair(out, item, indent)
    else
      out[#out + 1] = "- "
      if type(item) ~= "table" then
        out[#out + 1] = scalar(item, indent + 2) .. "\n"
      elseif #item == 0 then
        out[#out + 1] = getmetatable(item) == Map and "{}\n" or "[]\n"
      else
        write(out, item, indent + 2)
      end
    end
  end
end

--- The text of a map.
---@param map equinix.capability.Value
---@return string
function M.yaml(map)
  local out = {}
  write(out, map, 0)
  return table.concat(out)
end

return M
