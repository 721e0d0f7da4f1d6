--- exposed_inputs: what a caller gives, and which inputs of the operation it
--- becomes.
--
-- Law of this file: nothing that a caller gives is dropped silently, and
-- nothing that an operation needs is left open: an input of the operation is
-- mapped by `with`, a constant, or keeps its name. What is declared wins over
-- what is implied. Names may differ in case, - and _ where only one fits.

local parameter = require "equinix.capability.parameter"
local path_of = require "equinix.capability.path"
local problems_of = require "equinix.capability.problems"
local tree = require "equinix.capability.tree"
local value_of = require "equinix.capability.value"

local M = {}

local NOTHING = {}

---@class equinix.capability.Face
---@field kind "rest"|"mcp"
---@field object equinix.capability.Object the route's operation, or the tool
---@field declared equinix.capability.Object[]
---@field variables table<string, true> of the route's path
---@field order string[] the same, in their order
---@field operation equinix.capability.Operation
---@field namespaces table<string, any>
---@field binds table<string, string>
---@field problems equinix.capability.Problems
---@field method? string of the route

local function add_entry(self, entry)
  entry.targets = {}
  self.by[entry.name] = entry
  self.entries[#self.entries + 1] = entry
  return entry
end

local function read_declared(self, face)
  for _, object in ipairs(face.declared) do
    if parameter.check(object, face.problems) then
      local variable = face.variables[object.name] and object.name
        or path_of.find(object.name, face.variables)
      if object["in"] == "path" and not variable then
        face.problems:add(object.places["in"], "%s: in: path, but the path "
          .. "has no {%s}%s", object.where, object.name,
          problems_of.meant(object.name, face.variables))
      elseif self.by[variable or object.name] then
        face.problems:add(object.places.name, "%s: the name stands twice",
          object.where)
      else
        add_entry(self, { name = variable or object.name, object = object,
          variable = variable })
        self.declared = self.declared + 1
      end
    end
  end
  for _, name in ipairs(face.order) do
    if not self.by[name] then
      add_entry(self, { name = name, variable = name })
    end
  end
end

-- The caller's input of a name; made where nothing is declared.
local function entry_of(self, name)
  local found = path_of.find(name, self.by)
  if found then
    return self.by[found]
  elseif self.declared == 0 and not name:find(".", 1, true) then
    return add_entry(self, { name = name })
  end
end

-- A list of scalars, for the query.
local function constant_list(face, input, pair)
  local list = {}
  for i, item in ipairs(pair.items or {}) do
    if item.kind ~= "text" then
      return nil
    end
    list[i] = value_of.typed(item, input.items and input.items.type)
  end
  return pair.kind == "list" and face and list or nil
end

local function map_constant(self, face, input, pair)
  local node = pair
  local value
  if tree.is_null(node) then
    value = nil
  elseif node.kind == "text" then
    value = value_of.typed(node, input.type)
  else
    value = constant_list(face, input, pair)
  end
  if value == nil then
    return face.problems:add(pair, "%s.with.%s is neither an input nor a "
      .. "constant", face.object.where, pair.name:sub(1, 64))
  end
  if node.kind == "text" and value_of.has_part(node.text) then
    face.problems:warn(pair, "%s.with.%s: {{...}} inside a longer text is "
      .. "sent as it stands", face.object.where, pair.name:sub(1, 64))
  end
  if not parameter.fits(input.place, value) then
    face.problems:add(pair, "%s.with.%s is no value for a %s",
      face.object.where, pair.name:sub(1, 64), input.place)
  end
  self.constants = self.constants or {}
  self.constants[input.name] = value
end

local function map_input(self, face, input, pair, name)
  local inner = value_of.template(pair.text)
  if inner and face.binds[inner] then
    return face.problems:add(pair, "%s.with.%s: a bind is only for the value "
      .. "of a consumed inputParameter", face.object.where,
      pair.name:sub(1, 64))
  end
  local complaint = parameter.name_complaint(name)
  if complaint then
    return face.problems:add(pair, "%s.with.%s: the name %s",
      face.object.where, pair.name:sub(1, 64), complaint)
  end
  local entry = entry_of(self, name)
  if not entry then
    return face.problems:add(pair, "%s.with.%s names %s, which is not "
      .. "declared%s", face.object.where, pair.name:sub(1, 64),
      problems_of.name(name), problems_of.meant(name, self.by))
  end
  entry.targets[#entry.targets + 1] = input
end

local function read_with(self, face)
  local operation = face.operation
  for _, pair in ipairs(face.object.with or NOTHING) do
    local found = path_of.find(pair.name, operation.by)
    local input = operation.by[found]
    local name = pair.kind == "text"
      and value_of.input(pair.text, face.namespaces)
    if not input and path_of.find(pair.name, operation.rejected) then
      self.mapped[pair.name] = true -- the mistake has been reported
    elseif not input then
      face.problems:add(pair, "%s.with: %s has no input %s%s",
        face.object.where, problems_of.name(operation.id),
        problems_of.name(pair.name),
        problems_of.meant(pair.name, operation.by))
    elseif self.mapped[input.name] then
      face.problems:add(pair, "%s.with: the input %s stands twice",
        face.object.where, problems_of.name(input.name))
    elseif name then
      self.mapped[input.name] = true
      map_input(self, face, input, pair, name)
    else
      self.mapped[input.name] = true
      map_constant(self, face, input, pair)
    end
  end
end

-- What `with` does not mention keeps its name.
local function keep_names(self, face)
  local inputs = face.operation.inputs
  for i = 1, #inputs do
    local input = inputs[i]
    if not self.mapped[input.name] and input.constant == nil then
      local found = path_of.find(input.name, self.by)
      local entry = found and self.by[found]
        or add_entry(self, { name = input.name })
      entry.targets[#entry.targets + 1] = input
    end
  end
end

local function unused(face, entry)
  if entry.object then
    face.problems:add(entry.object.place, "%s goes nowhere: %s has no such "
      .. "input", entry.object.where, problems_of.name(face.operation.id))
  else
    face.problems:warn(face.object.place, "%s: {%s} of the path is not used",
      face.object.where, entry.name)
  end
end

local function check_use(self, face)
  if next(face.operation.rejected) then
    return
  end
  for i = 1, #self.entries do
    if not self.entries[i].targets[1] then
      unused(face, self.entries[i])
    end
  end
end

local READING = { GET = true, HEAD = true }

-- Where an HTTP caller gives it.
local function place_of(face, entry)
  local declared = entry.object and entry.object["in"]
  local target = entry.targets[1]
  if entry.variable then
    return "path"
  elseif declared then
    return declared
  elseif target and target.place == "body" and READING[face.method] then
    return "query"
  end
  return target and target.place ~= "path" and target.place or "query"
end

local function is_required(face, entry)
  local object, needed = entry.object, false
  for i = 1, #entry.targets do
    local target = entry.targets[i]
    if target.place == "path" then
      return true
    end
    needed = needed or target.required
  end
  if entry.variable then
    return true
  elseif object and object.required ~= nil then
    return object.required
  end
  return needed or object ~= nil and face.kind == "mcp"
end

-- Most are for the one input of the same name, and nothing says so: the plan
-- of 500 operations is read at each start and each reload.
local function targets_of(entry)
  local first = entry.targets[1]
  if first and first.name == entry.name and not entry.targets[2] then
    return nil
  end
  local names = {}
  for i, target in ipairs(entry.targets) do
    names[i] = target.name
  end
  return names
end

local function finish(face, entry)
  local object, target = entry.object or NOTHING, entry.targets[1] or NOTHING
  local input = {
    name = entry.name, type = object.type or target.type,
    description = object.description or target.description,
    required = is_required(face, entry) or nil, targets = targets_of(entry),
    place = nil, more = nil, -- room: few have all that follows
  }
  input.items = object.items and { type = object.items.type } or target.items
  input.enum = object.enum or target.enum
  if face.kind == "rest" then
    input.place = place_of(face, entry)
    input.whole = input.place == "body" and entry.name == "body" or nil
    if input.place == "header" and not parameter.is_header(entry.name) then
      face.problems:add(face.object.place, "%s: the header %s can't be an "
        .. "input", face.object.where, problems_of.name(entry.name))
    end
  end
  return input
end

local function check_body(face, inputs)
  local whole, member
  for _, input in ipairs(inputs) do
    whole = whole or input.whole
    member = member or input.place == "body" and not input.whole
  end
  if whole and member then
    face.problems:add(face.object.place, "%s: the input 'body' is the whole "
      .. "body, so it has no other members", face.object.where)
  end
end

--- The inputs and the constants of a route or a tool. `targets` of an input is
--- which inputs of the operation it becomes; nil: that of its own name.
---@param face equinix.capability.Face
---@return table[] inputs
---@return table<string, any>|nil constants
function M.read(face)
  if #face.declared > parameter.MAX_INPUTS
    or #(face.object.with or NOTHING) > parameter.MAX_INPUTS then
    face.problems:add(face.object.place, "%s: more than %d inputs",
      face.object.where, parameter.MAX_INPUTS)
    return {}
  end
  local self = { entries = {}, by = {}, declared = 0, constants = nil,
    mapped = face.object.with and {} or NOTHING }
  read_declared(self, face)
  read_with(self, face)
  keep_names(self, face)
  check_use(self, face)
  local inputs = {}
  for i = 1, #self.entries do
    inputs[i] = finish(face, self.entries[i])
  end
  if face.kind == "rest" then
    check_body(face, inputs)
  end
  return inputs, self.constants
end

return M
