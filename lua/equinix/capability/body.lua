--- body: the template of a request's body.
--
-- Law of this file: a template is data, not text: nothing that a caller gives
-- can end a string or add a member. A text that is nothing but {{x}} becomes
-- the caller's x with its type, or is left out; any other text stays as it is.

local json_tree = require "equinix.capability.json_tree"
local parameter = require "equinix.capability.parameter"
local problems_of = require "equinix.capability.problems"
local tree = require "equinix.capability.tree"
local value_of = require "equinix.capability.value"

local M = {}

-- Of a template that is a text.
local LIMITS = { nodes = 10000, parts = 1000 }

local KINDS = { json = "json", form = "form", formUrlEncoded = "form" }

---@class equinix.capability.body.Context
---@field problems equinix.capability.Problems
---@field where string
---@field namespaces table<string, any>
---@field binds table<string, string>
---@field inputs table<string, any> the declared ones, by name
---@field used {name: string, place: equinix.capability.Place}[]
---@field place? equinix.capability.Place of everything in a text

local function read_text(context, node)
  local place = context.place or node
  local inner = value_of.template(node.text)
  if inner and context.binds[inner] then
    context.problems:add(place, "%s: a bind is only for the value of a "
      .. "consumed inputParameter", context.where)
    return { null = true }
  end
  local name = inner and value_of.input(node.text, context.namespaces)
  if name and not context.inputs[name] and (name:find(".", 1, true)
    or parameter.name_complaint(name)) then
    context.problems:add(place, "%s: {{%s}} is no input", context.where,
      problems_of.name(name):sub(2, -2))
    return { null = true }
  elseif name then
    context.used[#context.used + 1] = { name = name, place = place }
    return { input = name }
  elseif value_of.has_part(node.text) then
    context.problems:warn(place, "%s: {{...}} inside a longer text is sent as "
      .. "it stands", context.where)
  end
  local value = value_of.plain(node)
  if value == nil then
    return { null = true }
  end
  return { value = value }
end

local function read_node(context, node)
  if node.kind == "text" then
    return read_text(context, node)
  elseif node.kind == "list" then
    local array = {}
    for i, item in ipairs(node.items) do
      array[i] = read_node(context, item)
    end
    return { array = array }
  end
  local object = {}
  for i, pair in ipairs(node.pairs) do
    object[i] = { pair.name, read_node(context, pair) }
  end
  return { object = object }
end

-- A whole template that is a text: JSON, in which {{x}} may be a value.
local function from_text(context, node)
  if value_of.template(node.text) then
    return node
  end
  local data, problem = json_tree.read(node.text, LIMITS, true)
  if not data then
    context.problems:add(node, "%s.data: %s (line %d, column %d of it)",
      context.where, problem.message, problem.line, problem.column)
  end
  context.place = node
  return data
end

-- A form has members with one value each.
local function check_form(context, node)
  if node.kind ~= "map" then
    context.problems:add(node, "%s.data of a form must be a map",
      context.where)
    return nil
  end
  for _, pair in ipairs(node.pairs) do
    if pair.kind ~= "text" then
      context.problems:add(pair, "%s.data: a member of a form is a text",
        context.where)
      return nil
    end
  end
  return node
end

--- Reads an operation's body.
---@param body equinix.capability.Object
---@param context equinix.capability.body.Context
---@return {kind: string, template: table}|nil
function M.read(body, context)
  local kind, node = KINDS[body.type or ""], body.data
  if body.type and not kind then
    context.problems:add(body.places.type, "%s: unknown type %s; a body is "
      .. "json or formUrlEncoded%s", body.where, problems_of.name(body.type),
      problems_of.meant(body.type, KINDS))
  end
  if node and tree.is_null(node) then
    context.problems:add(node, "%s.data is empty", body.where)
    return nil
  elseif not kind or not node then
    return nil
  elseif kind == "form" then
    node = check_form(context, node)
  elseif node.kind == "text" then
    node = from_text(context, node)
  end
  return node and { kind = kind, template = read_node(context, node) } or nil
end

return M
