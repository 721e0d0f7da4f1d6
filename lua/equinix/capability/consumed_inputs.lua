--- consumed_inputs: what an operation of Equinix takes, and where it goes.
--
-- Law of this file: each variable of the path is an input, declared or not,
-- and so is each {{x}} of the body. A value comes from the caller, from the
-- environment (a bind), or stands in the file; a secret never stands there.

local body_of = require "equinix.capability.body"
local parameter = require "equinix.capability.parameter"
local path_of = require "equinix.capability.path"
local problems_of = require "equinix.capability.problems"
local tree = require "equinix.capability.tree"
local value_of = require "equinix.capability.value"

local M = {}

local NOTHING = {}

local SECRET = { "token", "secret", "password", "apikey", "authorization",
  "credential" }

local function is_secret(name)
  local normal = path_of.normal(name)
  for _, word in ipairs(SECRET) do
    if normal:find(word, 1, true) then
      return true
    end
  end
  return false
end

-- A value in a consumed input: a bind, the caller's input, or a constant.
local function read_value(self, object, input)
  local node = object.value
  if not node then
    return
  elseif node.kind ~= "text" or tree.is_null(node) then
    return self.problems:add(node, "%s.value must be a text", object.where)
  end
  local inner = value_of.template(node.text)
  local variable = inner and self.binds[inner]
  local name = not variable and value_of.input(node.text, self.namespaces)
  if variable then
    input.constant = { bind = variable }
  elseif name and name:find(".", 1, true) then
    self.problems:add(node, "%s.value: %s is bound nowhere%s", object.where,
      problems_of.name(name), problems_of.meant(name, self.binds))
  elseif name then
    input.name = name
  elseif value_of.has_part(node.text) then
    self.problems:add(node, "%s.value: {{...}} has to be the whole value",
      object.where)
  elseif is_secret(object.name) then
    self.problems:add(node, "%s.value is a literal secret: bind it to a "
      .. "variable of the environment", object.where)
  else
    input.constant = value_of.typed(node, object.type)
    if not parameter.fits(input.place, input.constant) then
      self.problems:add(node, "%s.value is no value for a %s", object.where,
        input.place)
    end
  end
end

-- The variable of the path that an input stands for.
local function path_variable(self, object, variables)
  local variable = path_of.find(object.name, variables)
  if object["in"] == "path" and not variable then
    self.problems:add(object.places["in"], "%s: in: path, but the path has no "
      .. "{%s}%s", object.where, object.name,
      problems_of.meant(object.name, variables))
  elseif not object["in"] and not variable then
    self.problems:add(object.place, "%s has no 'in'", object.where)
  end
  return variable
end

local function read_input(self, object, variables)
  local place = object["in"]
  local variable = (place == "path" or not place)
    and path_variable(self, object, variables)
  if variable then
    place = "path"
  elseif place == "path" or not place then
    return nil
  end
  local input = {
    name = object.name, place = place, as = variable or object.name,
    type = object.type, description = object.description, object = object,
    required = place == "path" or object.required or false,
    more = nil, -- room: few have all that follows
  }
  input.items = object.items and { type = object.items.type }
  input.enum = object.enum
  input.whole = place == "body" and object.name == "body" or nil
  read_value(self, object, input)
  return input
end

-- The nearest declaration counts: the operation's, the resource's, the API's.
local function declared(lists, count)
  local objects, seen = {}, {}
  for i = 1, count do
    local list = lists[i] or NOTHING
    for k = 1, #list do
      local object = list[k]
      if object.name and (seen[object.name] or i) == i then
        objects[#objects + 1], seen[object.name] = object, i
      end
    end
  end
  return objects
end

local function is_too_many(self, operation, count)
  local object = operation.object
  if count > parameter.MAX_INPUTS then
    self.problems:add(object.place, "%s: more than %d inputs", object.where,
      parameter.MAX_INPUTS)
    operation.refused = true
    return true
  end
end

local function add_input(self, operation, input)
  if operation.by[input.name] then
    return self.problems:add(input.object.places.name, "%s: the name stands "
      .. "twice", input.object.where)
  end
  operation.by[input.name] = input
  operation.inputs[#operation.inputs + 1] = input
end

-- Each variable of the path is an input, declared or not.
local function add_variables(operation, variables)
  local filled, inputs, path = {}, operation.inputs, operation.path
  for i = 1, #inputs do
    local input = inputs[i]
    if input.place == "path" then
      filled[input.as] = input.name
    end
  end
  for i = 1, #path do
    local part = path[i]
    local name = type(part) == "table" and part.name
    if name and not filled[name] and variables[name] then
      local input = { name = name, place = "path", as = name, required = true }
      operation.by[name] = input
      inputs[#inputs + 1] = input
      filled[name] = name
    end
    if name then
      part.name = filled[name]
    end
  end
end

local function add_templates(operation, used)
  for _, entry in ipairs(used) do
    local name = entry.name
    if not operation.by[name] then
      local input = { name = name, place = "body", as = name,
        required = false }
      operation.by[name] = input
      operation.inputs[#operation.inputs + 1] = input
    end
  end
end

-- A body has one origin: a template, a whole, or members.
local function check_bodies(self, operation, used)
  local named, whole, member = {}, nil, nil
  for _, entry in ipairs(used) do
    named[entry.name] = true
  end
  for i = 1, #operation.inputs do
    local input = operation.inputs[i]
    if input.place == "body" then
      whole = input.whole and input or whole
      member = not input.whole and input or member
      if operation.body and input.object and not named[input.name] then
        self.problems:add(input.object.place, "%s: the body's data has no "
          .. "{{%s}}", input.object.where, input.name)
      end
    end
  end
  if whole and member and not operation.body then
    self.problems:add(member.object.place, "%s: the input 'body' is the whole "
      .. "body, so it has no other members", member.object.where)
  end
end

--- Reads an operation's inputs and its body into it.
---@param self equinix.capability.consumes.State
---@param operation equinix.capability.Operation
---@param lists (equinix.capability.Object[]|nil)[] three: its own, the
---  resource's, the API's
function M.read(self, operation, lists)
  local variables, used, object = {}, {}, operation.object
  local names = path_of.variables(operation.path)
  for i = 1, #names do
    variables[names[i]] = true
  end
  local objects = declared(lists, 3)
  if is_too_many(self, operation, #objects + #operation.path) then
    return
  end
  for i = 1, #objects do
    local input = objects[i]
    local read = parameter.check(input, self.problems)
      and read_input(self, input, variables)
    if read then
      add_input(self, operation, read)
    else
      operation.rejected[input.name] = true
    end
  end
  operation.body = object.body and body_of.read(object.body, {
    problems = self.problems, where = object.body.where, used = used,
    namespaces = self.namespaces, binds = self.binds,
    inputs = operation.by,
  })
  add_variables(operation, variables)
  add_templates(operation, used)
  if not is_too_many(self, operation, #operation.inputs) then
    check_bodies(self, operation, used)
  end
end

return M
