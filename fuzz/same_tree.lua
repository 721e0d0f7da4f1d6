-- same_tree: whether the tree of a JSON text says what lua-cjson reads in it.
local null = require("cjson").null

local LITERALS = { ["null"] = null, ["true"] = true, ["false"] = false }

local same

local function same_map(node, value)
  local left = 0
  for _ in pairs(value) do
    left = left + 1
  end
  for _, part in ipairs(node.pairs) do
    if node.by[part.name] ~= part or not same(part, value[part.name]) then
      return false
    end
    left = left - 1
  end
  return left == 0
end

local function same_list(node, value)
  for i, item in ipairs(node.items) do
    if not same(item, value[i]) then
      return false
    end
  end
  return #node.items == #value
end

function same(node, value)
  if node.kind ~= "text" then
    return type(value) == "table"
      and (node.kind == "map" and same_map or same_list)(node, value)
  elseif not node.plain then
    return value == node.text
  elseif LITERALS[node.text] ~= nil then
    return value == LITERALS[node.text]
  end
  -- A float, as lua-cjson's are; the tree keeps all digits.
  return type(value) == "number" and tonumber(node.text) + 0.0 == value
end

return same
