--- router: which route of a capability a path belongs to.
--
-- Law of this file: a path is compared segment by segment, as it came; what is
-- written out beats a variable, and only then the method counts. A variable
-- takes any segment, also an empty one: whether its value may be used is
-- decided later, so that the answer can say why it may not.

local before = require("equinix.base.text").before

local M = {}

local NONE = {}

---@class equinix.exposed.Entry all routes of one path
---@field methods table<string, any> what was added, by method
---@field names table<string, string[]> of the variables, by method
---@field allow string "GET, POST"

---@class equinix.exposed.Router
---@field private exact table<string, equinix.exposed.Entry> by path, of those
---  without variables
---@field private root table
local Router = {}
Router.__index = Router

local function new_node()
  return { literal = {} }
end

-- Segments of a path: "/a/{}/b" -> "a", "{}", "b".
local function segments_of(path)
  local segments = {}
  for segment in path:gmatch "/([^/]*)" do
    segments[#segments + 1] = segment
  end
  return segments
end

local function step(node, literal)
  if literal then
    node.literal[literal] = node.literal[literal] or new_node()
    return node.literal[literal]
  end
  node.variable = node.variable or new_node()
  return node.variable
end

local function allowed(methods)
  local list = {}
  for method in pairs(methods) do
    list[#list + 1] = method
  end
  table.sort(list, before)
  return table.concat(list, ", ")
end

--- Adds a route.
---@param method string
---@param path (string|{name: string})[] as a plan has it
---@param value any what `find` returns
function Router:add(method, path, value)
  local names, text = {}, {}
  for i, part in ipairs(path) do
    text[i] = type(part) == "string" and part or "\0"
    names[#names + 1] = type(part) == "table" and part.name or nil
  end
  local node = self.root
  for _, segment in ipairs(segments_of(table.concat(text))) do
    node = step(node, segment ~= "\0" and segment)
  end
  local entry = node.entry or { methods = {}, names = {} }
  entry.methods[method], entry.names[method] = value, names
  entry.allow = allowed(entry.methods)
  node.entry = entry
  if #names == 0 then
    self.exact[table.concat(text)] = entry
  end
end

-- The entry that fits the segments from the i-th on; collects what the
-- variables stand for.
local function search(node, segments, i, values)
  local segment = segments[i]
  if not segment then
    return node.entry
  end
  local next_node = node.literal[segment]
  local found = next_node and search(next_node, segments, i + 1, values)
  if found or not node.variable then
    return found
  end
  values[#values + 1] = segment
  found = search(node.variable, segments, i + 1, values)
  if not found then
    values[#values] = nil
  end
  return found
end

--- Looks a path up.
---@param path string as it came
---@return equinix.exposed.Entry|nil
---@return string[] values of the variables, in their order, as they came
function Router:find(path)
  local entry = self.exact[path]
  if entry then
    return entry, NONE
  end
  local values = {}
  return search(self.root, segments_of(path), 1, values), values
end

--- An empty one.
---@return equinix.exposed.Router
function M.new()
  return setmetatable({ exact = {}, root = new_node() }, Router)
end

return M
