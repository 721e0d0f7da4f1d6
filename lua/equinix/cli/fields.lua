--- fields: `--fields a,b.c`, the members of an item that are printed.
--
-- Law of this file: an item is JSON text, and so is what is picked from it: a
-- number keeps the digits that the server wrote. A dot leads into an object,
-- and a number into a list, whose first item is 0. What is not there has no
-- text.

local json_text = require "equinix.base.json_text"
local suggest = require("equinix.base.lazy") "equinix.base.suggest"

local M = {}

local MAX_BYTES, MAX_FIELDS, MAX_LEVELS = 4096, 64, 16

---@class equinix.cli.Field
---@field name string as it was given: "location.metroCode"
---@field path string[] { "location", "metroCode" }

-- One field, or nil and what is wrong.
local function read_field(name)
  if name == "" then
    return nil, "a name between two commas, or at an end, is missing"
  elseif ("." .. name .. "."):find("..", 1, true) then
    return nil, ("'%s' has a dot without a name beside it"):format(name)
  end
  local path = {}
  for part in name:gmatch "[^.]+" do
    path[#path + 1] = part
  end
  if #path > MAX_LEVELS then
    return nil, ("'%s' has more than %d levels"):format(name, MAX_LEVELS)
  end
  return { name = name, path = path }
end

--- Reads the names, as a converter for argparse.
---@param text string "a,b.c"
---@return equinix.cli.Field[]|nil
---@return string|nil message
function M.parse(text)
  if #text > MAX_BYTES then
    return nil, ("it is longer than %d bytes"):format(MAX_BYTES)
  elseif text:find "[%z\1-\31\127]" then
    return nil, "a control character is no part of a name"
  end
  local fields, seen = {}, {}
  for name in (text .. ","):gmatch "%s*([^,]-)%s*," do
    local field, message = read_field(name)
    if not field then
      return nil, message .. "; give names as in a,b.c,d.0"
    elseif seen[name] then
      return nil, ("'%s' is given twice"):format(name)
    end
    seen[name] = true
    fields[#fields + 1] = field
  end
  if #fields > MAX_FIELDS then
    return nil, ("more than %d names"):format(MAX_FIELDS)
  end
  return fields
end

-- The members of an object, or the items of a list by their numbers. Fields of
-- one item have most of their way in common.
local function parts_of(text, known)
  local parts = known[text]
  if not parts then
    local kind = json_text.kind(text)
    if kind == "object" then
      parts = json_text.members(text)
    elseif kind == "array" then
      parts = {}
      for i, item in ipairs(json_text.items(text)) do
        parts[("%d"):format(i - 1)] = item
      end
    end
    known[text] = parts or {}
  end
  return known[text]
end

--- What the fields of an item are.
---@param item string JSON
---@param fields equinix.cli.Field[]
---@return table<integer, string> texts by the number of the field; nil where
---  it is missing
function M.pick(item, fields)
  local texts, known = {}, {}
  for i, field in ipairs(fields) do
    local text = item
    for _, name in ipairs(field.path) do
      text = text and parts_of(text, known)[name]
    end
    texts[i] = text
  end
  return texts
end

-- The names at the first level of the items.
local function names_of(items)
  local names = {}
  for _, item in ipairs(items) do
    if json_text.kind(item) == "object" then
      for name in pairs(json_text.members(item)) do
        names[name] = true
      end
    end
  end
  return names
end

--- What to say about a field that no item has.
---@param fields equinix.cli.Field[]
---@param picked table<integer, string>[] of all items
---@param items string[]
---@return string[] messages
function M.missing(fields, picked, items)
  local messages = {}
  for i, field in ipairs(fields) do
    local found = #items == 0
    for n = 1, #items do
      found = found or picked[n][i] ~= nil
    end
    if not found then
      local near = suggest.name(field.path[1], names_of(items))
      messages[#messages + 1] = ("--fields: no item has '%s'%s"):format(
        field.name, near and near ~= field.path[1]
          and (", did you mean '%s'?"):format(near) or "")
    end
  end
  return messages
end

return M
