--- tree: what a reader makes of a file: maps, lists and texts, each with its
--- place.
--
-- Law of this file: a value under a key has the place of the key, since that
-- is what a person looks for; any other value has its own. Lines and columns
-- count from 1, columns in characters. Every scalar is the text that stands in
-- the file: types are for those that know what is expected there.

--
-- RATIONALE: a table that grows is made anew each time, which was most of what
-- a map cost. So one begins with room for what most maps have: the nils below
-- are that room.

local M = {}

---@class equinix.capability.Place
---@field line integer
---@field column integer

---@class equinix.capability.Node : equinix.capability.Place
---@field kind "map"|"list"|"text"
---@field text? string of a text
---@field plain? boolean of a text: it is not quoted, so it may be a number
---@field name? string the key that it stands under
---@field pairs? equinix.capability.Node[] the values of a map, in the file's
---  order
---@field by? table<string, equinix.capability.Node> of a map
---@field items? equinix.capability.Node[] of a list

---@param text string
---@param plain boolean
---@return equinix.capability.Node
function M.text(text, plain, line, column)
  return {
    kind = "text", text = text, plain = plain, line = line, column = column,
  }
end

---@return equinix.capability.Node
function M.map(line, column)
  return {
    kind = "map", line = line, column = column,
    pairs = { nil, nil, nil, nil, nil, nil },
    by = { a = nil, b = nil, c = nil, d = nil, e = nil, f = nil },
  }
end

---@return equinix.capability.Node
function M.list(line, column)
  return {
    kind = "list", items = { nil, nil }, line = line, column = column,
    name = nil,
  }
end

--- Whether a text has characters that are none of a text.
---@param text string
---@return boolean
function M.has_control(text)
  return text:find "[%z\1-\8\11\12\14-\31\127]" ~= nil
end

--- Puts a value, which has the key's place, under a key.
---@param map equinix.capability.Node
---@param key string
---@param value equinix.capability.Node
function M.put(map, key, value)
  local pairs_of = map.pairs
  value.name, map.by[key], pairs_of[#pairs_of + 1] = key, value, value
end

--- Whether a value was left empty, or is YAML's or JSON's null.
---@param node equinix.capability.Node
function M.is_null(node)
  local text = node.plain and node.text
  return text == "" or text == "~" or text == "null" or false
end

return M
