--- reader: a capability file as a tree, from YAML or JSON.
--
-- Law of this file: what is wrong with the bytes is one fault with its place,
-- whatever they are, and it is found in time that grows with the file's length
-- only.

local json = require "equinix.base.json"
local json_tree = require "equinix.capability.json_tree"
local lower = require("equinix.base.text").lower
local utf8 = require "equinix.base.utf8"
local yaml = require "equinix.capability.yaml"

local M = {}

---@class equinix.capability.Limits
---@field bytes integer
---@field nodes integer values
---@field parts integer keys of one map, or members of one list

--- Of a capability file. A real one has about 28,000 values in 1 MiB, and a
--- map or a list has 500 operations at most.
---@type equinix.capability.Limits
M.LIMITS = { bytes = 1024 * 1024, nodes = 40000, parts = 1000 }

-- The place of a byte.
local function place(text, at)
  local line, from = 1, 1
  for newline in text:sub(1, at - 1):gmatch "()\n" do
    line, from = line + 1, newline + 1
  end
  return line, #text:sub(from, at - 1):gsub("[\128-\191]", "") + 1
end

local function fault(text, at, message)
  local line, column = place(text, at)
  return nil, { { line = line, column = column, message = message } }
end

-- Where the first byte is that is no text; nil: there is none.
local function bad_byte(text)
  local at = 1
  while true do
    at = text:match("^[\32-\126\n\r\t]*()", at)
    if at > #text then
      return nil
    elseif text:byte(at) < 128 then
      return at, "a control character"
    end
    local behind = utf8.after(text, at)
    if not behind then
      return at, "a byte that is not UTF-8"
    end
    at = behind
  end
end

-- How many values a tree has, and how many parts its largest map or list.
local function extent(node)
  local parts = node.pairs or node.items or {}
  local nodes, most = 1, #parts
  for _, part in ipairs(parts) do
    local below, most_below = extent(part)
    nodes, most = nodes + below, math.max(most, most_below)
  end
  return nodes, most
end

--- What is too much for a capability file with this tree: it would be
--- refused.
---@param node equinix.capability.Node
---@param text string what would be in the file
---@return string|nil
function M.excess(node, text)
  local limits = M.LIMITS
  local nodes, most = extent(node)
  if #text > limits.bytes then
    return ("%d bytes; a capability has %d at most"):format(#text,
      limits.bytes)
  elseif nodes > limits.nodes then
    return ("%d values; a capability has %d at most"):format(nodes,
      limits.nodes)
  elseif most > limits.parts then
    return ("%d values in one list; a capability has %d at most"):format(most,
      limits.parts)
  end
end

-- A name that says nothing (a pipe): what begins with { is read as JSON.
local function is_json(text, name)
  local ending = lower(name:match "%.([A-Za-z]+)$" or "")
  return ending == "json" or (ending ~= "yaml" and ending ~= "yml"
    and text:find "^%s*{" ~= nil)
end

--- Reads a file's text.
---@param text string
---@param name string the file's, for its ending: .yaml, .yml or .json
---@param limits? equinix.capability.Limits
---@return equinix.capability.Node|nil
---@return equinix.capability.Problem[]|nil
function M.read(text, name, limits)
  limits = limits or M.LIMITS
  if #text > limits.bytes then
    return nil, { { line = 1, column = 1,
      message = ("the file is larger than %d MiB"):format(limits.bytes
        / 1024 / 1024) } }
  end
  text = json.without_bom(text)
  local at, what = bad_byte(text)
  if at then
    return fault(text, at, what)
  end
  local read = (is_json(text, name) and json_tree or yaml).read
  local node, problem = read(text, limits)
  if not node then
    return nil, { problem }
  end
  return node
end

return M
