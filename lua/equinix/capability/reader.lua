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

--- Of a capability file. A real one has about 28,000 values in 1 MiB.
---@type equinix.capability.Limits
M.LIMITS = { bytes = 1024 * 1024, nodes = 50000 }

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
  local node, problem = read(text, limits.nodes)
  if not node then
    return nil, { problem }
  end
  return node
end

return M
