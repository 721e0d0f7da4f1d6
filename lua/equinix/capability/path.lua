--- path: paths with variables, and names that mean the same.
--
-- Law of this file: the text between variables is one that every program on
-- the way reads the same: the characters of a path without an escape, no empty
-- segment, no dot segment. What gives tokens out is known here by its path, in
-- any case of letters.

local lower = require("equinix.base.text").lower

local M = {}

local MAX_PATH = 1000 -- bytes

local LITERAL = "^[A-Za-z0-9%-._~!$&'()*+,=:@/]*$"

---@class equinix.capability.Variable
---@field name string

---@alias equinix.capability.Path (string|equinix.capability.Variable)[]

-- The name in {x}, {{x}} or {{tools.x}}.
local function variable_at(text, at)
  local name, behind = text:match("^{%s*([^{}%s]+)%s*}()", at)
  if not name then
    name, behind = text:match("^{{%s*([^{}%s]+)%s*}}()", at)
  end
  if name and name:find(".", 1, true) then
    name = name:match "^tools%.(.+)$" or name:match "^rest%.(.+)$" or name
  end
  if name and name:find "^[A-Za-z0-9_.$-]+$" then
    return name, behind
  end
end

local function split(text)
  local parts, at = {}, 1
  while at <= #text do
    local open = text:find("[{}]", at)
    if open ~= at then
      parts[#parts + 1] = text:sub(at, (open or 0) - 1)
    end
    if not open then
      break
    end
    local name, behind = variable_at(text, open)
    if not name then
      return nil, "has a brace that begins no variable such as {id}"
    end
    parts[#parts + 1] = { name = name }
    at = behind
  end
  return parts
end

--- The path with a text in place of each variable.
---@param parts equinix.capability.Path
---@param stand_in string
---@return string
function M.text(parts, stand_in)
  local texts = {}
  for i = 1, #parts do
    local part = parts[i]
    texts[i] = type(part) == "string" and part or stand_in
  end
  return table.concat(texts)
end

-- What is wrong with a path; nil: nothing.
local function complaint(parts)
  for _, part in ipairs(parts) do
    if type(part) == "string" and not part:find(LITERAL) then
      return part:find("[?#]")
        and "has a query: use inputParameters with in: query"
        or "has a character that is not for paths"
    end
  end
  local sample = M.text(parts, "x")
  if sample:sub(1, 1) ~= "/" then
    return "must begin with /"
  elseif sample:find("//", 1, true) then
    return "has an empty segment (//)"
  elseif sample:find("/.", 1, true) and (sample .. "/"):find "/%.%.?/" then
    return "has a dot segment"
  end
end

--- Reads a path.
---@param text string "/ports/{id}"
---@return equinix.capability.Path|nil
---@return string|nil message what is wrong with it
function M.parse(text)
  if #text > MAX_PATH then
    return nil, ("is longer than %d bytes"):format(MAX_PATH)
  end
  local parts, message = split(text)
  message = message or complaint(parts)
  if message then
    return nil, message
  end
  return parts
end

--- The names of its variables.
---@param parts equinix.capability.Path
---@return string[]
function M.variables(parts)
  local names = {}
  for i = 1, #parts do
    local part = parts[i]
    if type(part) == "table" then
      names[#names + 1] = part.name
    end
  end
  return names
end

--- Whether a path gives tokens out.
---@param path string
---@return boolean
function M.gives_tokens(path)
  local text = lower(path) .. "/"
  return text:find "^/oauth2/" ~= nil or text:find "/oauth2/." ~= nil
    or text:find("/use/token/", 1, true) ~= nil
end

--- A name without what spellings differ in: case, - and _.
---@param name string
---@return string
function M.normal(name)
  return (lower(name):gsub("[-_]", ""))
end

--- The one of these names that is meant: this one, or the only one that
--- differs in case, - and _ alone.
---@param name string
---@param names table<string, any> the names are its keys
---@return string|nil
function M.find(name, names)
  if names[name] ~= nil then
    return name
  elseif next(names) == nil then
    return nil
  end
  local wanted, found = M.normal(name), nil
  for candidate in pairs(names) do
    if M.normal(candidate) == wanted then
      if found then
        return nil
      end
      found = candidate
    end
  end
  return found
end

return M
