--- document: a file's tree as a document of known shape.
--
-- Law of this file: each mistake in the shape is reported, and what is left
-- can be used without another look: a text is a string, a flag a boolean, a
-- list a list. `places` has the place of each key, so that later checks can
-- point at it. Maps keyed by name (the later form of the files) become lists
-- here, so nothing behind this knows two forms.

local problems_of = require "equinix.capability.problems"
local shapes = require "equinix.capability.shapes"
local tree = require "equinix.capability.tree"

local is_null = tree.is_null

local M = {}

---@class equinix.capability.Object
---@field place equinix.capability.Place
---@field places table<string, equinix.capability.Place> of its keys
---@field where string for messages

---@class equinix.capability.document.State
---@field problems equinix.capability.Problems

local function expected(self, node, where, what)
  self.problems:add(node, "%s must be %s", where, what)
end

-- Everything is in the file and most in `capability`: not worth saying.
local TOP = { ["the file"] = true, capability = true }

local function below(where, name)
  return TOP[where] and name or where .. "." .. name
end

-- What stands under a key of an object. What a message would call it is put
-- together only for one.
local read = {}

function read.text(self, node, object)
  if node.kind ~= "text" then
    return expected(self, node, below(object.where, node.name), "a text")
  end
  return node.text
end

function read.boolean(self, node, object)
  local text = node.kind == "text" and node.text
  if text ~= "true" and text ~= "false" then
    return expected(self, node, below(object.where, node.name),
      "true or false")
  end
  return text == "true"
end

function read.port(self, node, object)
  local text = node.kind == "text" and node.text
  local number = text and text:find "^[1-9]%d*$" and #text < 6
    and tonumber(text)
  if not number or number > 65535 then
    return expected(self, node, below(object.where, node.name),
      "a port from 1 to 65535")
  end
  return number
end

function read.data(_, node)
  return node
end

function read.texts(self, node, object)
  local list = {}
  if node.kind ~= "list" then
    return expected(self, node, below(object.where, node.name),
      "a list of texts")
  end
  for i, item in ipairs(node.items) do
    if item.kind == "text" then
      list[#list + 1] = item.text
    else
      expected(self, item, ("%s[%d]"):format(below(object.where, node.name),
        i), "a text")
    end
  end
  return list
end

-- Names and values, in the file's order.
function read.with(self, node, object)
  if node.kind ~= "map" then
    return expected(self, node, below(object.where, node.name), "a map")
  end
  return node.pairs
end

local read_kind

local function refuse_key(self, shape, pair, object)
  local where = object.where
  if self.problems:is_full() then
    return -- a word that was meant costs time
  end
  local reason = shape.refused and shape.refused[pair.name]
    or shapes.REFUSED[pair.name]
  if reason then
    object.refused = true
    self.problems:add(pair, "%s is not supported, in %s: %s",
      problems_of.name(pair.name), where, reason)
  elseif not shape.all and not (shape.passed and shape.passed[pair.name]) then
    self.problems:add(pair, "unknown key %s in %s%s",
      problems_of.name(pair.name), where,
      problems_of.meant(pair.name, shape.keys))
  end
end

local function read_pair(self, object, shape, pair)
  local key = shape.alias[pair.name] or pair.name
  local kind, places = shape.keys[key], object.places
  if not kind then
    return refuse_key(self, shape, pair, object)
  elseif not places[key] then
    places[key] = pair
  elseif places[key] ~= pair then
    return self.problems:add(pair, "%s stands beside another word for the "
      .. "same, in %s", problems_of.name(pair.name), object.where)
  end
  local scalar = read[kind]
  if kind ~= "data" and is_null(pair) then
    return
  elseif scalar then
    object[key] = scalar(self, pair, object)
  else
    object[key] = read_kind(self, kind, pair, below(object.where, pair.name))
  end
end

-- Where each key is: as the tree has it, unless a key has another word here.
local function places_of(shape, node)
  local by = node.by
  for word in pairs(shape.alias) do
    if by[word] then
      return {}
    end
  end
  return by
end

local function read_object(self, name, node, where)
  local shape = shapes.SHAPES[name]
  if node.kind ~= "map" then
    return expected(self, node, where, "a map")
  end
  local object = {
    place = node, where = where, places = places_of(shape, node),
    -- Room, as in the tree: for five keys, as most have.
    name = nil, description = nil, a = nil, b = nil, c = nil,
  }
  local keys, list = shape.keys, node.pairs
  for i = 1, #list do
    local pair = list[i]
    local key = pair.name
    -- Most are texts with quotes, under a key of that name.
    if pair.plain == false and keys[key] == "text" and object.places == node.by
    then
      object[key] = pair.text
    else
      read_pair(self, object, shape, pair)
    end
  end
  return object
end

-- What is refused as a whole lacks nothing.
local function require_keys(self, name, object)
  if object.refused then
    return
  end
  local required = shapes.SHAPES[name].required
  for i = 1, required and #required or 0 do
    local key = required[i]
    local value = object[key]
    if value == nil and not object.places[key] then
      self.problems:add(object.place, "%s has no '%s'", object.where, key)
    elseif value == "" then
      self.problems:add(object.places[key], "%s.%s is empty", object.where,
        key)
      object[key] = nil
    end
  end
end

-- What a message calls a member of a list.
local function member_name(node, i)
  local by = node.by or {}
  local name = by.name or by.namespace or by.type
  name = name and name.kind == "text" and name.text
  return name and #name <= 64 and name:find "^[A-Za-z0-9._-]+$" and name
    or tostring(i)
end

-- The shape that the key `type` says.
local function shape_of(name, node)
  local shape = shapes.SHAPES[name]
  local kind = shape.by_type and node.by and node.by.type
  if not kind or kind.kind ~= "text" then
    return name
  end
  return shape.by_type[kind.text] or shape.other
end

local function read_member(self, shape, node, where, name)
  shape = shape_of(shape, node)
  local object = read_object(self, shape, node, where)
  if object and name then
    object.name = name
    object.places.name = object.places.name or object.place
  end
  if object then
    require_keys(self, shape, object)
  end
  return object
end

local function read_members(self, shape, node, where, named)
  local list = {}
  if node.kind == "map" then
    for _, pair in ipairs(node.pairs) do
      list[#list + 1] = read_member(self, shape, pair,
        ("%s[%s]"):format(where, member_name({}, pair.name)), pair.name)
    end
    return list
  elseif node.kind ~= "list" then
    return expected(self, node, where, "a list or a map")
  end
  for i, item in ipairs(node.items) do
    local object = read_member(self, shape, item,
      where .. "[" .. member_name(item, i) .. "]")
    if object and named and not object.name and not object.places.name
      and shapes.SHAPES[shape].keys.name then
      self.problems:add(object.place, "%s has no 'name'", object.where)
    end
    list[#list + 1] = object
  end
  return list
end

-- "tool*" taken apart, once for each kind.
local KINDS = setmetatable({}, {
  __index = function(kinds, kind)
    local shape, many = kind:match "^([a-z_]+)([*+]?)$"
    kinds[kind] = { shape = shape, many = many ~= "", named = many == "*" }
    return kinds[kind]
  end,
})

function read_kind(self, kind, node, where)
  local known = KINDS[kind]
  if known.many then
    return read_members(self, known.shape, node, where, known.named)
  end
  return read_member(self, known.shape, node, where)
end

--- Reads the tree of a file.
---@param node equinix.capability.Node
---@param problems equinix.capability.Problems
---@return equinix.capability.Object|nil
function M.read(node, problems)
  return read_member({ problems = problems }, "file", node, "the file")
end

return M
