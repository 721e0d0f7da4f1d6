--- value: what a text in a capability file stands for.
--
-- Law of this file: `{{x}}` alone, `tools.x`, `rest.x` and `<own namespace>.x`
-- are the caller's x; everything else is a constant. A constant is a number
-- only if it is written as a number is written back: 010, 1.10 and 12:30 stay
-- texts, and so does whatever has quotes.

local text_of = require "equinix.base.text"
local tree = require "equinix.capability.tree"

local M = {}

local PREFIXES = { tools = true, rest = true }

-- "x" of "tools.x"; nil without such a prefix.
local function behind_prefix(text, namespaces)
  local prefix, name = text:match "^%s*([A-Za-z0-9_-]+)%.([^{}%s][^{}]-)%s*$"
  if prefix and (PREFIXES[prefix] or namespaces[prefix]) then
    return name
  end
end

--- The name in a text that is nothing but {{name}}, as it stands there.
---@param text string
---@return string|nil
function M.template(text)
  return text:match "^%s*{{%s*([^{}%s][^{}]-)%s*}}%s*$"
end

--- The caller's input that a text names.
---@param text string
---@param namespaces table<string, any> of the exposed adapters
---@return string|nil
function M.input(text, namespaces)
  local inner = M.template(text)
  if inner then
    return behind_prefix(inner, namespaces) or inner
  end
  return behind_prefix(text, namespaces)
end

-- A number that is written back as it is written.
local function number(text)
  local value = text:find "^%-?%d[%d.]*$" and text_of.number(text)
  return value and text_of.of_number(value) == text and value or nil
end

local WORDS = { ["true"] = true, ["false"] = false }

--- What a scalar stands for where no type is known.
---@param node equinix.capability.Node a text
---@return string|number|boolean|nil nil: null
function M.plain(node)
  if not node.plain then
    return node.text
  elseif tree.is_null(node) then
    return nil
  elseif WORDS[node.text] ~= nil then
    return WORDS[node.text]
  end
  return number(node.text) or node.text
end

--- What a scalar stands for where one of a type is expected.
---@param node equinix.capability.Node a text
---@param kind string|nil a type of JSON Schema
---@return string|number|boolean|nil
function M.typed(node, kind)
  if kind == "string" then
    return node.text
  elseif kind == "boolean" and WORDS[node.text] ~= nil then
    return WORDS[node.text]
  elseif kind == "number" or kind == "integer" then
    return number(node.text) or node.text
  end
  return M.plain(node)
end

--- Whether a text has a template in it that is not all of it.
---@param text string
function M.has_part(text)
  return text:find "{{[^{}]*}}" ~= nil and not M.template(text)
end

--- The types of JSON Schema that an input may have.
M.TYPES = {
  string = true, number = true, integer = true, boolean = true, array = true,
  object = true,
}

return M
